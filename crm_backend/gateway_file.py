"""Telling whether another gateway lives that uses the same SQLite database.

The kernel gives locks back when a process dies, so that a lock knows at once what the
gateways' table knows seconds later: that a predecessor is dead.
"""

import fcntl
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url

from crm_backend.models import utc_now


class GatewayFile:
    """A file beside the database on which each of its gateways holds a shared lock."""

    def __init__(self, database_url: str) -> None:
        url = make_url(database_url)
        is_file = url.get_backend_name() == "sqlite" and url.database not in (
            None,
            "",
            ":memory:",
        )
        self._path = Path(f"{url.database}.gateways") if is_file else None
        self._descriptor: int | None = None

    def join(self) -> datetime | None:
        """Hold the lock from now on.

        Returns:
            a time at which no other gateway lived; None if one does, or nobody knows.
        """
        if self._path is None:
            return None
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        alone_at = None
        # Another one holds it, or the file system knows no locks.
        with suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone_at = utc_now()
        with suppress(OSError):
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)
        return alone_at

    def leave(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
