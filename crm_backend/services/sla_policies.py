"""Service-level policies: reading what was typed, the one that holds, its history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from crm_backend.catalogue import say
from crm_backend.errors import Forbidden, Invalid
from crm_backend.models import Order, SlaPolicy, utc_now
from crm_backend.principal import ROLES_WITH, Principal
from crm_backend.services.sla_clocks import KINDS

PRIORITIES: tuple[str, ...] = ("urgent", "high", "medium", "low")
# By what a customer spent in a year; each tier needs at least its amount.
TIERS: tuple[str, ...] = ("standard", "valued", "top")
TIER_PERIOD = timedelta(days=365)
MAX_SECONDS = 365 * 24 * 3600
MAX_TIER_CENTS = 100_000_000
MAX_COMMENT = 500
# In what the pages count each kind.
UNIT_SECONDS = {"first_reply": 60, "next_reply": 60, "resolution": 3600}
# What the page suggests before there is a policy: minutes, minutes, hours.
SUGGESTED = {
    "urgent": (15, 15, 4),
    "high": (30, 30, 8),
    "medium": (60, 120, 24),
    "low": (240, 480, 72),
}
# Better tiers get that share of the time.
SUGGESTED_SHARES = {"standard": 1.0, "valued": 0.75, "top": 0.5}
SUGGESTED_TIER_CENTS = {"valued": 50_000, "top": 200_000}

Targets = dict[str, dict[str, dict[str, int]]]


@dataclass(frozen=True)
class Policy:
    """What was promised.

    Attributes:
        targets: seconds per priority, tier and kind of clock.
        tier_cents: what a customer of a tier spent in a year, at least.
        since: clocks that began earlier were never promised anything.
    """

    targets: Targets
    tier_cents: dict[str, int]
    id: int = 0
    since: datetime | None = None

    def targets_for(self, priority: str, tier: str) -> dict[str, int]:
        """Return the seconds per kind of clock."""
        return self.targets.get(priority, {}).get(tier, {})

    def tier_of(self, spent_cents: int) -> str:
        """Return the tier of a customer who spent so much in a year."""
        found = TIERS[0]
        for tier in TIERS[1:]:
            if spent_cents >= self.tier_cents.get(tier, MAX_TIER_CENTS + 1):
                found = tier
        return found


def suggest() -> Policy:
    """Return what a shop can begin with."""
    targets: Targets = {}
    for priority, amounts in SUGGESTED.items():
        for tier, share in SUGGESTED_SHARES.items():
            targets.setdefault(priority, {})[tier] = {
                kind: round(amount * share) * UNIT_SECONDS[kind]
                for kind, amount in zip(KINDS, amounts, strict=True)
            }
    return Policy(targets, dict(SUGGESTED_TIER_CENTS))


def read_policy(fields: Mapping[str, str], language: str) -> Policy:
    """Read a policy from the fields of a form, such as `urgent-top-first_reply`.

    Raises:
        Invalid: a target is zero or no whole number, or the tiers are not in order.
    """
    targets: Targets = {}
    for priority in PRIORITIES:
        for tier in TIERS:
            cell = targets.setdefault(priority, {}).setdefault(tier, {})
            for kind in KINDS:
                text = fields.get(f"{priority}-{tier}-{kind}", "").strip()
                if text:
                    cell[kind] = _read_target(text, UNIT_SECONDS[kind], language)
    if not any(cell for row in targets.values() for cell in row.values()):
        raise Invalid("sla_empty", say("sla_empty", language))
    tier_cents = {
        tier: _read_cents(fields.get(f"tier-{tier}", "").strip(), language)
        for tier in TIERS[1:]
    }
    if tier_cents["valued"] >= tier_cents["top"]:
        raise Invalid("sla_tiers", say("sla_tiers", language))
    return Policy(targets, tier_cents)


def _read_target(text: str, unit: int, language: str) -> int:
    is_number = text.isascii() and text.removeprefix("-").isdecimal() and len(text) < 9
    value = int(text) if is_number else None
    if value is not None and value <= 0:
        raise Invalid("sla_zero", say("sla_zero", language))
    if value is None or value * unit > MAX_SECONDS:
        raise Invalid("sla_bad_target", say("sla_bad_target", language, text=text[:20]))
    return value * unit


def _read_cents(text: str, language: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) < 8
    value = int(text) * 100 if is_number else 0
    if not 0 < value <= MAX_TIER_CENTS:
        raise Invalid("sla_bad_tier", say("sla_bad_tier", language, text=text[:20]))
    return value


async def find_policy(session: AsyncSession) -> Policy | None:
    """Return the policy that holds, if one is switched on."""
    row = await session.scalar(select(SlaPolicy).order_by(SlaPolicy.id.desc()).limit(1))
    if row is None or not row.is_on:
        return None
    last_off = (
        select(func.coalesce(func.max(SlaPolicy.id), 0))
        .where(~SlaPolicy.is_on)
        .scalar_subquery()
    )
    since = await session.scalar(
        select(func.min(SlaPolicy.changed_at)).where(SlaPolicy.id > last_off)
    )
    return Policy(row.targets, row.tier_cents, row.id, since)


async def list_versions(session: AsyncSession, limit: int) -> Sequence[SlaPolicy]:
    """Return the versions of the policy with who made them, newest first."""
    query = select(SlaPolicy).options(selectinload(SlaPolicy.staff))
    found = await session.scalars(query.order_by(SlaPolicy.id.desc()).limit(limit))
    return found.all()


async def switch_on(
    session: AsyncSession, principal: Principal, policy: Policy, comment: str = ""
) -> SlaPolicy:
    """Let a policy hold from now on; the one before stays in the history.

    The same policy again makes no new version.

    Raises:
        Forbidden: this is for managers.
    """
    last = await _last_for_manager(session, principal)
    is_same = last is not None and last.is_on and last.targets == policy.targets
    if last is not None and is_same and last.tier_cents == policy.tier_cents:
        return last
    return _add(session, principal, policy.targets, policy.tier_cents, comment, on=True)


async def switch_off(
    session: AsyncSession, principal: Principal, comment: str = ""
) -> SlaPolicy | None:
    """Let no clock run from now on; off already, nothing changes.

    Raises:
        Forbidden: this is for managers.
    """
    last = await _last_for_manager(session, principal)
    if last is None or not last.is_on:
        return last
    return _add(session, principal, last.targets, last.tier_cents, comment, on=False)


async def _last_for_manager(
    session: AsyncSession, principal: Principal
) -> SlaPolicy | None:
    if not principal.is_staff or principal.role not in ROLES_WITH["manage"]:
        raise Forbidden("forbidden", "This is for colleagues with the right role.")
    return await session.scalar(
        select(SlaPolicy).order_by(SlaPolicy.id.desc()).limit(1)
    )


def _add(
    session: AsyncSession,
    principal: Principal,
    targets: dict[str, Any],
    tier_cents: dict[str, Any],
    comment: str,
    *,
    on: bool,
) -> SlaPolicy:
    assert principal.staff_id is not None
    version = SlaPolicy(
        targets=targets,
        tier_cents=tier_cents,
        is_on=on,
        comment=comment.strip()[:MAX_COMMENT] or None,
        changed_by=principal.staff_id,
    )
    session.add(version)
    return version


async def spent_by(
    session: AsyncSession, customer_ids: Sequence[int], now: datetime | None = None
) -> dict[int, int]:
    """Return what customers spent in the last year, without cancelled orders."""
    now = now or utc_now()
    rows = await session.execute(
        select(Order.customer_id, func.sum(Order.total_cents))
        .where(
            Order.customer_id.in_(customer_ids),
            Order.status != "cancelled",
            Order.ordered_at > now - TIER_PERIOD,
            Order.ordered_at <= now,
        )
        .group_by(Order.customer_id)
    )
    return {customer_id: int(cents) for customer_id, cents in rows}
