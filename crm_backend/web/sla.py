"""The page of service levels: what is promised, what was, and what would have been."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from crm_backend.authentication import page_language, refuse_other_sites
from crm_backend.db import reading
from crm_backend.errors import Invalid
from crm_backend.keys import CONFIG, SESSIONS
from crm_backend.models import SlaPolicy, Staff
from crm_backend.services import sla_policies
from crm_backend.services.business_hours import BusinessHours
from crm_backend.services.sla_clocks import KINDS
from crm_backend.services.sla_policies import PRIORITIES, TIERS, UNIT_SECONDS, Policy
from crm_backend.services.sla_simulation import Kept, Simulation, simulate
from crm_backend.web.access import get_principal, require_reader
from crm_backend.web.rendering import render

PATH = "/console/sla"
N_VERSIONS = 20


@dataclass(frozen=True)
class Comparison:
    """A row of what would have been kept, beside what the present policy would have."""

    priority: str
    kind: str
    new: Kept | None
    present: Kept | None


@dataclass(frozen=True)
class Version:
    """A version of the policy and what it changed."""

    row: SlaPolicy
    changes: list[dict[str, Any]]


async def show_policy(request: web.Request) -> web.Response:
    """Show the policy that holds, and its history."""
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "manage")
        policy = await sla_policies.find_policy(session)
        shown = policy or await _latest(session) or sla_policies.suggest()
        return await _page(request, session, staff, fields=_fields(shown))


async def submit_policy(request: web.Request) -> web.Response:
    """Try a policy on last month, switch it on, or switch all off."""
    refuse_other_sites(request)
    form = await request.post()
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    act = fields.get("act")
    try:
        if act == "try":
            return await _try(request, fields)
        async with request.app[SESSIONS].begin() as session:
            await require_reader(request, session, "manage", back=PATH)
            principal = await get_principal(request, session)
            comment = fields.get("comment", "")
            if act == "off":
                await sla_policies.switch_off(session, principal, comment)
            else:
                policy = sla_policies.read_policy(fields, page_language(request))
                await sla_policies.switch_on(session, principal, policy, comment)
    except Invalid as err:
        async with reading(request.app[SESSIONS]) as session:
            staff = await require_reader(request, session, "manage", back=PATH)
            return await _page(
                request, session, staff, fields=fields, problem=err.message, status=400
            )
    notice = "off" if act == "off" else "on"
    return web.Response(status=303, headers={"Location": f"{PATH}?notice={notice}"})


async def _try(request: web.Request, fields: Mapping[str, str]) -> web.Response:
    policy = sla_policies.read_policy(fields, page_language(request))
    hours = BusinessHours.of(request.app[CONFIG])
    async with reading(request.app[SESSIONS]) as session:
        staff = await require_reader(request, session, "manage", back=PATH)
        present = await sla_policies.find_policy(session)
        new = await simulate(session, policy, hours)
        old = await simulate(session, present, hours) if present else None
        return await _page(
            request,
            session,
            staff,
            fields=fields,
            simulation=new,
            comparisons=_compare(new, old),
        )


async def _page(
    request: web.Request,
    session: AsyncSession,
    staff: Staff,
    *,
    fields: Mapping[str, str],
    problem: str | None = None,
    simulation: Simulation | None = None,
    comparisons: list[Comparison] | None = None,
    status: int = 200,
) -> web.Response:
    config = request.app[CONFIG]
    notice = request.query.get("notice")
    return render(
        "sla.html",
        request,
        status=status,
        staff=staff,
        fields=fields,
        problem=problem,
        simulation=simulation,
        comparisons=comparisons or [],
        policy=await sla_policies.find_policy(session),
        versions=_with_changes(
            list(await sla_policies.list_versions(session, N_VERSIONS + 1))
        ),
        priorities=PRIORITIES,
        tiers=TIERS,
        kinds=KINDS,
        zone=config.shop_time_zone.key,
        country=config.holiday_country,
        notice=notice if notice in ("on", "off") else None,
    )


async def _latest(session: AsyncSession) -> Policy | None:
    """Return the policy that was switched off last."""
    versions = await sla_policies.list_versions(session, 1)
    return Policy(versions[0].targets, versions[0].tier_cents) if versions else None


def _fields(policy: Policy) -> dict[str, str]:
    fields = {
        f"{priority}-{tier}-{kind}": str(seconds // UNIT_SECONDS[kind])
        for priority in PRIORITIES
        for tier in TIERS
        for kind, seconds in policy.targets_for(priority, tier).items()
    }
    amounts = policy.tier_cents.items()
    return fields | {f"tier-{tier}": str(cents // 100) for tier, cents in amounts}


def _compare(new: Simulation, old: Simulation | None) -> list[Comparison]:
    present = {(k.priority, k.kind): k for k in (old.kept if old else [])}
    fresh = {(k.priority, k.kind): k for k in new.kept}
    return [
        Comparison(
            priority, kind, fresh.get((priority, kind)), present.get((priority, kind))
        )
        for priority in PRIORITIES
        for kind in KINDS
        if (priority, kind) in fresh or (priority, kind) in present
    ]


def _with_changes(rows: list[SlaPolicy]) -> list[Version]:
    """Say what each version changed of the one before it; the oldest one, nothing."""
    before = [*rows[1:], None]
    versions = [
        Version(row, _changes(old, row) if old is not None else [])
        for row, old in zip(rows, before, strict=False)
    ]
    return versions[:N_VERSIONS]


def _changes(old: SlaPolicy, new: SlaPolicy) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for priority in PRIORITIES:
        for tier in TIERS:
            was = old.targets.get(priority, {}).get(tier, {})
            now = new.targets.get(priority, {}).get(tier, {})
            found += [
                {
                    "priority": priority,
                    "tier": tier,
                    "kind": kind,
                    "before": _amount(was.get(kind), kind),
                    "after": _amount(now.get(kind), kind),
                }
                for kind in KINDS
                if was.get(kind) != now.get(kind)
            ]
    return found


def _amount(seconds: int | None, kind: str) -> str:
    return str(seconds // UNIT_SECONDS[kind]) if seconds else "–"
