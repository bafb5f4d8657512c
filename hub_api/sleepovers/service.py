"""Sleepovers: confirming them with their bed-nights, and calling them off."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import db, reads
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.audit import service as audit
from hub_api.constellations import service as constellations
from hub_api.errors import Forbidden
from hub_api.households import service as households
from hub_api.notifications import service as notifications
from hub_api.notifications.categories import Category
from hub_api.reads import ASKING, json_list, json_object
from hub_api.sleepovers import beds, policy
from hub_api.sleepovers.models import BedNight, CancelReason, Sleepover

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row
    from hub_api.sleepovers.beds import FreeBeds


def free_beds(hub_home_id: UUID, nights: Sequence[date]) -> FreeBeds:
    """The free beds of a hub home, night by night. Trust it only under the hub's mutex."""
    taken = db.session().execute(
        sa.select(BedNight.bed_id, BedNight.night).where(
            BedNight.hub_home_id == hub_home_id, BedNight.night.in_(nights)
        )
    )
    return beds.free_beds(
        constellations.beds_of(hub_home_id), nights, {(row.bed_id, row.night) for row in taken}
    )


def nights_away(child_ids: Sequence[UUID], nights: Sequence[date]) -> dict[UUID, list[date]]:
    """On which of these nights each child already sleeps away; without any, left out."""
    rows = db.session().execute(
        sa.select(BedNight.child_id, BedNight.night)
        .where(BedNight.child_id.in_(child_ids), BedNight.night.in_(nights))
        .order_by(BedNight.night)
    )
    away: dict[UUID, list[date]] = {}
    for child_id, night in rows:
        away.setdefault(child_id, []).append(night)
    return away


@dataclass(frozen=True, slots=True)
class Booking:
    """What the sleepovers of one accepted request have in common."""

    constellation_id: UUID
    household_id: UUID
    hub_home_id: UUID
    request_id: UUID
    arrives_at: datetime
    departs_at: datetime


def book(booking: Booking, free: FreeBeds, child_ids: Sequence[UUID]) -> None:
    """Make one confirmed sleepover per child, with a bed of its own on each night of `free`.

    The caller holds the hub home's mutex and has checked that there are beds enough; the keys of
    `bed_nights` stand behind it.
    """
    plan = beds.allocate(free, child_ids)
    stays = [Sleepover(**asdict(booking), child_id=child_id) for child_id in sorted(plan)]
    db.session().add_all(stays)
    db.session().flush()
    # In (child, night) order, as everywhere: two bookings can then never wait for each other.
    db.session().add_all(
        BedNight(
            bed_id=bed_id,
            night=night,
            child_id=stay.child_id,
            sleepover_id=stay.id,
            hub_home_id=booking.hub_home_id,
            constellation_id=booking.constellation_id,
        )
        for stay in stays
        for night, bed_id in sorted(plan[stay.child_id].items())
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
