"""The children of a household: their facts, their brothers and sisters, and leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import changes, child_keys, clock, db, reads
from hub_api.access import Permission
from hub_api.errors import Conflict, Forbidden, StaleVersion
from hub_api.households import policy, records
from hub_api.households.changes import ChildLeaves
from hub_api.households.models import Child, Household
from hub_api.reads import ASKING
from hub_api.synced import Synced

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.households.models import Gender, LegalStatus
    from hub_api.reads import Page, PageArgs, Row

OLDEST = 25
"""Years: staying put ends at 21, or 25 for those still in education."""


class ChildIn(TypedDict, total=False):
    """What is recorded: `schemas.ChildIn`, `schemas.ChildChangeIn`."""

    first_name: str
    born_on: date
    gender: Gender
    legal_status: LegalStatus
    placed_on: date | None
    bereaved_on: date | None
    responsible_authority: str | None


def add_child(actor: Actor, household_id: UUID, body: ChildIn) -> Row:
    """Record a child who lives in a household, with the key for what is written about the child.

    Raises `NotFound`, `Forbidden`, or `Conflict`: a closed household, dates that can't be, or a hub
    home with guests booked that would then be over a limit.
    """
    household = records.household_to_manage(actor, household_id)
    with records.changing_hub_residents([household.id]):
        records.keep_open(household)
        child = Child(
            constellation_id=household.constellation_id, household_id=household.id, **body
        )
        _refuse_odd_dates(child)
        db.session().add(child)
    child_keys.make([child.id])
    records.audit_change(actor, "child:create", child, body)
    return get_child(actor, child.id)


def change_child(actor: Actor, child_id: UUID, seen_version: int, body: ChildIn) -> Row:
    """Change a child's facts. Raises as `add_child()` does, and `StaleVersion`."""
    child = records.child_to_manage(actor, child_id)
    with records.changing_hub_residents([child.household_id], [child.id]):
        db.lock_seen(child, seen_version)
        for name, value in body.items():
            setattr(child, name, value)
        _refuse_odd_dates(child)
    records.audit_change(actor, "child:change", child, body)
    return get_child(actor, child.id)


def let_child_leave(actor: Actor, child_id: UUID, seen_version: int, left_on: date) -> Row:
    """Record that from a day on a child no longer lives in its household.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: gone already, before the child
    came, or while a sleepover is ahead.
    """
    child = records.child_to_manage(actor, child_id)
    with records.changing_hub_residents([child.household_id]):
        db.lock_seen(child, seen_version)  # whoever asks for the child waits, or has asked
        if child.left_on is not None and child.left_on <= clock.london_today():
            raise Conflict("This child has left already.", code="wrong_state")
        changes.announce(ChildLeaves(child.id, left_on))
        child.left_on = left_on
        _refuse_odd_dates(child)
    records.audit_change(actor, "child:leave", child, ["left_on"])
    return get_child(actor, child.id)


def _refuse_odd_dates(child: Child) -> None:
    records.refuse_future(child.born_on)
    records.refuse_future(child.bereaved_on)
    if clock.whole_years(child.born_on, clock.london_today()) > OLDEST:
        raise Conflict(
            f"The hub is for children and young people of up to {OLDEST}. Please check the "
            "birthday.",
            code="too_old",
        )
    later = (child.placed_on, child.bereaved_on, child.left_on)
    came_on = child.placed_on or child.born_on
    if any(day is not None and day < child.born_on for day in later) or (
        child.left_on is not None and child.left_on < came_on
    ):
        raise Conflict(
            "These dates can't all be right: one comes before the child was born or came.",
            code="dates_out_of_order",
        )


def make_siblings(actor: Actor, child_id: UUID, seen_version: int, others: list[UUID]) -> Row:
    """Make one group of brothers and sisters of a child and these others, wherever they live.

    Without others the child belongs to no group. Raises `NotFound`, `Forbidden`, `StaleVersion`, or
    `Conflict` for the child itself, or a hub home that would then be over a limit.
    """
    if child_id in others:
        raise Conflict("A child can't be its own brother or sister.", code="same_child")
    child = records.child_to_manage(actor, child_id)
    all_of_them = [child, *(records.child_to_manage(actor, other) for other in others)]
    homes = [sibling.household_id for sibling in all_of_them]
    with records.changing_hub_residents(homes, [sibling.id for sibling in all_of_them]):
        # In order of id, so that two groups made at once never wait for each other.
        for sibling in sorted(all_of_them, key=lambda one: one.id):
            db.session().refresh(sibling, with_for_update=True)
        if child.version != seen_version:
            raise StaleVersion
        group_id = uuid7() if others else None
        for sibling in all_of_them:
            sibling.sibling_group_id = group_id
    for sibling in all_of_them:
        records.audit_change(actor, "child:siblings", sibling, ["sibling_group_id"])
    return get_child(actor, child.id)


def _children() -> reads.Select:
    return (
        sa.select(
            Child.id,
            Child.version,
            Child.household_id,
            Child.constellation_id,
            Child.first_name,
            records.age().label("age"),
            Child.gender,
            Child.born_on,
            Child.legal_status,
            Child.placed_on,
            Child.left_on,
            Child.bereaved_on,
            Child.sibling_group_id,
            Child.responsible_authority,
        )
        .join(Household, Household.id == Child.household_id)
        .where(policy.children_visible_to(ASKING))
    )


_HOUSEHOLD = reads.parameter("household_id", sa.Uuid())
CHILDREN = reads.Read(_children, key=Child.id, household_id=Child.household_id == _HOUSEHOLD)


def _children_looked_into() -> reads.Select:
    return _children().where(policy.looked_into_by(ASKING))


SYNCED = Synced(
    "children",
    Permission.CHILD_READ,
    reads.Read(_children_looked_into, key=Child.id),
    is_dated=True,
)


def list_children(actor: Actor, household_id: UUID, page: PageArgs) -> Page:
    """The children of a household with their facts. Raises `NotFound`, `Forbidden`."""
    records.household_to_look_into(actor, household_id)
    return CHILDREN.page(actor, page, household_id=household_id)


def get_child(actor: Actor, child_id: UUID) -> Row:
    """One child's facts. Raises `NotFound`, `Forbidden`."""
    row = CHILDREN.one(actor, child_id)
    if not policy.can_look_into(actor, row["household_id"], row["constellation_id"]):
        raise Forbidden
    return row
