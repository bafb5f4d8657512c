"""Who sees a sleepover, who may call it off, and who runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api.access import OVERSEEING, Role
from hub_api.db import UtcDateTime
from hub_api.reads import parameter
from hub_api.sleepovers.homes import RUN_BY
from hub_api.sleepovers.models import BedNight, Sleepover, SleepoverState

if TYPE_CHECKING:
    from hub_api.access import Actor
    from hub_api.reads import Asking


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """One's own household's; for those who oversee a constellation, all of its."""
    return sa.or_(
        sa.and_(
            asking.is_carer_of(Sleepover.household_id),
            # What happened in a constellation stays with it when the household moves.
            asking.holds(Sleepover.constellation_id),
        ),
        asking.holds(Sleepover.constellation_id, *OVERSEEING),
        # And of another's child that came in an emergency.
        asking.holds(Sleepover.hosting_constellation_id, *OVERSEEING),
    )


def nights_visible_to(asking: Asking, household_id: Any) -> sa.ColumnElement[bool]:
    """Whose a night is: the same, for nights held for a household's child as well."""
    return sa.or_(
        asking.is_carer_of(household_id),
        asking.holds(BedNight.constellation_id, *OVERSEEING),
    )


def looks_after(asking: Asking, child_id: Any) -> sa.ColumnElement[bool]:
    """Whether the actor is the hub carer of a stay of this child's, or the liaison worker where
    another constellation has the child in an emergency: one that is to come, goes on, or ended a
    short while ago, from its confirmation until so long after the return, and never one that was
    called off (domain.md, section 2).
    """
    return sa.exists().where(
        Sleepover.child_id == child_id,
        sa.or_(
            asking.holds(RUN_BY, Role.HUB_CARER),
            # The child's own liaison worker needs no stay for it.
            asking.holds(Sleepover.hosting_constellation_id, Role.LIAISON_WORKER),
        ),
        is_in_hub_window(Sleepover),
    )


def is_in_hub_window(stay: Any) -> sa.ColumnElement[bool]:
    """Whether a stay, by its columns, is one of which its hub carer reads what is about the child.

    The parameter `ended_after` (`homes.hub_window()`) is the instant after which it must have
    ended. One that nobody began ends when it was to end.
    """
    ended_after = parameter("ended_after", UtcDateTime())
    ended = sa.case(
        (stay.state == SleepoverState.CONFIRMED, stay.departs_at), else_=stay.returned_at
    )
    return sa.and_(
        stay.state != SleepoverState.CANCELLED, sa.or_(ended.is_(None), ended > ended_after)
    )


def can_cancel(actor: Actor, sleepover: Sleepover) -> bool:
    """The household whose child it is, its hub carer, or its liaison worker."""
    return (
        sleepover.household_id in actor.households()
        or sleepover.run_by in actor.constellations(Role.HUB_CARER)
        or sleepover.constellation_id in actor.constellations(Role.LIAISON_WORKER)
    )


def can_run(actor: Actor, sleepover: Sleepover) -> bool:
    """Say that a child has come or gone home: its hub carer, who was there."""
    return sleepover.run_by in actor.constellations(Role.HUB_CARER)


def can_change(actor: Actor, sleepover: Sleepover) -> bool:
    """Extend a stay, end it early, close it: its hub carer or its liaison worker."""
    return sleepover.run_by in actor.constellations(
        Role.HUB_CARER
    ) or sleepover.constellation_id in actor.constellations(Role.LIAISON_WORKER)
