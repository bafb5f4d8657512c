"""The nights of stays: taking beds, holding them for a request, and giving them back.

The caller holds the hub home's mutex and has examined the stay under it; the keys of `bed_nights`
stand behind it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import db
from hub_api.sleepovers.models import BedNight, Sleepover

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
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


def book(booking: Booking, plan: Plan) -> None:
    """Make one confirmed sleepover per child, with its bed on each night as planned."""
    stays = _add_sleepovers(booking, plan)
    _add_nights(booking, plan, {stay.child_id: stay.id for stay in stays})


def hold(booking: Booking, plan: Plan) -> None:
    """Keep the beds for a request while it awaits approval: nobody else gets them meanwhile."""
    _add_nights(booking, plan, {})


def confirm(booking: Booking, child_ids: Sequence[UUID]) -> None:
    """Make the sleepovers of the nights that were held for a request."""
    for stay in _add_sleepovers(booking, child_ids):
        db.session().execute(
            sa.update(BedNight)
            .where(BedNight.request_id == booking.request_id, BedNight.child_id == stay.child_id)
            .values(sleepover_id=stay.id)
        )


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
