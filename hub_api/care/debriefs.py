"""The debrief: the child's own words after a stay, and "would you come again?"."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from hub_api import reads
from hub_api.care import policy, stays
from hub_api.care.handover_models import Debrief
from hub_api.errors import Forbidden
from hub_api.reads import ASKING, Page

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.care.handover_models import WouldComeAgain
    from hub_api.reads import PageArgs, Row


class DebriefIn(TypedDict):
    """What is written: `schemas.DebriefIn`."""

    would_come_again: WouldComeAgain
    own_words: str | None
    is_shared: bool


def write_debrief(actor: Actor, sleepover_id: UUID, body: DebriefIn) -> Row:
    """Write down what a child says after a stay, once it is home: by its own carers.

    Raises `NotFound`, `Forbidden`, or `Conflict`: not home yet, or written already.
    """
    stay = stays.find(actor, sleepover_id)
    if not policy.is_of_family(actor, stay.household_id):
        raise Forbidden
    stays.refuse_unless(stay, "returned", "closed")
    debrief = stays.add(
        actor,
        stay,
        Debrief,
        {Debrief.own_words: body["own_words"]},
        would_come_again=body["would_come_again"],
        is_shared=body["is_shared"],
    )
    stays.note(actor, "debrief:write", debrief)
    return get_debrief(actor, debrief.id)


def _debriefs() -> reads.Select:
    return stays.of_stays(
        [
            Debrief.id,
            Debrief.sleepover_id,
            Debrief.child_id,
            Debrief.would_come_again,
            sa.case((policy.reads_words_of(ASKING, Debrief.is_shared), Debrief.own_words)).label(
                "own_words"
            ),
            Debrief.is_shared,
            Debrief.written_by,
            Debrief.written_at,
        ],
        Debrief,
    )


DEBRIEFS = reads.Read(_debriefs, key=Debrief.id, sleepover_id=Debrief.sleepover_id == stays.STAY)


def list_debriefs(actor: Actor, sleepover_id: UUID, page: PageArgs) -> Page:
    """The debrief of a stay: one, or none yet. Raises `NotFound`."""
    found = stays.page_of(DEBRIEFS, actor, sleepover_id, page)
    return Page(stays.reveal(Debrief.own_words, found.rows), found.next_key)


def get_debrief(actor: Actor, debrief_id: UUID) -> Row:
    """One debrief. Raises `NotFound`."""
    row = DEBRIEFS.one(actor, debrief_id, **stays.window())
    return stays.reveal(Debrief.own_words, [row])[0]
