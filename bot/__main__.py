"""Command line of the Rasa runtime.

usage: python -m bot serve
       python -m bot train [--force]

serve   answers the gateway on 127.0.0.1, with the newest trained model
train   makes a model from config.yml, domain.yml and data/, unless nothing changed;
        --force makes one anyway

environment:
  CLAIMS_KEY              the gateway's key (required to serve)
  BOT_PORT                5005
  ACTIONS_URL             http://127.0.0.1:5055
  ACTIONS_KEY             if set, it is sent to the action server
  ACTION_TIMEOUT_SECONDS  6
  TRACKER_DATABASE        var/tracker.db, or a database URL
  MODEL_DIR               models

Example:
  python -m bot train && CLAIMS_KEY=$(openssl rand -hex 32) python -m bot serve
"""

from __future__ import annotations

import os
import sys

from bot.config import Config, ConfigError, read_model_dir
from bot.launcher import LaunchError, prepare_environment, serve
from bot.training import TrainingError, train

USAGE_ERROR = 2


def main(arguments: list[str]) -> int:
    """Run one command; return the exit code."""
    if arguments in (["--help"], ["-h"]):
        print(__doc__.strip())
        return 0
    prepare_environment()
    try:
        if arguments == ["serve"]:
            serve(Config.from_env(os.environ))
        elif arguments in (["train"], ["train", "--force"]):
            train(read_model_dir(os.environ), force="--force" in arguments)
        else:
            print("Say 'serve' or 'train [--force]'; see --help.", file=sys.stderr)
            return USAGE_ERROR
    except (ConfigError, LaunchError, TrainingError) as err:
        print(err, file=sys.stderr)
        return USAGE_ERROR
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
