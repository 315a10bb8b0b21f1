"""Imported tickets are found, also after another import changed their words."""

import asyncio
from typing import Any

from crm_backend.db import make_engine, make_sessions
from crm_backend.principal import Principal
from crm_backend.services.search import Filters, search
from crm_backend.upkeep import catch_up_search

MANAGER = Principal(subject="staff:m@x", level="staff", role="manager", staff_id=1)


def find(database_url: str, query: str) -> int:
    async def look() -> int:
        engine = make_engine(database_url)
        try:
            sessions = make_sessions(engine)
            await catch_up_search(sessions)
            async with sessions() as session:
                found = await search(session, MANAGER, query, Filters(kind="ticket"))
                return found.n_found
        finally:
            await engine.dispose()

    return asyncio.run(look())


def test_imported_tickets_are_found(
    importer_with_shop: Any, shop_files: dict[str, str], database_url: str
) -> None:
    assert find(database_url, "broken cup") == 1
    tickets = shop_files["tickets"].replace("Broken cup", "Cracked lid")
    importer_with_shop.run(
        tickets=tickets + "T-2,,,New,Lid,other,open,low,2024-03-06\n"
    )
    assert find(database_url, "cracked lid") == 1
    assert find(database_url, "lid") == 2
    assert find(database_url, "cup") == 0
