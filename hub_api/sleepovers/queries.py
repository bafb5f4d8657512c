"""Reading sleepovers: column selects shaped like their schema, and one to act on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api import nights, reads
from hub_api.access import OVERSEEING, Permission
from hub_api.households import service as households
from hub_api.reads import ASKING, PageArgs, json_list, json_object, parameter
from hub_api.sleepovers import policy
from hub_api.sleepovers.models import BedNight, Sleepover, SleepoverState
from hub_api.synced import Synced

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, Row


# --- by nights ---------------------------------------------------------------------------------

_LONGEST_AGREED = nights.LONGEST_STAY + timedelta(days=1)
"""No stay is longer from arrival to departure, by the clock on the wall: so the arrivals of those
that hold some nights are one range of an index, whatever there was before."""


def by_nights(arrives_at: Any, departs_at: Any) -> dict[str, sa.ColumnElement[bool]]:
    """The filters of a `reads.Read` for stays that hold some nights: give it `night_instants()`."""
    after = parameter("departs_after", sa.DateTime(timezone=True))
    earliest = parameter("arrives_from", sa.DateTime(timezone=True))
    before = parameter("arrives_before", sa.DateTime(timezone=True))
    return {
        "departs_after": sa.and_(departs_at > after, arrives_at > earliest),
        "arrives_before": arrives_at < before,
    }


def night_instants(first_night: date | None, until: date | None) -> dict[str, datetime | None]:
    """What a stay must overlap to hold a night from `first_night` up to, not including, `until`.

    A night is held by a stay that overlaps it (`clock.nights`), and the nights of a stay are one
    after another: so its last one is not before the first when it departs after that one starts.
    """
    after = nights.starts_at(first_night) if first_night else None
    return {
        "departs_after": after,
        "arrives_from": after - _LONGEST_AGREED if after else None,
        # The last night asked for ends on the morning of this day.
        "arrives_before": nights.ends_at(until - timedelta(days=1)) if until else None,
    }


stays = Sleepover.__table__
"""For the selects of the slices above, which say who sees what hangs on a stay."""

# --- reads -------------------------------------------------------------------------------------


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
        Sleepover.hosting_constellation_id,
        Sleepover.household_id,
        Sleepover.hub_home_id,
        Sleepover.request_id,
        Sleepover.state,
        Sleepover.arrives_at,
        Sleepover.departs_at,
        Sleepover.confirmed_at,
        Sleepover.arrived_at,
        Sleepover.returned_at,
        Sleepover.early_end_reason,
        Sleepover.closed_at,
        Sleepover.cancelled_at,
        Sleepover.cancel_reason,
        households.child_summary(Sleepover.child_id).label("child"),
        bed_nights.label("bed_nights"),
    ).where(policy.visible_to(ASKING))


SLEEPOVERS = reads.Read(
    _sleepovers,
    key=Sleepover.id,
    found_by=reads.FoundBy(
        [
            (Sleepover.household_id, ASKING.households(), ASKING.holds(Sleepover.constellation_id)),
            (Sleepover.constellation_id, ASKING.constellations(*OVERSEEING), sa.true()),
            (Sleepover.hosting_constellation_id, ASKING.constellations(*OVERSEEING), sa.true()),
        ],
    ),
    state=Sleepover.state == parameter("state", sa.Text()),
    **by_nights(Sleepover.arrives_at, Sleepover.departs_at),
)


def _of_older_children() -> reads.Select:
    return _sleepovers().where(Sleepover.child_id.in_(households.had_a_birthday()))


SYNCED = (
    Synced(
        "sleepovers",
        Permission.SLEEPOVER_READ,
        SLEEPOVERS,
        passing=reads.Read(_of_older_children, key=Sleepover.id),
        passes_daily=True,
    ),
)


class Query(PageArgs):
    """A page of what is looked for: `schemas.SleepoversIn`."""

    state: SleepoverState | None
    first_night: date | None
    until: date | None


def list_sleepovers(actor: Actor, query: Query) -> Page:
    """The sleepovers the actor may see, newest first."""
    nights = night_instants(query["first_night"], query["until"])
    return SLEEPOVERS.page(actor, query, state=query["state"], **nights)


def get_sleepover(actor: Actor, sleepover_id: UUID) -> Row:
    """One sleepover. Raises `NotFound`."""
    return SLEEPOVERS.one(actor, sleepover_id)


def find(actor: Actor, sleepover_id: UUID) -> Sleepover:
    """One sleepover to act on. Raises `NotFound`."""
    found = sa.select(Sleepover).where(Sleepover.id == sleepover_id, policy.visible_to(ASKING))
    return reads.find(actor, found)
