"""A household that moves to another constellation, or leaves the service.

Its people and what is on record about them go with it. What happened stays where it happened:
requests and sleepovers are the old constellation's, which no longer sees the children.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api import changes, clock, db
from hub_api.constellations import service as constellations
from hub_api.errors import Conflict, Forbidden
from hub_api.households import policy, records
from hub_api.households import service as households
from hub_api.households.changes import HouseholdLeaves
from hub_api.households.models import (
    Adult,
    Approval,
    Child,
    FosteringExemption,
    Household,
    KeptApart,
    SharingAgreement,
)

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Row


def close_household(actor: Actor, household_id: UUID, seen_version: int) -> Row:
    """Let a household leave the service today.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: closed already, serving as a hub
    home, or with something ahead.
    """
    household = records.household_to_manage(actor, household_id)
    today = clock.london_today()
    _lock(household, seen_version)
    hub_home = constellations.hub_home_of(household.id)
    if hub_home is not None and constellations.is_serving(hub_home.id, today):
        raise Conflict(
            "This household is a hub home. Its service as one must end first.", code="is_hub_home"
        )
    changes.announce(HouseholdLeaves(household.id))
    household.closed_on = today
    db.session().flush()
    constellations.end_memberships(household.id, today)
    records.audit_change(actor, "household:close", household, ["closed_on"])
    return households.get_household(actor, household.id)


def move_household(actor: Actor, household_id: UUID, seen_version: int, to_id: UUID) -> Row:
    """Let a household belong to another constellation from today.

    Raises `NotFound`, for a constellation not to be seen as well, `Forbidden`, `StaleVersion`, or
    `Conflict`: one of the two is closed, a hub home, there already, or with something ahead.
    """
    household = records.household_to_manage(actor, household_id)
    constellations.get_constellation(actor, to_id)
    if not policy.can_manage(actor, to_id):
        raise Forbidden
    constellations.keep_open_to_join(to_id)
    _lock(household, seen_version)
    from_id = household.constellation_id
    if to_id == from_id:
        raise Conflict("This household belongs there already.", code="wrong_state")
    if constellations.hub_home_of(household.id) is not None:
        raise Conflict("A hub home can't move to another constellation.", code="is_hub_home")
    changes.announce(HouseholdLeaves(household.id))
    household.constellation_id = to_id
    db.session().flush()
    _take_along(household.id, to_id)
    constellations.move_member(household.id, from_id, to_id, clock.london_today())
    records.audit_change(actor, "household:move", household, ["constellation_id"])
    return households.get_household(actor, household.id)


def _lock(household: Household, seen_version: int) -> None:
    """Lock a household and its children: whoever asks for one of them has done so, or waits."""
    db.lock_seen(household, seen_version)
    records.refuse_closed(household)
    db.session().execute(
        sa.select(Child.id)
        .where(Child.household_id == household.id)
        .order_by(Child.id)
        .with_for_update()
    )


def _take_along(household_id: UUID, constellation_id: UUID) -> None:
    """Everything recorded about a household and its children; their data keys follow the children
    by themselves."""
    children = sa.select(Child.id).where(Child.household_id == household_id)
    of_its_children: list[tuple[Any, sa.ColumnElement[bool]]] = [
        (
            KeptApart,
            sa.or_(KeptApart.child_id.in_(children), KeptApart.other_child_id.in_(children)),
        ),
        (SharingAgreement, SharingAgreement.child_id.in_(children)),
    ]
    of_itself: list[tuple[Any, sa.ColumnElement[bool]]] = [
        (kind, kind.household_id == household_id)
        for kind in (Adult, Child, Approval, FosteringExemption)
    ]
    for kind, is_theirs in (*of_its_children, *of_itself):
        db.session().execute(
            sa.update(kind)
            .where(is_theirs)
            .values(constellation_id=constellation_id, version=kind.version + 1)
            .execution_options(synchronize_session=False)
        )
