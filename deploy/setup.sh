#!/usr/bin/env bash
# Installs both environments from their lock files; does nothing where they are current.
# Usage: deploy/setup.sh        (called by every make target that needs it)
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
# Both environments, the download cache and the demo shop, with some room to work.
NEEDED_MB=5700

fail() {
    echo "deskmate: $1" >&2
    exit 1
}

stamp_of() { cat "$1"/requirements.lock deploy/setup.sh | sha256sum | cut -d' ' -f1; }

is_current() { [ "$(cat "$1/.venv/deskmate-stamp" 2>/dev/null)" = "$(stamp_of "$1")" ]; }

if is_current . && is_current bot; then
    exit 0
fi

free_mb=$(df --output=avail -BM . | tail -n 1 | tr -dc 0-9)
[ "$free_mb" -ge "$NEEDED_MB" ] ||
    fail "the disk has $free_mb MB free and the installation needs $NEEDED_MB MB; make room and run this again."

uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    uv=.tools/bin/uv
    if [ ! -x "$uv" ]; then
        command -v python3 >/dev/null ||
            fail "no python3 was found; install Python 3.11 (on Debian: apt install python3 python3-venv) and run this again."
        echo "Installing uv $UV_VERSION ..."
        rm -rf .tools
        { python3 -m venv .tools && .tools/bin/python -m pip install -q "uv==$UV_VERSION"; } ||
            { rm -rf .tools; fail "uv could not be installed; install it yourself, or python3-venv (apt install python3-venv), and run this again."; }
    fi
    uv=$PWD/$uv
fi

sync() { # folder, what it is
    is_current "$1" && return
    echo "Installing $2 ..."
    rm -f "$1/.venv/deskmate-stamp"
    [ -x "$1/.venv/bin/python" ] || "$uv" venv -q --clear --python 3.11 "$1/.venv" ||
        fail "Python 3.11 was not found and could not be fetched; install it (apt install python3.11) and run this again."
    VIRTUAL_ENV="$PWD/$1/.venv" "$uv" pip sync --compile-bytecode --require-hashes "$1/requirements.lock" ||
        fail "installing $2 failed (see above); what was installed before is kept, so run this again."
    stamp_of "$1" >"$1/.venv/deskmate-stamp"
}

sync . "the application (about 1.9 GB)"
sync bot "the Rasa runtime (about 2 GB)"
