"""The door of this slice: raising an emergency, answering it, and looking at it.

The steps of the asking are in `ladder`; the request, its checks and its beds are those of `respite`
and `sleepovers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from hub_api import db, reads
from hub_api.audit import service as audit
from hub_api.constellations import service as constellations
from hub_api.emergencies import ladder, policy, queries, telling
from hub_api.emergencies.models import (
    Emergency,
    EmergencyAnswer,
    EmergencyAsk,
    EmergencyState,
    settled,
)
from hub_api.errors import Conflict, Forbidden
from hub_api.reads import ASKING, Page, PageArgs
from hub_api.respite import service as respite

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.emergencies.models import AskedFor, TermsReason
    from hub_api.reads import Row


class EmergencyIn(TypedDict):
    """What somebody sends: `schemas.EmergencyIn`."""

    household_id: UUID
    children: list[UUID]
    until: datetime
    reason: respite.Reason
    note: str | None
    asked_for: AskedFor


class Query(PageArgs):
    """A page of what is looked for: `schemas.EmergenciesIn`."""

    state: EmergencyState | None


class AskQuery(PageArgs):
    """A page of what is looked for: `schemas.EmergencyAsksIn`."""

    is_open: bool | None


# --- raising one -------------------------------------------------------------------------------


def raise_emergency(actor: Actor, body: EmergencyIn) -> Row:
    """Look for a bed now. The own hub is asked first; where it is full, the next step is taken at
    once. The liaison worker and whoever is on call are told.

    Raises `NotFound`, `Forbidden`, or `Conflict` as `respite.ask_in_emergency()`.
    """
    plea = respite.Plea(
        body["household_id"], body["children"], body["until"], body["reason"], body["note"]
    )
    sought = respite.ask_in_emergency(actor, plea)
    emergency = Emergency(
        id=sought.request_id,
        constellation_id=sought.constellation_id,
        household_id=plea.household_id,
        asked_by=actor.account_id,
        asked_for=body["asked_for"],
        arrives_at=sought.arrives_at,
        departs_at=sought.departs_at,
        nights=[*sought.nights],
        ages=[*sought.ages],
        next_step_at=ladder.next_step_at(),
    )
    db.session().add(emergency)
    db.session().flush()
    _record(actor, emergency, "create")
    telling.raised(emergency)
    # Full or not: the hub carer may know better, and a temporary bed may be on its way.
    ladder.ask_hub(emergency, sought.hub_home_id, sought.constellation_id)
    if sought.is_own_hub_full:
        ladder.move_on(emergency)
    return get_emergency(actor, emergency.id)


LONGEST_BEYOND_TERMS = 6
"""Working days for which a placement outside the terms of approval may last in an emergency
(domain.md, section 3)."""


def set_terms_aside(actor: Actor, emergency_id: UUID, reason: TermsReason) -> Row:
    """Let a hub take the children of an emergency although its terms of approval don't cover them.

    The manager's name stands for it. Raises `NotFound`, `Forbidden`, or `Conflict`: settled
    already, or a stay of more than six working days.
    """
    found = sa.select(Emergency).where(Emergency.id == emergency_id, policy.visible_to(ASKING))
    emergency = reads.find(actor, found)
    if not policy.can_set_terms_aside(actor, emergency.constellation_id):
        raise Forbidden
    db.lock(emergency)
    emergency.refuse_unless_looking()
    if _working_days(emergency.nights) > LONGEST_BEYOND_TERMS:
        raise Conflict(
            f"Terms of approval can be set aside for {LONGEST_BEYOND_TERMS} working days at most. "
            "This stay is longer.",
            code="stay_too_long",
        )
    emergency.terms_set_aside_by, emergency.terms_reason = actor.account_id, reason
    db.session().flush()
    _record(actor, emergency, "set_terms_aside", "terms_reason")
    return get_emergency(actor, emergency_id)


def _working_days(nights: Sequence[date]) -> int:
    """Mondays to Fridays; a bank holiday counts, so that nobody has to know them."""
    return sum(night.weekday() < 5 for night in nights)


# --- answering ---------------------------------------------------------------------------------


def accept_ask(actor: Actor, ask_id: UUID) -> Row:
    """Say yes: the children come to this hub. The first yes has them.

    Raises `NotFound`, or `Conflict`: somebody was faster, it is over, or a check blocks.
    """
    ask = _open_ask(actor, ask_id)
    constellations.lock_hub_home(ask.hub_home_id)
    emergency = db.session().get_one(Emergency, ask.emergency_id)
    is_placed = respite.place_in_emergency(
        actor,
        emergency.id,
        ask.hub_home_id,
        _set_aside(emergency),
        ask.hosting_constellation_id if ask.is_elsewhere() else None,
    )
    db.lock(emergency)
    db.session().refresh(ask)
    if not is_placed:
        emergency.refuse_unless_looking()
    ask.say(EmergencyAnswer.YES, actor.account_id)
    emergency.end(EmergencyState.PLACED)
    db.session().flush()
    _record(actor, emergency, "place", "state")
    telling.placed(emergency, ask)
    ladder.settle(emergency, actor.account_id)
    return get_ask(actor, ask_id)


def _set_aside(emergency: Emergency) -> set[str]:
    """The codes of the checks that don't count. How long a child has been away in one go is for the
    liaison worker to say, who was told at once: it keeps nobody on the street. Nor does a consent
    that is missing, but of a child on remand: a child in need is placed first, and somebody has the
    task to get it."""
    terms = {"approval_terms"} if emergency.terms_set_aside_by is not None else set()
    return {"length", "consent", *terms}


def decline_ask(actor: Actor, ask_id: UUID) -> Row:
    """Say no. When nobody else is still asked, the next step is taken at once.

    Raises `NotFound`, or `Conflict`: answered already, or it is over.
    """
    ask = _open_ask(actor, ask_id)
    emergency = db.session().get_one(Emergency, ask.emergency_id)
    db.lock(emergency)
    db.session().refresh(ask)
    emergency.refuse_unless_looking()
    ask.say(EmergencyAnswer.NO, actor.account_id)
    db.session().flush()
    _record(actor, emergency, "decline", "asks")
    ladder.move_on_when_all_said_no(emergency)
    return get_ask(actor, ask_id)


def _open_ask(actor: Actor, ask_id: UUID) -> EmergencyAsk:
    """What one's hub is asked, to answer it.

    Asked by another constellation, its emergency is opened to this transaction by the database
    itself, which looks who asks. Raises `NotFound`, or `Conflict` when there is nothing to answer.
    """
    ask = _find_ask(actor, ask_id)
    is_open = ask.answer != EmergencyAnswer.SETTLED
    if is_open and ask.is_elsewhere():
        is_open = bool(db.session().scalar(sa.select(sa.func.open_emergency(ask.id))))
    if not is_open:
        raise settled(ask.answer)
    return ask


def _find_ask(actor: Actor, ask_id: UUID) -> EmergencyAsk:
    found = sa.select(EmergencyAsk).where(EmergencyAsk.id == ask_id, policy.asks_visible_to(ASKING))
    return reads.find(actor, found)


def _record(actor: Actor, emergency: Emergency, verb: str, *changed: str) -> None:
    audit.record(
        f"emergency:{verb}",
        actor_id=actor.account_id,
        subject_id=emergency.id,
        constellation_id=emergency.constellation_id,
        changed=[*changed],
    )


# --- looking -----------------------------------------------------------------------------------


def list_emergencies(actor: Actor, query: Query) -> Page:
    """The emergencies the actor may see, newest first."""
    found = queries.EMERGENCIES.page(actor, query, state=query["state"])
    return Page(queries.finish(found.rows), found.next_key)


def get_emergency(actor: Actor, emergency_id: UUID) -> Row:
    """One emergency: who was asked, and what happens next. Raises `NotFound`."""
    return queries.finish([queries.EMERGENCIES.one(actor, emergency_id)])[0]


def list_asks(actor: Actor, query: AskQuery) -> Page:
    """What the actor's hub was asked, newest first."""
    return queries.ASKS.page(actor, query, is_open=query["is_open"] or None)


def get_ask(actor: Actor, ask_id: UUID) -> Row:
    """One question to the actor's hub. Raises `NotFound`."""
    return queries.ASKS.one(actor, ask_id)
