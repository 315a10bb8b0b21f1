"""Starts the action server: `python -m actions`."""

from __future__ import annotations

import argparse
import logging
import os
import sys

from actions.config import Config, ConfigError

HELP = """\
Serves the assistant's actions to Rasa on 127.0.0.1, and /health.

example:
  CRM_SERVICE_TOKEN=... CRM_URL=http://127.0.0.1:8080 python -m actions

environment:
  CRM_SERVICE_TOKEN    required; the CRM's own value
  CRM_URL              where the CRM is (default http://127.0.0.1:8080)
  CRM_TIMEOUT_SECONDS  longest wait for one answer of the CRM (default 4)
  ACTIONS_PORT         port to listen on (default 5055)
  ACTIONS_KEY          if set, Rasa must send it as the header X-Actions-Key
"""


def main(arguments: list[str] | None = None) -> int:
    """Check the settings, take the port, serve; 2 if either fails."""
    parser = argparse.ArgumentParser(
        prog="python -m actions",
        description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        config = Config.from_env(os.environ)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    # Only now: these bring the web server and the Rasa SDK, which take a second.
    from actions.server import HOST, bind, serve

    try:
        listener = bind(config.actions_port)
    except OSError as error:
        print(
            f"Cannot listen on {HOST}:{config.actions_port}: {error.strerror}. "
            "Stop what uses the port or set ACTIONS_PORT.",
            file=sys.stderr,
        )
        return 2
    serve(config, listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
