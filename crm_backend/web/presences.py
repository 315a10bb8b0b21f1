"""The heartbeat of the console's pages: who is there to answer."""

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from crm_backend.authentication import refuse_other_sites
from crm_backend.keys import SESSIONS
from crm_backend.services import assignments, presences
from crm_backend.services.presences import MAX_CAPACITY, Status
from crm_backend.web.access import require_reader


class Beat(BaseModel):
    """What a page says of its reader."""

    status: Status = "online"
    capacity: int | None = Field(None, ge=0, le=MAX_CAPACITY)


async def submit_presence(request: web.Request) -> web.Response:
    """Note that a colleague is there, and give them customers who wait."""
    refuse_other_sites(request)
    form = await request.post()
    try:
        beat = Beat.model_validate({k: v for k, v in form.items() if v != ""})
    except ValidationError as err:
        raise web.HTTPBadRequest from err
    async with request.app[SESSIONS].begin() as session:
        staff = await require_reader(request, session, "service", back="/console")
        presence = await presences.note_beat(
            session, staff, status=beat.status, capacity=beat.capacity
        )
        answer = {
            "status": presence.status,
            "capacity": presence.capacity,
            "lease_seconds": int(presences.LEASE.total_seconds()),
            "again_in_seconds": presences.BEAT_EVERY_SECONDS,
        }
    # A transaction of its own: locks are taken in one order, presence last.
    async with request.app[SESSIONS].begin() as session:
        await assignments.reclaim(session)
        await assignments.distribute(session)
    return web.json_response(answer)
