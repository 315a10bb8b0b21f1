"""Time the first and the second `make run` of a fresh clone.

Usage:
    python benchmarks/start_time.py                 # clones this checkout's HEAD
    JSON=out.json python benchmarks/start_time.py

A start is over when the line "Deskmate is running" is printed, which is after all three
health checks answered. Free ports are used, so a running Deskmate is not disturbed.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY = "Deskmate is running"
TIMEOUT_SECONDS = 1200


def free_ports(n_ports: int) -> list[int]:
    """Return ports that nobody listens on."""
    probes = [socket.socket() for _ in range(n_ports)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def time_start(clone: Path, env: dict[str, str]) -> tuple[float, float]:
    """Run `make run` until it is ready, then stop it.

    Returns:
        seconds until ready, seconds until stopped after Ctrl+C.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        ["make", "run"],
        cwd=clone,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    ready = 0.0
    for line in process.stdout:
        print("   ", line.rstrip())
        if READY in line:
            ready = time.monotonic() - started
            break
        if time.monotonic() - started > TIMEOUT_SECONDS:
            break
    if not ready:
        process.kill()
        raise SystemExit("Deskmate did not start; the lines above say why.")
    stopped = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()
    return ready, time.monotonic() - stopped


def main() -> None:
    """Print both times as a table."""
    description, _, epilog = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "deskmate"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        names = ("CRM_PORT", "BOT_PORT", "ACTIONS_PORT")
        ports = {
            name: str(port) for name, port in zip(names, free_ports(3), strict=True)
        }
        env = {**os.environ, **ports, "PYTHONUNBUFFERED": "1"}
        figures = {}
        for name in ("first", "second"):
            print(f"{name} start")
            ready, stop = time_start(clone, env)
            figures[f"{name}_start_s"] = round(ready, 1)
            figures[f"{name}_stop_s"] = round(stop, 1)
    print()
    for name, value in figures.items():
        print(f"{name:<16} {value:>8}")
    if path := os.environ.get("JSON"):
        Path(path).write_text(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
