"""What every change of a family's records has in common: finding, the hub home's mutex, audit."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import sqlalchemy as sa

from hub_api import changes, clock, db, nights, reads
from hub_api.audit import service as audit
from hub_api.constellations import service as constellations
from hub_api.errors import Conflict, Forbidden, NotFound
from hub_api.households import policy
from hub_api.households.changes import (
    ChildrenAreToChange,
    ChildrenChanged,
    HubChecksChanged,
    HubResidentsChanged,
)
from hub_api.households.models import Adult, Child, Household
from hub_api.reads import ASKING, TODAY, json_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor


class Record(Protocol):
    """A row of a family's records."""

    id: Any
    constellation_id: Any


Kept = TypeVar("Kept", bound=Record)


# --- parts of selects --------------------------------------------------------------------------


def lives_there(person: type[Adult | Child]) -> sa.ColumnElement[bool]:
    """The SQL condition that somebody lives in their household today."""
    return sa.or_(person.left_on.is_(None), person.left_on > TODAY)


def age(on: sa.ColumnElement[date] = TODAY) -> sa.ColumnElement[int]:
    """A child's age on a day: `clock.whole_years()` in SQL."""
    return sa.cast(sa.func.date_part("year", sa.func.age(on, Child.born_on)), sa.Integer)


def summary() -> sa.ColumnElement[Any]:
    """A child in four facts, as JSON."""
    return json_object(id=Child.id, first_name=Child.first_name, age=age(), gender=Child.gender)


# --- finding -----------------------------------------------------------------------------------


def household_to_look_into(actor: Actor, household_id: UUID) -> Household:
    """A household whose dates and terms the actor may see. Raises `NotFound`, `Forbidden`."""
    household = _household(actor, household_id)
    if not policy.can_look_into(actor, household.id, household.constellation_id):
        raise Forbidden
    return household


def household_to_manage(actor: Actor, household_id: UUID) -> Household:
    """A household whose records the actor keeps. Raises `NotFound`, `Forbidden`."""
    return may_manage(actor, _household(actor, household_id))


def child_to_manage(actor: Actor, child_id: UUID) -> Child:
    """A child whose records the actor keeps. Raises `NotFound`, `Forbidden`."""
    found = sa.select(Child).join(Household, Household.id == Child.household_id)
    child = reads.find(actor, found.where(Child.id == child_id, policy.children_visible_to(ASKING)))
    return may_manage(actor, child)


def may_manage(actor: Actor, record: Kept) -> Kept:
    """This record, if the actor keeps it. Raises `Forbidden`."""
    if not policy.can_manage(actor, record.constellation_id):
        raise Forbidden
    return record


def _household(actor: Actor, household_id: UUID) -> Household:
    found = sa.select(Household).where(Household.id == household_id, policy.visible_to(ASKING))
    return reads.find(actor, found)


def refuse_closed(household: Household) -> None:
    """Raise `Conflict` for a household that is no longer part of the service."""
    if household.closed_on is not None:
        raise Conflict("This household has left the service.", code="household_closed")


def keep_open(household: Household) -> None:
    """Hold a household where it is until this transaction ends; whoever closes or moves it waits.

    To be called before anything is added to it, and after the mutexes of hub homes. Raises
    `Conflict` when it is closed, and `NotFound` when it has moved away meanwhile.
    """
    found = sa.select(Household).where(
        Household.id == household.id, Household.constellation_id == household.constellation_id
    )
    here = db.session().scalar(
        found.with_for_update(read=True, key_share=True).execution_options(populate_existing=True)
    )
    if here is None:
        raise NotFound
    refuse_closed(here)


def refuse_future(day: date | None) -> None:
    """Raise `Conflict` for a day that is yet to come."""
    if day is not None and day > clock.london_today():
        raise Conflict("That day is yet to come. Please check the date.", code="in_the_future")


def is_same_authority(one: str, other: str) -> bool:
    """Whether two names are one local authority's; `stay_facts` compares them as loosely."""
    return one.strip().casefold() == other.strip().casefold()


# --- changing ----------------------------------------------------------------------------------


@contextmanager
def changing_hub_residents(
    household_ids: Iterable[UUID], child_ids: Iterable[UUID] = ()
) -> Iterator[None]:
    """Around a change of who lives where, their legal status, siblings, terms or exemptions.

    For a household that is a hub home, and where these children are to be guests, it takes the
    mutexes first, in order, before anything is read that must stay true; and asks whoever knows of
    nights already booked once the rows are written. Its caller locks the children themselves: who
    books for them meanwhile has done so, or waits (`households.service.hold_children()`).
    """
    found = (constellations.hub_home_of(household_id) for household_id in {*household_ids})
    hub_homes = sorted(hub_home.id for hub_home in found if hub_home is not None)
    guests = ChildrenAreToChange(tuple(sorted(child_ids)))
    changes.announce(guests)
    locked = frozenset({*hub_homes, *guests.hub_home_ids})
    for hub_home_id in sorted(locked):
        constellations.lock_hub_home(hub_home_id)
    yield
    db.session().flush()
    for hub_home_id in hub_homes:
        changes.announce(HubResidentsChanged(hub_home_id, nights.first_not_over()))
        changes.announce(HubChecksChanged(hub_home_id))
    if guests.child_ids:
        changes.announce(ChildrenChanged(guests.child_ids, locked))


@contextmanager
def changing_hub_checks(household_id: UUID) -> Iterator[None]:
    """Around a change of the grown-ups of a household or their DBS dates: for a hub home under its
    mutex, and whoever knows of nights booked is told once the rows are written."""
    hub_home = constellations.hub_home_of(household_id)
    if hub_home is not None:
        constellations.lock_hub_home(hub_home.id)
    yield
    db.session().flush()
    if hub_home is not None:
        changes.announce(HubChecksChanged(hub_home.id))


def write(row: object, values: Mapping[str, Any]) -> None:
    """Set these columns of a row."""
    for name, value in values.items():
        setattr(row, name, value)
    db.session().flush()


def audit_change(actor: Actor, action: str, record: Record, changed: Iterable[str]) -> None:
    """Who did what to which record; names of fields alone."""
    audit.record(
        action,
        actor_id=actor.account_id,
        subject_id=record.id,
        constellation_id=record.constellation_id,
        changed=[*changed],
    )
