"""The nights of stays: taking beds, holding them for a request, and giving them back.

The caller holds the hub home's mutex and has examined the stay under it; the keys of `bed_nights`
stand behind it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import db
from hub_api.errors import Conflict
from hub_api.sleepovers import doubts
from hub_api.sleepovers.models import BedNight, Sleepover, SleepoverState
from hub_api.sleepovers.sharing import SharedAccess
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.sleepovers.beds import Plan


@dataclass(frozen=True, slots=True)
class Booking:
    """What the sleepovers of one accepted request have in common."""

    constellation_id: UUID
    household_id: UUID
    hub_home_id: UUID
    request_id: UUID
    arrives_at: datetime
    departs_at: datetime
    hosting_constellation_id: UUID | None = None


SHARED_AFTER = timedelta(days=7)
"""How long after a stay elsewhere its child stays in the sight of those who had it."""


def book(booking: Booking, plan: Plan) -> None:
    """Make one confirmed sleepover per child, with its bed on each night as planned."""
    stays = _add_sleepovers(booking, plan)
    _add_nights(booking, plan, {stay.child_id: stay.id for stay in stays})
    if booking.hosting_constellation_id is not None:
        db.session().add_all(
            SharedAccess(
                sleepover_id=stay.id,
                child_id=stay.child_id,
                constellation_id=booking.hosting_constellation_id,
                starts_at=stay.confirmed_at,
                ends_at=stay.departs_at + SHARED_AFTER,
            )
            for stay in stays
        )
        db.session().flush()


def hold(booking: Booking, plan: Plan) -> None:
    """Keep the beds for a request while it awaits approval: nobody else gets them meanwhile."""
    _add_nights(booking, plan, {})


def release(request_id: UUID) -> None:
    """Free the nights that were held for a request and never confirmed."""
    db.session().execute(
        sa.delete(BedNight).where(
            BedNight.request_id == request_id, BedNight.sleepover_id.is_(None)
        )
    )


def add_nights(sleepover: Sleepover, nights: Mapping[date, UUID]) -> None:
    """Give a sleepover these nights more, each in its bed."""
    booking = Booking(
        constellation_id=sleepover.constellation_id,
        household_id=sleepover.household_id,
        hub_home_id=sleepover.hub_home_id,
        request_id=sleepover.request_id,
        arrives_at=sleepover.arrives_at,
        departs_at=sleepover.departs_at,
    )
    plan = {sleepover.child_id: {**nights}}
    _add_nights(booking, plan, {sleepover.child_id: sleepover.id})


def nights_of(sleepover: Sleepover) -> dict[date, UUID]:
    """The nights a sleepover holds, in order, each with its bed."""
    rows = db.session().execute(
        sa.select(BedNight.night, BedNight.bed_id)
        .where(BedNight.sleepover_id == sleepover.id)
        .order_by(BedNight.night)
    )
    return {row.night: row.bed_id for row in rows}


def free_nights(sleepover: Sleepover, nights: Collection[date]) -> None:
    """Give these nights of a sleepover back."""
    if nights:
        db.session().execute(
            sa.delete(BedNight).where(
                BedNight.sleepover_id == sleepover.id, BedNight.night.in_(sorted(nights))
            )
        )


def free_all(sleepover: Sleepover) -> None:
    """Give every night of a sleepover back."""
    db.session().execute(sa.delete(BedNight).where(BedNight.sleepover_id == sleepover.id))


def children_to_come(request_id: UUID) -> list[UUID]:
    """The children whose sleepovers of a request are still ahead; they are locked.

    Raises `Conflict` once one of them has begun, or when all were called off.
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


def is_extended(booking: Booking) -> bool:
    """Whether one of the children of a booking, still to come, is to stay longer than it says."""
    longer = sa.select(Sleepover.id).where(
        Sleepover.request_id == booking.request_id,
        Sleepover.state == SleepoverState.CONFIRMED,
        Sleepover.departs_at > booking.departs_at,
    )
    return db.session().scalar(longer.limit(1)) is not None


def rebook(booking: Booking, plan: Plan) -> None:
    """Move the confirmed sleepovers of a request to other nights, all or none.

    The caller holds the mutex of every hub home concerned.
    """
    stays = [s for s in _lock_stays(booking.request_id) if s.state == SleepoverState.CONFIRMED]
    before = {stay.hub_home_id for stay in stays}
    moved = {stay.child_id: stay.id for stay in stays}
    db.session().execute(sa.delete(BedNight).where(BedNight.sleepover_id.in_(moved.values())))
    for stay in stays:
        stay.hub_home_id = booking.hub_home_id
        stay.arrives_at, stay.departs_at = booking.arrives_at, booking.departs_at
    db.session().flush()
    _add_nights(booking, plan, moved)
    # Every check was made anew for these nights, and beds given by it.
    tasks.settle(TaskKind.SLEEPOVER_IN_DOUBT, *moved.values())
    tasks.settle(TaskKind.CONSENT_MISSING, *moved.values())
    for hub_home_id in sorted(before):
        doubts.forget_outlived(hub_home_id)


def _lock_stays(request_id: UUID) -> list[Sleepover]:
    found = (
        sa.select(Sleepover)
        .where(Sleepover.request_id == request_id)
        .order_by(Sleepover.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(db.session().scalars(found))


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
