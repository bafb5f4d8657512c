"""Households with their adults and children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from hub_api import child_keys, db, reads
from hub_api.audit import service as audit
from hub_api.errors import NotFound
from hub_api.households import policy
from hub_api.households.models import FOSTERED, Adult, Child, Gender, Household, LegalStatus
from hub_api.reads import ASKING, TODAY, json_list, json_object

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row


def add_household(constellation_id: UUID, name: str) -> Household:
    """Add a household to a constellation."""
    household = Household(constellation_id=constellation_id, name=name)
    db.session().add(household)
    db.session().flush()
    return household


def add_adult(household: Household, name: str, account_id: UUID | None = None) -> Adult:
    """Add a grown-up to a household, with their account if they log in."""
    adult = Adult(
        constellation_id=household.constellation_id,
        household_id=household.id,
        account_id=account_id,
        name=name,
    )
    db.session().add(adult)
    db.session().flush()
    return adult


def add_child(
    household: Household,
    first_name: str,
    born_on: date,
    gender: Gender,
    legal_status: LegalStatus,
) -> Child:
    """Add a child to a household, with the data key for what is written about the child."""
    child = Child(
        constellation_id=household.constellation_id,
        household_id=household.id,
        first_name=first_name,
        born_on=born_on,
        gender=gender,
        legal_status=legal_status,
    )
    db.session().add(child)
    db.session().flush()
    child_keys.make([child.id])
    return child


def erase_texts(child_id: UUID) -> bool:
    """Make everything written about a child unreadable for good, texts shared with others included.

    For the owner of the database, which the API is not. False if it was done before. Raises
    `NotFound`.
    """
    child = db.session().get(Child, child_id)
    if child is None:
        raise NotFound
    erased = child_keys.erase(child.id, child.constellation_id)
    if erased:
        audit.record(
            "child_key:erase",
            subject_id=child.id,
            constellation_id=child.constellation_id,
            changed=["wrapped_key"],
        )
    return erased


def is_fostered(legal_status: str) -> bool:
    """Whether a child of this legal status counts towards the fostering limit."""
    return legal_status in FOSTERED


def child_summary(child_id: Any) -> sa.ScalarSelect[Any]:
    """A child in four facts, as JSON, for another slice's select: id, first name, age, gender."""
    return sa.select(_summary()).where(Child.id == child_id).scalar_subquery()


def _summary() -> sa.ColumnElement[Any]:
    age = sa.func.date_part("year", sa.func.age(TODAY, Child.born_on))
    return json_object(
        id=Child.id,
        first_name=Child.first_name,
        age=sa.cast(age, sa.Integer),
        gender=Child.gender,
    )


def _households() -> reads.Select:
    """Households, each with its adults and children."""
    adults = (
        sa.select(json_list(json_object(id=Adult.id, name=Adult.name), Adult.id))
        .where(Adult.household_id == Household.id)
        .scalar_subquery()
    )
    children = (
        sa.select(json_list(_summary(), Child.id))
        .where(Child.household_id == Household.id)
        .scalar_subquery()
    )
    return sa.select(
        Household.id,
        Household.version,
        Household.constellation_id,
        Household.name,
        adults.label("adults"),
        children.label("children"),
    ).where(policy.visible_to(ASKING))


HOUSEHOLDS = reads.Read(_households, key=Household.id)


def list_households(actor: Actor, page: PageArgs) -> Page:
    """The households the actor may see, newest first."""
    return HOUSEHOLDS.page(actor, page)


def get_household(actor: Actor, household_id: UUID) -> Row:
    """One household. Raises `NotFound`."""
    return HOUSEHOLDS.one(actor, household_id)


def constellation_of(actor: Actor, household_id: UUID) -> UUID:
    """The constellation of a household the actor may see. Raises `NotFound`."""
    for row in _CONSTELLATION_OF.rows(actor, household_id=household_id):
        return cast("UUID", row["constellation_id"])
    raise NotFound


_HOUSEHOLD = reads.parameter("household_id", sa.Uuid())


def _constellation_of() -> reads.Select:
    return sa.select(Household.constellation_id).where(
        Household.id == _HOUSEHOLD, policy.visible_to(ASKING)
    )


def _children_of() -> reads.Select:
    children = sa.any_(reads.parameter("children", sa.ARRAY(sa.Uuid())))
    return sa.select(Child.id).where(Child.household_id == _HOUSEHOLD, Child.id == children)


_CONSTELLATION_OF = reads.Query(_constellation_of)
_CHILDREN_OF = reads.Query(_children_of)


def refuse_other_children(household_id: UUID, child_ids: Sequence[UUID]) -> None:
    """Raise `NotFound` unless all of these are children of the household."""
    found = {
        row["id"] for row in _CHILDREN_OF.rows(household_id=household_id, children=[*child_ids])
    }
    if found != {*child_ids}:
        raise NotFound
