"""The endpoints of the CRM about groups of customers, offers and the next step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar
from urllib.parse import quote

from actions.crm_records import Json
from actions.segment_records import NextAction, Offers, Segments

T = TypeVar("T")


class _Caller(Protocol):
    """What these endpoints need of the caller that they are part of."""

    async def _read(
        self,
        path: str,
        params: Mapping[str, str | int | None],
        reads: Callable[[Json], T],
    ) -> T: ...

    async def _get(self, path: str, reads: Callable[[Json], T], number: str) -> T: ...


class SegmentCalls:
    """A part of CrmCaller."""

    async def list_segments(self: _Caller, kind: str = "rfm") -> Segments:
        """The groups of customers, by rule (rfm) or as the data falls (cluster)."""
        return await self._read(
            "/insights/segments", {"kind": kind}, Segments.from_json
        )

    async def list_offers(self: _Caller, number: str) -> Offers:
        """What to offer to a customer."""
        path = f"/customers/{quote(number, safe='')}/offers"
        return await self._get(path, Offers.from_json, number)

    async def get_next_action(self: _Caller, number: str) -> NextAction:
        """What to do next for a customer."""
        path = f"/customers/{quote(number, safe='')}/next-action"
        return await self._get(path, NextAction.from_json, number)
