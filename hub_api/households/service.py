"""Households with their adults and children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from hub_api import child_keys, clock, db, reads
from hub_api.access import Permission
from hub_api.audit import service as audit
from hub_api.constellations import service as constellations
from hub_api.errors import Conflict, Forbidden, NotFound
from hub_api.households import children, policy, records
from hub_api.households.models import FOSTERED, Adult, Child, Household, LegalStatus
from hub_api.reads import ASKING, TODAY, json_list, json_object
from hub_api.synced import SINCE_DAY, Synced

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row

__all__ = ["LegalStatus"]


def add_household(constellation_id: UUID, name: str) -> Household:
    """Add a household to a constellation."""
    household = Household(constellation_id=constellation_id, name=name)
    db.session().add(household)
    db.session().flush()
    return household


def create_household(actor: Actor, constellation_id: UUID, name: str) -> Row:
    """Let a new household join a constellation from today. Raises `NotFound`, `Forbidden`."""
    constellations.get_constellation(actor, constellation_id)
    if not policy.can_manage(actor, constellation_id):
        raise Forbidden
    constellations.keep_open_to_join(constellation_id)
    household = add_household(constellation_id, name)
    constellations.add_member(constellation_id, household.id, clock.london_today())
    records.audit_change(actor, "household:create", household, ["constellation_id", "name"])
    return get_household(actor, household.id)


def rename_household(actor: Actor, household_id: UUID, seen_version: int, name: str) -> Row:
    """Change a household's name. Raises `NotFound`, `Forbidden`, `StaleVersion`."""
    household = records.household_to_manage(actor, household_id)
    db.lock_seen(household, seen_version)
    household.name = name
    db.session().flush()
    records.audit_change(actor, "household:change", household, ["name"])
    return get_household(actor, household.id)


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


def look_into_child(actor: Actor, child_id: UUID) -> UUID:
    """The constellation of a child whose dates and legal status the actor may see.

    Raises `NotFound`, `Forbidden`.
    """
    return cast("UUID", children.get_child(actor, child_id)["constellation_id"])


def lock_child_to_manage(actor: Actor, child_id: UUID) -> UUID:
    """The constellation of a child whose records the actor keeps, where it stays until this
    transaction ends; whoever decides on a stay of the child has done so, or waits.

    Raises `NotFound`, `Forbidden`.
    """
    child = records.child_to_manage(actor, child_id)
    lock_child(child.id, child.constellation_id)
    return child.constellation_id


def lock_child(child_id: UUID, constellation_id: UUID) -> None:
    """Lock a child of a constellation. Raises `NotFound` when it has moved away."""
    here = sa.select(Child.id).where(
        Child.id == child_id, Child.constellation_id == constellation_id
    )
    if db.session().scalar(here.with_for_update()) is None:
        raise NotFound


def is_fostered(legal_status: str) -> bool:
    """Whether a child of this legal status counts towards the fostering limit."""
    return legal_status in FOSTERED


def child_summary(child_id: Any) -> sa.ScalarSelect[Any]:
    """A child in four facts, as JSON, for another slice's select: id, first name, age, gender.

    Null for a child who has moved out of the asker's sight.
    """
    return sa.select(records.summary()).where(Child.id == child_id).scalar_subquery()


def ages(child_ids: Iterable[UUID]) -> dict[UUID, int]:
    """How old these children are today, in whole years."""
    found = sa.select(Child.id, Child.born_on).where(Child.id.in_([*child_ids]))
    today = clock.london_today()
    return {row.id: clock.whole_years(row.born_on, today) for row in db.session().execute(found)}


def had_a_birthday() -> sa.Select[UUID]:
    """For a `passing` select of what shows a child: those whose age is not what it was then."""
    has_been = SINCE_DAY != TODAY  # on the same day nobody is looked at
    return sa.select(Child.id).where(has_been, records.age(SINCE_DAY) != records.age())


def is_in_sight(child_id: Any) -> sa.ColumnElement[bool]:
    """For another slice's select: whether the asker's constellations have this child today."""
    return sa.exists().where(Child.id == child_id)


def child_summaries(child_ids: sa.Select[UUID]) -> sa.ScalarSelect[Any]:
    """The same of several children, as one JSON list. Who can't be seen here is left out."""
    return (
        sa.select(json_list(records.summary(), Child.id))
        .where(Child.id.in_(child_ids))
        .scalar_subquery()
    )


def adults_to_name(shown: Callable[[Any], sa.ColumnElement[bool]]) -> reads.Select:
    """For another slice's select: who lives in the households of constellations that are `shown`:
    id, kind, name, household and no role."""
    return sa.select(
        Adult.id,
        sa.literal_column("'adult'").label("kind"),
        Adult.name,
        Adult.household_id,
        sa.cast(None, sa.Text()).label("role"),
    ).where(shown(Adult.constellation_id), records.lives_there(Adult))


def name_of_adult(adult_id: Any) -> sa.ScalarSelect[Any]:
    """For another slice's select: what a grown-up is called; null for one out of sight."""
    return sa.select(Adult.name).where(Adult.id == adult_id).scalar_subquery()


def find_adult(
    constellation_id: UUID, *, adult_id: UUID | None, account_id: UUID | None
) -> tuple[UUID, UUID | None] | None:
    """A grown-up of a constellation, also one who has left, by one of two ids: both ids."""
    by = Adult.account_id == account_id if adult_id is None else Adult.id == adult_id
    found = sa.select(Adult.id, Adult.account_id).where(
        Adult.constellation_id == constellation_id, by
    )
    row = db.session().execute(found).one_or_none()
    return None if row is None else (row.id, row.account_id)


def constellation_of_children(actor: Actor, child_ids: Sequence[UUID]) -> UUID:
    """The one constellation of children whom the actor may see.

    Raises `NotFound`, and `Conflict` where they belong to several.
    """
    rows = _SEEN_CHILDREN.rows(actor, children=[*child_ids])
    if {row["id"] for row in rows} != {*child_ids}:
        raise NotFound
    places = {row["constellation_id"] for row in rows}
    if len(places) > 1:
        raise Conflict(
            "These children belong to different constellations. Please write one for each.",
            code="different_constellations",
        )
    return cast("UUID", places.pop())


def homes_of_children() -> sa.Subquery:
    """For another slice's select: `child_id` and `household_id` of the children in sight."""
    return sa.select(Child.id.label("child_id"), Child.household_id).subquery("homes")


def children_in_sight() -> sa.Subquery:
    """For another slice's policy: the children in sight today, with what says whose they are, and
    the four facts of `child_summary()`. `lives_there` is false once a child has left."""
    return sa.select(
        Child.id.label("child_id"),
        Child.household_id,
        Child.constellation_id,
        Child.first_name,
        records.age().label("age"),
        Child.gender,
        records.lives_there(Child).label("lives_there"),
    ).subquery("child")


def _households() -> reads.Select:
    """Households, each with the adults and children who live there today."""
    adult = json_object(id=Adult.id, name=Adult.name, account_id=policy.account_of_adult(ASKING))
    adults = (
        sa.select(json_list(adult, Adult.id))
        .where(Adult.household_id == Household.id, records.lives_there(Adult))
        .scalar_subquery()
    )
    children = (
        sa.select(json_list(records.summary(), Child.id))
        .where(Child.household_id == Household.id, records.lives_there(Child))
        .scalar_subquery()
    )
    return sa.select(
        Household.id,
        Household.version,
        Household.constellation_id,
        Household.name,
        Household.closed_on,
        adults.label("adults"),
        children.label("children"),
    ).where(policy.visible_to(ASKING))


HOUSEHOLDS = reads.Read(_households, key=Household.id)
SYNCED = (
    Synced("households", Permission.HOUSEHOLD_READ, HOUSEHOLDS, is_dated=True),
    children.SYNCED,
)


def list_households(actor: Actor, page: PageArgs) -> Page:
    """The households the actor may see, newest first."""
    return HOUSEHOLDS.page(actor, page)


def get_household(actor: Actor, household_id: UUID) -> Row:
    """One household. Raises `NotFound`."""
    return HOUSEHOLDS.one(actor, household_id)


def constellation_of(actor: Actor, household_id: UUID) -> UUID:
    """The constellation of a household the actor may see, which it belongs to until this
    transaction ends. Raises `NotFound`, for one that is closed as well."""
    for row in _CONSTELLATION_OF.rows(actor, household_id=household_id):
        return cast("UUID", row["constellation_id"])
    raise NotFound


_HOUSEHOLD = reads.parameter("household_id", sa.Uuid())
_IS_OPEN = sa.or_(Household.closed_on.is_(None), Household.closed_on > TODAY)


def _constellation_of() -> reads.Select:
    found = sa.select(Household.constellation_id).where(
        Household.id == _HOUSEHOLD, policy.visible_to(ASKING), _IS_OPEN
    )
    # Whoever moves or closes it waits, and then sees what was asked for meanwhile.
    return found.with_for_update(read=True, key_share=True)


def _children_of() -> reads.Select:
    children = sa.any_(reads.parameter("children", sa.ARRAY(sa.Uuid())))
    is_open = sa.exists().where(Household.id == Child.household_id, _IS_OPEN)
    found = sa.select(Child.id).where(
        Child.household_id == _HOUSEHOLD, Child.id == children, records.lives_there(Child), is_open
    )
    # In the order in which whoever moves a household or joins siblings takes them.
    return found.order_by(Child.id).with_for_update(read=True, key_share=True, of=Child)


def _held() -> reads.Select:
    home = sa.select(Household.id).where(Household.id == _HOUSEHOLD)
    # Locked in a query of its own, before any child is: the order of whoever moves a household.
    home_first = home.with_for_update(read=True, key_share=True).cte("home")
    children = sa.any_(reads.parameter("children", sa.ARRAY(sa.Uuid())))
    found = (
        sa.select(Child.id)
        .join(home_first, home_first.c.id == Child.household_id)
        .where(Child.id == children)
        .order_by(Child.id)
    )
    return found.with_for_update(read=True, key_share=True, of=Child)


def _seen_children() -> reads.Select:
    children = sa.any_(reads.parameter("children", sa.ARRAY(sa.Uuid())))
    found = sa.select(Child.id, Child.constellation_id).join(
        Household, Household.id == Child.household_id
    )
    return found.where(Child.id == children, policy.children_visible_to(ASKING))


_SEEN_CHILDREN = reads.Query(_seen_children)
_CONSTELLATION_OF = reads.Query(_constellation_of)
_CHILDREN_OF = reads.Query(_children_of)
_HELD = reads.Query(_held)


def refuse_other_children(household_id: UUID, child_ids: Sequence[UUID]) -> None:
    """Raise `NotFound` unless all of these are children of the household today.

    Until this transaction ends none of them leaves it.
    """
    living_there = _CHILDREN_OF.rows(
        household_id=household_id, children=[*child_ids], today=clock.london_today()
    )
    found = {row["id"] for row in living_there}
    if found != {*child_ids}:
        raise NotFound


def hold_children(household_id: UUID, child_ids: Sequence[UUID]) -> None:
    """Until this transaction ends, whoever changes what these children are judged by waits: where
    they live, their facts, and whom they are kept apart from.

    To be called under the hub home's mutex, before the facts of a stay are read. The household
    comes first, as for whoever moves it.
    """
    _HELD.rows(household_id=household_id, children=[*child_ids])


def hold_children_that_are_free(child_ids: Collection[UUID]) -> set[UUID]:
    """`hold_children()` for those whom nobody else has locked, waiting for none of them; who they
    are. Whoever has the others is changing what they are judged by."""
    found = sa.select(Child.id).where(Child.id.in_(child_ids)).order_by(Child.id)
    locked = found.with_for_update(read=True, key_share=True, skip_locked=True)
    return {*db.session().scalars(locked)}
