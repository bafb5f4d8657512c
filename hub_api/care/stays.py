"""The stay that something is written about, and what every entry about it has in common."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db, reads
from hub_api.audit import service as audit
from hub_api.care import policy
from hub_api.encryption import Ciphertext
from hub_api.errors import Conflict, Forbidden
from hub_api.reads import ASKING
from hub_api.sleepovers import service as sleepovers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import InstrumentedAttribute

    from hub_api.access import Actor
    from hub_api.care.models import OfAStay
    from hub_api.reads import Page, PageArgs, Row


@dataclass(frozen=True, slots=True)
class Stay:
    """What care needs to know of a stay."""

    id: UUID
    constellation_id: UUID
    run_by: UUID
    household_id: UUID
    child_id: UUID
    state: str
    arrives_at: datetime
    arrived_at: datetime | None
    returned_at: datetime | None

    @property
    def homes(self) -> sleepovers.Homes:
        """Both of them, to tell."""
        return sleepovers.Homes(self.household_id, self.constellation_id, self.run_by)


def _stays() -> reads.Select:
    stay = sleepovers.stays.c
    return sa.select(
        stay.id,
        stay.constellation_id,
        sleepovers.RUN_BY,
        stay.household_id,
        stay.child_id,
        stay.state,
        stay.arrives_at,
        stay.arrived_at,
        stay.returned_at,
    ).where(policy.visible_to(ASKING))


STAYS = reads.Read(_stays, key=sleepovers.stays.c.id)

STAY = reads.parameter("sleepover_id", sa.Uuid())


def find(actor: Actor, sleepover_id: UUID) -> Stay:
    """A stay whose care the actor reads. Raises `NotFound`."""
    return Stay(**STAYS.one(actor, sleepover_id, **window()))


def to_write(actor: Actor, sleepover_id: UUID, *states: str) -> Stay:
    """One in one of these states, or in any, whose care the actor writes.

    Raises `NotFound`, `Forbidden`, or `Conflict`.
    """
    stay = find(actor, sleepover_id)
    if not policy.can_write(actor, stay.constellation_id, stay.run_by):
        raise Forbidden
    if states:
        refuse_unless(stay, *states)
    return stay


def hold(stay: Stay) -> Stay:
    """The stay as it is once whoever else writes of its medicines is done, locked: each compares
    what the other counted or gave, and neither sees what isn't committed. After the hub home, as a
    request or stay is."""
    row = sleepovers.stays.c
    found = (
        sa.select(row.state, row.arrived_at, row.returned_at)
        .where(row.id == stay.id)
        .with_for_update(key_share=True)
    )
    now = db.session().execute(found).one()
    return replace(stay, state=now.state, arrived_at=now.arrived_at, returned_at=now.returned_at)


def refuse_unless(stay: Stay, *states: str) -> None:
    """Raise `Conflict` for a stay in another state than these."""
    if stay.state not in states:
        raise Conflict(_WORDS[stay.state], code="wrong_state", state=stay.state)


THERE = ("in_stay", "returned")
"""While the child is there, and until everything about the stay is done."""

_WORDS = {
    "confirmed": "This sleepover hasn't begun yet. Please write here once the child is there.",
    "in_stay": "The child is still at the hub. Please wait until the stay is over.",
    "returned": "This sleepover is over.",
    "closed": "This sleepover is closed, so nothing new can be written about it.",
    "cancelled": "This sleepover was cancelled.",
}


def window() -> dict[str, datetime]:
    """The parameters that `policy.visible_to()` asks for beside the actor's own."""
    return sleepovers.hub_window()


def of_stays(columns: Sequence[Any], kind: type[OfAStay]) -> reads.Select:
    """A select of what is written about the stays whose care the actor reads."""
    stay = sleepovers.stays.c
    return (
        sa.select(*columns)
        .join(sleepovers.stays, stay.id == kind.sleepover_id)
        .where(policy.visible_to(ASKING))
        .where(policy.is_shown(ASKING, kind))
    )


def page_of(read: reads.Read, actor: Actor, sleepover_id: UUID, page: PageArgs) -> Page:
    """One page of what is written about a stay, newest first. Raises `NotFound`."""
    found = read.page(actor, page, sleepover_id=sleepover_id, **window())
    if not found.rows:
        find(actor, sleepover_id)
    return found


def take(
    actor: Actor,
    kind: type[Any],
    row_id: UUID,
    may: Callable[[Actor, UUID], bool] | None = None,
    seen_version: int | None = None,
) -> Any:
    """One record to act on, locked. Raises `NotFound`, `Forbidden`, `StaleVersion`."""
    found = (
        sa.select(kind)
        .join(sleepovers.stays, sleepovers.stays.c.id == kind.sleepover_id)
        .where(kind.id == row_id, policy.visible_to(ASKING))
        .where(policy.is_shown(ASKING, kind))
    )
    record = reads.find(actor, found.params(**window()))
    if may is not None and not may(actor, record.constellation_id):
        raise Forbidden
    if seen_version is None:
        db.lock(record)
    else:
        db.lock_seen(record, seen_version)
    return record


# --- what is written -------------------------------------------------------------------------


def refuse_outside(stay: Stay, at: datetime) -> None:
    """Raise `Conflict` for an instant that is still to come, or before the child was there."""
    refuse_future(at)
    if stay.arrived_at is not None and at < stay.arrived_at:
        raise Conflict(
            "That is before the child came to the hub. Please check the time.",
            code="before_arrival",
        )


def refuse_future(at: datetime) -> None:
    """Raise `Conflict` for an instant that is still to come."""
    if at > clock.now() + sleepovers.CLOCKS_DIFFER:
        raise Conflict(
            "That time is still to come. Please write it down once it has happened.",
            code="in_the_future",
        )


def add(
    actor: Actor,
    stay: Stay,
    model: type[Any],
    sealed: dict[InstrumentedAttribute[Any], str | None],
    **values: Any,
) -> Any:
    """Write a row about a stay, its texts sealed under the child's key. Returns it."""
    row_id = uuid7()
    texts = {
        column.key: text and child_keys.protect(column, row_id, [stay.child_id], text)
        for column, text in sealed.items()
    }
    row = model(
        id=row_id,
        constellation_id=stay.constellation_id,
        sleepover_id=stay.id,
        child_id=stay.child_id,
        written_by=actor.account_id,
        **texts,
        **values,
    )
    db.session().add(row)
    db.session().flush()
    return row


def reveal(column: InstrumentedAttribute[Any], rows: Sequence[Row]) -> list[Row]:
    """Rows with the words of one sealed column in place of what is stored, and without `child_id`,
    at one statement for all of them."""
    name = column.key
    sealed = [
        (row["id"], [row["child_id"]], None if row[name] is None else Ciphertext(row[name]))
        for row in rows
    ]
    texts = child_keys.reveal_all(column, sealed)
    return [
        {key: value for key, value in row.items() if key != "child_id"} | {name: text}
        for row, text in zip(rows, texts, strict=True)
    ]


def note(
    actor: Actor,
    action: str,
    row: OfAStay,
    *changed: str,
    hidden_from: Sequence[UUID] | None = None,
) -> None:
    """Write who did what into the record: names of fields alone."""
    db.session().flush()
    audit.record(
        action,
        actor_id=actor.account_id,
        subject_id=row.id,
        constellation_id=row.constellation_id,
        changed=[*changed],
        hidden_from=hidden_from,
    )
