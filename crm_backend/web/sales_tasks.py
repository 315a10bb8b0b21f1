"""The page of what is to do."""

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import refuse_other_sites
from crm_backend.db import reading
from crm_backend.errors import AppError
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import Staff, utc_now
from crm_backend.schemas.opportunities import NewTask, TaskChange
from crm_backend.services import sales_tasks as service
from crm_backend.services.opportunities import manages
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.rendering import render
from crm_backend.web.sales_forms import go_back, read_form

PAGE = "/sales/tasks"
N_DONE = 10


async def show_tasks(request: web.Request) -> web.Response:
    """Show what is to do, and what was done last."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "sales")
        return await _tasks_page(request, session, staff)


async def _tasks_page(
    request: web.Request, session: AsyncSession, staff: Staff, *, problem: bool = False
) -> web.Response:
    principal = await get_principal(request, session)
    return render(
        "sales_tasks.html",
        request,
        staff=staff,
        status=400 if problem else 200,
        tasks=await service.list_tasks(session, principal),
        done=await service.list_tasks(session, principal, is_done=True, limit=N_DONE),
        today=utc_now().astimezone(request.app[CONFIG].shop_time_zone).date(),
        shows_owner=manages(principal),
        problem=problem,
    )


async def submit_new(request: web.Request) -> web.Response:
    """Add a task."""
    refuse_other_sites(request)
    form = await request.post()
    try:
        async with request.app[SESSIONS].begin() as session:
            await require_reader(request, session, "sales", back=PAGE)
            principal = await get_principal(request, session)
            entry = read_form(NewTask, form)
            await service.add_task(session, principal, entry.model_dump())
    except AppError as err:
        if err.status not in (400, 404):
            raise
        async with reading(request.app[SESSIONS]) as session:
            staff = await require_reader(request, session, "sales", back=PAGE)
            return await _tasks_page(request, session, staff, problem=True)
    return go_back(form, PAGE)


async def submit_change(request: web.Request) -> web.Response:
    """Say that a task is done, or that it is not."""
    refuse_other_sites(request)
    form = await request.post()
    async with request.app[SESSIONS].begin() as session:
        await require_reader(request, session, "sales", back=PAGE)
        principal = await get_principal(request, session)
        entry = read_form(TaskChange, form).model_dump(exclude_unset=True)
        await service.change_task(
            session, principal, request.match_info["number"], entry
        )
    return go_back(form, PAGE)
