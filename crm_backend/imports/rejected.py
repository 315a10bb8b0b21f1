"""The file of rows that were left out, each with its line number and reason."""

import csv
from pathlib import Path
from types import TracebackType

from crm_backend.imports.cleaning import Rejection

HEADINGS = ("table", "file", "line", "reason", "column", "message", "original")


class RejectedFile:
    """Written beside its place, and put there only when the import succeeds."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_name(f"{path.name}.part")
        self.n_rows = 0

    def __enter__(self) -> "RejectedFile":
        self._file = self._part.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(HEADINGS)
        return self

    def add(self, table: str, file: str, rejections: list[Rejection]) -> None:
        """Write down rows that were left out."""
        self._writer.writerows(
            (table, file, r.line, r.reason, r.column, r.message, r.original)
            for r in rejections
        )
        self.n_rows += len(rejections)

    def finish(self) -> None:
        """Put the file in its place."""
        self._file.close()
        self._part.replace(self.path)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _err: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)
