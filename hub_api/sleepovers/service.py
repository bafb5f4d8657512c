"""Sleepovers: confirming them with their bed-nights, and calling them off."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api import db, reads, settings
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.audit import service as audit
from hub_api.constellations import service as constellations
from hub_api.errors import Conflict, Forbidden
from hub_api.households import service as households
from hub_api.notifications import service as notifications
from hub_api.notifications.categories import Category
from hub_api.reads import ASKING, json_list, json_object
from hub_api.sleepovers import checks, facts, policy
from hub_api.sleepovers.models import (
    BedNight,
    CancelReason,
    RespiteDecision,
    Sleepover,
    SleepoverState,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row
    from hub_api.sleepovers.beds import Plan
    from hub_api.sleepovers.checks import Check
    from hub_api.sleepovers.decisions import Decision
    from hub_api.sleepovers.facts import Facts, Stay


def examine(stay: Stay, overridden: Mapping[str, Role] = {}) -> tuple[list[Check], Facts]:
    """Every check of a stay, and the facts they were taken from. Trust them only under the hub
    home's mutex. Raises `NotFound` for a hub home that does not serve whoever asks."""
    found = facts.read(stay)
    return checks.judge(stay, found, settings.current(), overridden), found


def keep_decision(
    actor_id: UUID | None,
    constellation_id: UUID,
    request_id: UUID,
    decision: Decision,
    found: Sequence[Check],
) -> None:
    """Keep what was decided on a request or its stay, and every check as it stood; `actor_id` is
    None when time decided."""
    db.session().add(
        RespiteDecision(
            constellation_id=constellation_id,
            request_id=request_id,
            decision=decision,
            decided_by=actor_id,
            checks=[check.as_json() for check in found],
        )
    )


def latest_checks(request_id: Any) -> sa.ScalarSelect[Any]:
    """For another slice's select: the checks as they stood at the latest decision, as JSON."""
    return (
        sa.select(RespiteDecision.checks)
        .where(RespiteDecision.request_id == request_id)
        .order_by(RespiteDecision.id.desc())
        .limit(1)
        .scalar_subquery()
    )


@dataclass(frozen=True, slots=True)
class Booking:
    """What the sleepovers of one accepted request have in common."""

    constellation_id: UUID
    household_id: UUID
    hub_home_id: UUID
    request_id: UUID
    arrives_at: datetime
    departs_at: datetime


def book(booking: Booking, plan: Plan) -> None:
    """Make one confirmed sleepover per child, with its bed on each night as planned.

    The caller holds the hub home's mutex and has examined the stay under it; the keys of
    `bed_nights` stand behind it.
    """
    stays = _add_sleepovers(booking, plan)
    _add_nights(booking, plan, {stay.child_id: stay.id for stay in stays})


def hold(booking: Booking, plan: Plan) -> None:
    """Keep the beds for a request while it awaits approval: nobody else gets them meanwhile.

    As for `book()`, under the hub home's mutex.
    """
    _add_nights(booking, plan, {})


def confirm(booking: Booking, child_ids: Sequence[UUID]) -> None:
    """Make the sleepovers of the nights that were held for a request."""
    _add_sleepovers(booking, child_ids)
    db.session().execute(
        sa.update(BedNight)
        .where(
            BedNight.request_id == booking.request_id,
            BedNight.sleepover_id.is_(None),
            Sleepover.request_id == BedNight.request_id,
            Sleepover.child_id == BedNight.child_id,
        )
        .values(sleepover_id=Sleepover.id)
        .execution_options(synchronize_session=False)
    )


def release(request_id: UUID) -> None:
    """Free the nights that were held for a request and never confirmed."""
    db.session().execute(
        sa.delete(BedNight).where(
            BedNight.request_id == request_id, BedNight.sleepover_id.is_(None)
        )
    )


def _add_sleepovers(booking: Booking, child_ids: Iterable[UUID]) -> list[Sleepover]:
    stays = [Sleepover(**asdict(booking), child_id=child_id) for child_id in sorted(child_ids)]
    db.session().add_all(stays)
    db.session().flush()
    return stays


def _add_nights(booking: Booking, plan: Plan, sleepovers: Mapping[UUID, UUID]) -> None:
    # In (child, night) order, as everywhere: two bookings can then never wait for each other.
    db.session().add_all(
        BedNight(
            bed_id=bed_id,
            night=night,
            child_id=child_id,
            request_id=booking.request_id,
            sleepover_id=sleepovers.get(child_id),
            hub_home_id=booking.hub_home_id,
            constellation_id=booking.constellation_id,
        )
        for child_id, nights in sorted(plan.items())
        for night, bed_id in sorted(nights.items())
    )
    db.session().flush()


def cancel_sleepover(
    actor: Actor, sleepover_id: UUID, seen_version: int, reason: CancelReason
) -> Row:
    """Call a sleepover off and free its nights. The other side is told.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict` once it has begun or ended.
    """
    sleepover = _find(actor, sleepover_id)
    if not policy.can_cancel(actor, sleepover):
        raise Forbidden
    constellations.lock_hub_home(sleepover.hub_home_id)
    db.lock_seen(sleepover, seen_version)
    sleepover.cancel(reason)
    db.session().execute(sa.delete(BedNight).where(BedNight.sleepover_id == sleepover.id))
    db.session().flush()
    audit.record(
        "sleepover:cancel",
        actor_id=actor.account_id,
        subject_id=sleepover.id,
        constellation_id=sleepover.constellation_id,
        changed=["state", "bed_nights"],
    )
    _tell_the_other_side(actor, sleepover)
    return get_sleepover(actor, sleepover.id)


def _tell_the_other_side(actor: Actor, sleepover: Sleepover) -> None:
    carers = accounts.accounts_holding(Role.SATELLITE_CARER, household_id=sleepover.household_id)
    hub = accounts.accounts_holding(Role.HUB_CARER, constellation_id=sleepover.constellation_id)
    told = {*carers, *hub} - {actor.account_id}
    notifications.notify(told, Category.SLEEPOVER_CANCELLED, sleepover.id)


def _find(actor: Actor, sleepover_id: UUID) -> Sleepover:
    found = sa.select(Sleepover).where(Sleepover.id == sleepover_id, policy.visible_to(ASKING))
    return reads.find(actor, found)


def _sleepovers() -> reads.Select:
    """Sleepovers, each with the nights it holds and their beds."""
    night = json_object(night=BedNight.night, bed_id=BedNight.bed_id)
    bed_nights = (
        sa.select(json_list(night, BedNight.night))
        .where(BedNight.sleepover_id == Sleepover.id)
        .scalar_subquery()
    )
    return sa.select(
        Sleepover.id,
        Sleepover.version,
        Sleepover.constellation_id,
        Sleepover.household_id,
        Sleepover.hub_home_id,
        Sleepover.request_id,
        Sleepover.state,
        Sleepover.arrives_at,
        Sleepover.departs_at,
        Sleepover.confirmed_at,
        Sleepover.cancelled_at,
        Sleepover.cancel_reason,
        households.child_summary(Sleepover.child_id).label("child"),
        bed_nights.label("bed_nights"),
    ).where(policy.visible_to(ASKING))


SLEEPOVERS = reads.Read(_sleepovers, key=Sleepover.id)


def list_sleepovers(actor: Actor, page: PageArgs) -> Page:
    """The sleepovers the actor may see, newest first."""
    return SLEEPOVERS.page(actor, page)


def get_sleepover(actor: Actor, sleepover_id: UUID) -> Row:
    """One sleepover. Raises `NotFound`."""
    return SLEEPOVERS.one(actor, sleepover_id)


# --- moving what is confirmed ------------------------------------------------------------------


def children_to_come(request_id: UUID) -> list[UUID]:
    """The children whose sleepovers of a request are still ahead; they are locked.

    The caller holds the hub home's mutex. Raises `Conflict` once one of them has begun, or when
    all were called off.
    """
    stays = _lock_stays(request_id)
    for stay in stays:
        stay.refuse_once_begun()
    coming = [stay.child_id for stay in stays if stay.state == SleepoverState.CONFIRMED]
    if not coming:
        raise Conflict(
            "This sleepover has been cancelled, so its dates can't be changed. "
            "The carer can ask again.",
            code="wrong_state",
        )
    return sorted(coming)


def rebook(booking: Booking, plan: Plan) -> None:
    """Move the confirmed sleepovers of a request to other nights, all or none.

    The caller holds the mutex of every hub home concerned and has examined the new stay; the keys
    of `bed_nights` stand behind it.
    """
    stays = [s for s in _lock_stays(booking.request_id) if s.state == SleepoverState.CONFIRMED]
    moved = {stay.child_id: stay.id for stay in stays}
    db.session().execute(sa.delete(BedNight).where(BedNight.sleepover_id.in_(moved.values())))
    for stay in stays:
        stay.hub_home_id = booking.hub_home_id
        stay.arrives_at, stay.departs_at = booking.arrives_at, booking.departs_at
    db.session().flush()
    _add_nights(booking, plan, moved)


def _lock_stays(request_id: UUID) -> list[Sleepover]:
    found = (
        sa.select(Sleepover)
        .where(Sleepover.request_id == request_id)
        .order_by(Sleepover.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(db.session().scalars(found))
