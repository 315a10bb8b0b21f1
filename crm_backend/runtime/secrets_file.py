"""The secrets of one installation, made once and kept outside of the repository."""

import os
import secrets
from collections.abc import MutableMapping
from pathlib import Path

NAMES = ("CLAIMS_KEY", "CRM_SERVICE_TOKEN", "ACTIONS_KEY", "DEMO_STAFF_PASSWORD")


def secrets_path(var_dir: Path) -> Path:
    """Return where the secrets are kept."""
    return var_dir / "secrets.env"


def ensure_secrets(var_dir: Path) -> dict[str, str]:
    """Read the secrets, adding those that are missing.

    Returns:
        the secrets by the name of their environment variable.
    """
    path = secrets_path(var_dir)
    found: dict[str, str] = {}
    if path.exists():
        lines = path.read_text("utf-8").splitlines()
        found = dict(line.split("=", 1) for line in lines if "=" in line)
    missing = [name for name in NAMES if name not in found]
    if missing:
        # The password is typed by people, the others are only ever copied.
        for name in missing:
            n_bytes = 9 if name == "DEMO_STAFF_PASSWORD" else 32
            found[name] = secrets.token_urlsafe(n_bytes)
        var_dir.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in found.items())
        temporary.replace(path)
    return found


def apply_secrets(var_dir: Path, env: MutableMapping[str, str]) -> None:
    """Put the secrets into the environment; what is set there already wins."""
    for name, value in ensure_secrets(var_dir).items():
        env.setdefault(name, value)
