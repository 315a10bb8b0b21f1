"""The folder of the attachments: files under random ids, readable by us alone."""

import hashlib
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = "attachments"
INCOMING = "incoming"
# An upload that is older than this is no longer on its way.
STALE_SECONDS = 3600.0


class StagedFile:
    """A file on its way in; it disappears again unless it is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / INCOMING / uuid.uuid4().hex
        self.name = ""
        self.media_type = ""
        self.n_bytes = 0
        self._sha256 = hashlib.sha256()
        self._is_kept = False

    @property
    def sha256(self) -> str:
        """The hash of what was written so far."""
        return self._sha256.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Add to the file."""
        with open(self.path, "ab", opener=_open_private) as file:
            file.write(chunk)
        self.n_bytes += len(chunk)
        self._sha256.update(chunk)

    def keep(self, attachment_id: str) -> None:
        """Move the file to where the attachment of this id is looked for."""
        target = self._folder / attachment_id
        os.replace(self.path, target)
        self.path = target
        self._is_kept = True

    def close(self, *, is_failed: bool) -> None:
        """Remove the file if it was not kept, or if its row will not be."""
        if is_failed or not self._is_kept:
            self.path.unlink(missing_ok=True)


@contextmanager
def staging(var_dir: Path) -> Iterator[StagedFile]:
    """Give a file to write an upload into."""
    folder = var_dir / FOLDER
    for path in (folder, folder / INCOMING):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    staged = StagedFile(folder)
    is_failed = True
    try:
        yield staged
        is_failed = False
    finally:
        staged.close(is_failed=is_failed)


def find_file(var_dir: Path, attachment_id: str) -> Path | None:
    """Return where an attachment's content is, if it is still there."""
    path = var_dir / FOLDER / attachment_id
    return path if path.is_file() else None


def list_stale(var_dir: Path) -> list[Path]:
    """Return the files, kept or on their way, that were not touched of late."""
    folder = var_dir / FOLDER
    before = time.time() - STALE_SECONDS
    return [
        path
        for place in (folder, folder / INCOMING)
        if place.is_dir()
        for path in place.iterdir()
        if path.is_file() and path.stat().st_mtime < before
    ]


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
