"""Reading sleepovers: column selects shaped like their schema, and one to act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import reads
from hub_api.access import OVERSEEING
from hub_api.households import service as households
from hub_api.reads import ASKING, PageArgs, json_list, json_object, parameter
from hub_api.sleepovers import policy
from hub_api.sleepovers.models import BedNight, Sleepover, SleepoverState

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, Row


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
        lambda: policy.visible_to(ASKING),
        [
            (Sleepover.household_id, ASKING.households()),
            (Sleepover.constellation_id, ASKING.constellations(*OVERSEEING)),
        ],
    ),
    state=Sleepover.state == parameter("state", sa.Text()),
)


class Query(PageArgs):
    """A page of what is looked for: `schemas.SleepoversIn`."""

    state: SleepoverState | None


def list_sleepovers(actor: Actor, query: Query) -> Page:
    """The sleepovers the actor may see, newest first."""
    return SLEEPOVERS.page(actor, query, state=query["state"])


def get_sleepover(actor: Actor, sleepover_id: UUID) -> Row:
    """One sleepover. Raises `NotFound`."""
    return SLEEPOVERS.one(actor, sleepover_id)


def find(actor: Actor, sleepover_id: UUID) -> Sleepover:
    """One sleepover to act on. Raises `NotFound`."""
    found = sa.select(Sleepover).where(Sleepover.id == sleepover_id, policy.visible_to(ASKING))
    return reads.find(actor, found)
