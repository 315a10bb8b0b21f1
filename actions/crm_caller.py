"""What the parts of CrmCaller need of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from actions.crm_records import Json

T = TypeVar("T")


class Caller(Protocol):
    """Whoever can ask the CRM."""

    async def _read(
        self,
        path: str,
        params: Mapping[str, str | int | None],
        reads: Callable[[Json], T],
    ) -> T: ...

    async def _get(self, path: str, reads: Callable[[Json], T], number: str) -> T: ...

    async def _get_items(
        self,
        path: str,
        reads: Callable[[Json], T],
        params: Mapping[str, str | int] | None = None,
        number: str = "",
    ) -> list[T]: ...

    async def _post(
        self, path: str, body: Json, reads: Callable[[Json], T], number: str
    ) -> T: ...
