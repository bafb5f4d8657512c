"""The log of a stay: only ever added to, in the database as well (NMS 26)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from hub_api import clock, db, reads
from hub_api.care import stays
from hub_api.care.models import StayEntry
from hub_api.errors import NotFound
from hub_api.reads import Page

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.care.models import StayEntryKind
    from hub_api.reads import PageArgs, Row


class EntryIn(TypedDict):
    """What is written: `schemas.StayEntryIn`."""

    kind: StayEntryKind
    text: str
    happened_at: datetime | None
    adds_to: UUID | None


def write_entry(actor: Actor, sleepover_id: UUID, body: EntryIn) -> Row:
    """Add an entry to a stay's log, about now or about the time given.

    An addendum may come once the stay is closed. Raises `NotFound`, for an entry of another stay
    that it adds to as well, `Forbidden`, or `Conflict`: not begun, closed, or a time that can't be.
    """
    adds_to = body["adds_to"]
    late = () if adds_to is None else ("closed",)
    stay = stays.to_write(actor, sleepover_id, *stays.THERE, *late)
    if adds_to is not None:
        _refuse_other_stays(stay, adds_to)
    at = body["happened_at"] or clock.now()
    stays.refuse_outside(stay, at)
    entry = stays.add(
        actor,
        stay,
        StayEntry,
        {StayEntry.text: body["text"]},
        kind=body["kind"],
        adds_to=adds_to,
        happened_at=at,
    )
    stays.note(actor, "stay_entry:write", entry)
    return get_entry(actor, entry.id)


def _refuse_other_stays(stay: stays.Stay, entry_id: UUID) -> None:
    found = sa.select(StayEntry.id).where(
        StayEntry.id == entry_id, StayEntry.sleepover_id == stay.id
    )
    if db.session().scalar(found) is None:
        raise NotFound


def _entries() -> reads.Select:
    return stays.of_stays(
        [
            StayEntry.id,
            StayEntry.sleepover_id,
            StayEntry.child_id,
            StayEntry.adds_to,
            StayEntry.kind,
            StayEntry.text,
            StayEntry.happened_at,
            StayEntry.written_by,
            StayEntry.written_at,
        ],
        StayEntry,
    )


ENTRIES = reads.Read(_entries, key=StayEntry.id, sleepover_id=StayEntry.sleepover_id == stays.STAY)


def list_entries(actor: Actor, sleepover_id: UUID, page: PageArgs) -> Page:
    """The log of a stay, newest first. Raises `NotFound`."""
    found = stays.page_of(ENTRIES, actor, sleepover_id, page)
    return Page(stays.reveal(StayEntry.text, found.rows), found.next_key)


def get_entry(actor: Actor, entry_id: UUID) -> Row:
    """One entry of a log. Raises `NotFound`."""
    return stays.reveal(StayEntry.text, [ENTRIES.one(actor, entry_id, **stays.window())])[0]
