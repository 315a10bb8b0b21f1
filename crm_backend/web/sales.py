"""The sales page: who is likely to buy, and the chat for colleagues."""

from aiohttp import web

from crm_backend.db import reading
from crm_backend.keys import SESSIONS
from crm_backend.web.access import require_reader
from crm_backend.web.rendering import render

N_PROSPECTS = 10


async def show_sales(request: web.Request) -> web.Response:
    """Show the prospects, what is known about the predictor, and the chat."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
    return render(
        "sales.html",
        request,
        staff=staff,
        predictor=None,
        prospects=[],
        quality=None,
    )
