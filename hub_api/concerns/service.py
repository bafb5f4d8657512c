"""Writing concerns down, adding to them, and saying what came of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db, reads
from hub_api.access import Role
from hub_api.audit import service as audit
from hub_api.concerns import people, policy, queries
from hub_api.concerns.models import Concern, ConcernAddendum, ConcernOutcome, ConcernState
from hub_api.encryption import Ciphertext
from hub_api.errors import Conflict, Forbidden
from hub_api.households import service as households
from hub_api.notifications import service as notifications
from hub_api.notifications.categories import Category
from hub_api.reads import ASKING, Page, PageArgs
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.concerns.people import Person, Sight
    from hub_api.reads import Row

THANKS = "Thank you for writing this down. Those who look into it have been told."

_CLOCKS_APART = timedelta(minutes=10)
"""A phone's clock may be ahead of ours."""


class ConcernIn(TypedDict):
    """What is written down: `schemas.ConcernIn`."""

    about_adult_id: UUID | None
    about_account_id: UUID | None
    children: list[UUID]
    what_happened: str
    happened_at: datetime


class Query(PageArgs):
    """A page of what is looked for: `schemas.ConcernsIn`."""

    state: ConcernState | None


# --- writing -------------------------------------------------------------------------------------


def raise_concern(actor: Actor, body: ConcernIn) -> dict[str, Any]:
    """Write a concern down and tell those who handle it.

    The answer is the same for everybody: a writer who lives with the person is not shown it again.
    Raises `NotFound` for a child or person who is not the actor's to see, and `Conflict`: yet to
    come, children of several constellations, about oneself, erased, or nobody to tell.
    """
    constellation_id, person, sight = _prepare(actor, body)
    concern_id, children = uuid7(), sorted(body["children"])
    sealed = child_keys.protect(Concern.what_happened, concern_id, children, body["what_happened"])
    concern = Concern(
        id=concern_id,
        constellation_id=constellation_id,
        about_adult_id=person.adult_id,
        about_account_id=person.account_id,
        child_ids=children,
        what_happened=sealed,
        happened_at=body["happened_at"],
        written_by=actor.account_id,
        handled_by=sight.handled_by,
        hidden_from=sight.hidden_from,
    )
    db.session().add(concern)
    db.session().flush()
    _record(actor, concern, "create")
    tasks.raise_task(
        TaskKind.CONCERN_RAISED,
        constellation_id=constellation_id,
        subject_id=concern_id,
        role=sight.handled_by,
        hidden_from=sight.hidden_from,
    )
    _tell(actor, concern, Category.CONCERN_RAISED, [*sight.handlers])
    return as_written(actor, concern_id)


def as_written(_actor: Actor, concern_id: UUID) -> dict[str, Any]:
    """What is answered to whoever wrote it, also when it is sent twice."""
    return {"id": concern_id, "words": THANKS}


def try_raising(actor: Actor, body: ConcernIn) -> dict[str, object]:
    """Who would see it; nothing is saved. Raises what `raise_concern()` raises."""
    _, _, sight = _prepare(actor, body)
    child_keys.refuse_erased(body["children"])
    return people.as_words(sight, actor)


def _prepare(actor: Actor, body: ConcernIn) -> tuple[UUID, Person, Sight]:
    """The constellation, the person, and who will see it. Raises as `raise_concern()`."""
    place = households.constellation_of_children(actor, body["children"])
    if place not in actor.constellations(*policy.WRITING):
        raise Forbidden
    person = people.find(place, body["about_adult_id"], body["about_account_id"])
    if person.account_id == actor.account_id:
        raise Conflict(
            "This names you. Please talk with your supervising social worker instead.",
            code="about_oneself",
        )
    if body["happened_at"] > clock.now() + _CLOCKS_APART:
        raise Conflict("That is yet to come. Please check the time.", code="in_the_future")
    return place, person, people.sight_of(place, person, actor.account_id)


def _tell(actor: Actor, concern: Concern, category: Category, account_ids: Sequence[UUID]) -> None:
    """Tell those who handle it, but for whoever did it: they know."""
    told = {*account_ids} - {actor.account_id}
    notifications.notify(
        told,
        category,
        concern.id,
        constellation_id=concern.constellation_id,
        hidden_from=concern.hidden_from,
    )


def _record(actor: Actor, concern: Concern, verb: str, changed: Sequence[str] = ()) -> None:
    audit.record(
        f"concern:{verb}",
        actor_id=actor.account_id,
        subject_id=concern.id,
        constellation_id=concern.constellation_id,
        changed=changed,
        hidden_from=concern.hidden_from,
    )


# --- what follows --------------------------------------------------------------------------------


def add(actor: Actor, concern_id: UUID, words: str) -> Row:
    """Add to a concern; nothing that stands there is changed. Raises `NotFound`, or `Conflict` when
    what was written about one of the children was erased."""
    concern = _find(actor, concern_id)
    addendum_id = _add(actor, concern, words)
    _record(actor, concern, "add_to")
    hidden_from = [*concern.hidden_from, *people.kept_from(_person(concern))]
    handlers = people.handlers_of(concern.constellation_id, Role(concern.handled_by), hidden_from)
    _tell(actor, concern, Category.CONCERN_ADDED_TO, [*handlers])
    return get_addendum(actor, addendum_id)


class OutcomeIn(TypedDict):
    """What came of it: `schemas.OutcomeIn`."""

    outcome: ConcernOutcome
    referred_on: date | None
    words: str


def record_outcome(actor: Actor, concern_id: UUID, seen_version: int, body: OutcomeIn) -> Row:
    """Say what came of a concern, or what has come of it since.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict` for a referral yet to come.
    """
    concern = _find(actor, concern_id)
    if not policy.can_follow_up(actor, concern):
        raise Forbidden
    referred_on = body["referred_on"]
    if referred_on is not None and referred_on > clock.london_today():
        raise Conflict("That day is yet to come. Please check the date.", code="in_the_future")
    db.lock_seen(concern, seen_version)
    _add(actor, concern, body["words"], ConcernOutcome(body["outcome"]), referred_on)
    concern.decide(ConcernOutcome(body["outcome"]), referred_on)
    concern.version += 1  # what came of it may be the same once more, for another reason
    db.session().flush()
    tasks.settle(TaskKind.CONCERN_RAISED, concern.id)
    _record(actor, concern, "decide", ["outcome", "referred_on"])
    return get_concern(actor, concern.id)


def _add(
    actor: Actor,
    concern: Concern,
    words: str,
    outcome: ConcernOutcome | None = None,
    referred_on: date | None = None,
) -> UUID:
    addendum_id = uuid7()
    sealed = child_keys.protect(ConcernAddendum.words, addendum_id, concern.child_ids, words)
    db.session().add(
        ConcernAddendum(
            id=addendum_id,
            constellation_id=concern.constellation_id,
            concern_id=concern.id,
            outcome=outcome,
            referred_on=referred_on,
            words=sealed,
            written_by=actor.account_id,
        )
    )
    db.session().flush()
    return addendum_id


def _person(concern: Concern) -> Person:
    return people.Person(concern.about_adult_id, concern.about_account_id)


def _find(actor: Actor, concern_id: UUID) -> Concern:
    found = sa.select(Concern).where(Concern.id == concern_id, policy.visible_to(ASKING))
    return reads.find(actor, found)


# --- reading -------------------------------------------------------------------------------------


def list_concerns(actor: Actor, query: Query) -> Page:
    """The concerns the actor may see, newest first, without what was written."""
    return queries.CONCERNS.page(
        actor,
        query,
        open=True if query["state"] == ConcernState.OPEN else None,
        closed=True if query["state"] == ConcernState.CLOSED else None,
    )


def get_concern(actor: Actor, concern_id: UUID) -> Row:
    """One concern with what was written. That it was read is recorded, or it is not read.

    Raises `NotFound`.
    """
    row = queries.DETAILS.one(actor, concern_id)
    text = Ciphertext(row.pop("what_happened"))
    what_happened = child_keys.reveal(Concern.what_happened, concern_id, row.pop("child_ids"), text)
    audit.record(
        "concern:read",
        actor_id=actor.account_id,
        subject_id=concern_id,
        constellation_id=row["constellation_id"],
        hidden_from=row.pop("hidden_from"),
    )
    return {**row, "what_happened": what_happened}


def list_addenda(actor: Actor, concern_id: UUID, page: PageArgs) -> Page:
    """What was added to a concern and the actor may see, newest first. Raises `NotFound`."""
    found = queries.ADDENDA.page(actor, page, concern_id=concern_id)
    if not found.rows:
        queries.CONCERNS.one(actor, concern_id)
    return Page(_with_words(found.rows), found.next_key)


def get_addendum(actor: Actor, addendum_id: UUID) -> Row:
    """One addendum. Raises `NotFound`."""
    return _with_words([queries.ADDENDA.one(actor, addendum_id)])[0]


def _with_words(rows: Sequence[Row]) -> list[Row]:
    sealed = [(row["id"], row.pop("child_ids"), Ciphertext(row.pop("words"))) for row in rows]
    words = child_keys.reveal_all(ConcernAddendum.words, sealed)
    return [{**row, "words": said} for row, said in zip(rows, words, strict=True)]


list_people = people.list_people
