"""Hashes of files, so that a changed file is noticed and an unchanged one is not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def fingerprint_files(paths: Iterable[Path], salt: str = "") -> str:
    """Hash the names and contents of files, whatever order they are given in.

    Args:
        paths: the files; each must exist.
        salt: anything else that should change the fingerprint, such as a version.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(salt.encode())
    for path in sorted(paths):
        content = path.read_bytes()
        digest.update(f"\0{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
