"""Catching up: everything visible that has changed since a cursor, and what has gone.

At least once, and never nothing: a round of catching up begins by asking PostgreSQL below which
transaction everything is over (the snapshot's xmin). The next round begins there, so what was still
being written while this one read is sent by the next, however long it took; some of it twice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypedDict

import sqlalchemy as sa

from hub_api import db, reads
from hub_api.reads import ASKING, PageArgs, parameter
from hub_api.sync import audiences, policy
from hub_api.sync import cursor as cursors
from hub_api.sync.cursor import Cursor
from hub_api.sync.kinds import KINDS
from hub_api.sync.models import SyncEntry, SyncMark
from hub_api.synced import Moment, this_moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Row
    from hub_api.synced import Synced

GOOD_FOR = timedelta(days=28)
"""How long a cursor may be; a phone that was off for longer starts anew."""

KEPT_FOR = GOOD_FOR + timedelta(days=7)
"""How long entries are kept: longer than any cursor asks for them."""

_CLOCKS_APART = timedelta(minutes=1)
"""Two servers' clocks may differ a little: what time changed just before is looked at again."""


class Query(TypedDict):
    """What is asked: `schemas.SyncIn`."""

    cursor: Cursor | None
    limit: int


# --- what is to be read ------------------------------------------------------------------------


def _head() -> reads.Select:
    snapshot = sa.func.pg_current_snapshot()
    return sa.select(
        sa.func.sync_place().label("place"),
        sa.cast(sa.cast(sa.func.pg_snapshot_xmin(snapshot), sa.Text), sa.BigInteger).label("floor"),
        sa.cast(sa.cast(sa.func.pg_snapshot_xmax(snapshot), sa.Text), sa.BigInteger).label("end"),
    )


_ROWS = parameter("rows", sa.Integer())
_TEXTS = sa.ARRAY(sa.Text())


def _entries() -> reads.Select:
    """The next entries for an actor, found at each of the actor's addresses in their order."""
    mine = (
        sa.func.unnest(parameter("audiences", _TEXTS), parameter("addresses", sa.ARRAY(sa.Uuid())))
        .table_valued("audience", "address", name="mine")
        .render_derived()
    )
    place = sa.tuple_(parameter("xid", sa.BigInteger()), parameter("entry", sa.BigInteger()))
    order = SyncEntry.xid, SyncEntry.id
    there = (
        sa.select(SyncEntry.xid, SyncEntry.id, SyncEntry.kind, SyncEntry.object_id)
        .where(
            SyncEntry.address == mine.c.address,
            SyncEntry.audience == mine.c.audience,
            sa.tuple_(*order) > place,
            SyncEntry.kind == sa.any_(parameter("kinds", _TEXTS)),
            policy.visible_to(ASKING),
        )
        .order_by(*order)
        .limit(_ROWS)
        .correlate(mine)
        .lateral()
    )
    columns = there.c.xid, there.c.id, there.c.kind, there.c.object_id
    found = sa.select(*columns).select_from(mine).join(there, sa.true())
    return found.order_by(there.c.xid, there.c.id).limit(_ROWS)


HEAD = reads.Query(_head)
ENTRIES = reads.Query(_entries)


# --- where to go on ----------------------------------------------------------------------------


def kinds_of(actor: Actor) -> dict[str, Synced]:
    """What the actor may list at all."""
    return {kind.kind: kind for kind in KINDS if actor.may(kind.permission)}


@cache
def _shapes() -> str:
    """The columns of every kind: a phone that kept other ones starts anew."""
    return repr([(kind.kind, kind.read.columns()) for kind in KINDS])


def _fingerprint(*parts: object) -> str:
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def _scope_of(actor: Actor) -> str:
    """Who asks, in which roles, and what they may list. Roles that begin, end or move change it."""
    roles = sorted(map(repr, set(actor.grants)))
    return _fingerprint(actor.account_id, roles, sorted(kinds_of(actor)), _shapes())


def _where_to_go_on(actor: Actor, sent: Cursor | None) -> tuple[Cursor, list[str]]:
    """The place to read on from, and the kinds of which the phone must forget everything."""
    (head,) = HEAD.rows()
    now, mine = this_moment(), kinds_of(actor)
    scope, place = _scope_of(actor), _fingerprint(head["place"])
    if sent is None or not _holds(sent, scope, place, head["end"], now, mine):
        steps = tuple(f"all:{kind}" for kind in mine)
        floor = head["floor"]
        anew = Cursor(scope, place, floor, now, now, steps, xid=floor)
        return anew, [kind.kind for kind in KINDS]
    if not sent.is_over:
        return sent, []
    is_new_day = sent.began.day != now.day
    dated = [kind for kind in mine.values() if kind.is_dated and is_new_day]
    passing = [
        kind for kind in mine.values() if kind.passing and (is_new_day or not kind.passes_daily)
    ]
    steps = (*(f"all:{kind.kind}" for kind in dated), *(f"passed:{kind.kind}" for kind in passing))
    next_round = replace(
        sent, floor=head["floor"], began=now, before=sent.began, steps=steps, is_over=False
    )
    return next_round, [kind.kind for kind in dated]


def _holds(
    sent: Cursor, scope: str, place: str, end: int, now: Moment, mine: dict[str, Synced]
) -> bool:
    """Whether everything since can be told from this cursor."""
    return (
        (sent.scope, sent.place) == (scope, place)
        and {step.partition(":")[2] for step in sent.steps} <= mine.keys()
        and max(sent.floor, sent.xid) <= end
        and -_CLOCKS_APART <= now.at - sent.began.at <= GOOD_FOR
    )


# --- catching up -------------------------------------------------------------------------------


class _Answer:
    """What is sent, as it comes together: at most so many objects."""

    def __init__(self, actor: Actor, at: Cursor, limit: int) -> None:
        self.actor, self.at, self.room = actor, at, limit
        self.kinds = kinds_of(actor)
        self.changed: dict[str, dict[UUID, Row]] = {kind.kind: {} for kind in KINDS}
        self.gone: list[dict[str, Any]] = []

    def walk(self) -> None:
        """Take the steps of this round, as far as there is room."""
        while self.at.steps and self.room > 0:
            how, _, name = self.at.steps[0].partition(":")
            kind, page = self.kinds[name], PageArgs(limit=self.room, cursor=self.at.after)
            if how == "all":
                found = kind.all(self.actor, page, self.at.began)
            else:
                since = replace(self.at.before, at=self.at.before.at - _CLOCKS_APART)
                found = kind.passed(self.actor, page, since, self.at.began)
            self._add(name, found.rows)
            self.room -= len(found.rows)
            steps = self.at.steps if found.next_key else self.at.steps[1:]
            self.at = replace(self.at, steps=steps, after=found.next_key)

    def follow(self) -> None:
        """Go along the changes, as far as there is room."""
        if self.at.steps or self.room <= 0:
            return
        to, addresses = zip(*audiences.addresses(self.actor), strict=True)
        entries = ENTRIES.rows(
            self.actor,
            audiences=[*map(str, to)],
            addresses=[*addresses],
            kinds=[*self.kinds],
            xid=self.at.xid,
            entry=self.at.entry,
            rows=self.room + 1,
        )
        taken = entries[: self.room]
        self._read(taken)
        if len(entries) > self.room:
            self.at = replace(self.at, xid=taken[-1]["xid"], entry=taken[-1]["id"])
        else:
            self.at = replace(self.at, xid=self.at.floor, entry=0, is_over=True)

    def _read(self, entries: Sequence[Row]) -> None:
        """Each object once, as it is now; what can't be seen any more has gone."""
        now = this_moment()
        for name, kind in self.kinds.items():
            ids = {entry["object_id"]: None for entry in entries if entry["kind"] == name}
            if ids:
                found = kind.some(self.actor, [*ids], now)
                self._add(name, found)
                for gone in ids.keys() - {row["id"] for row in found}:
                    self.changed[name].pop(gone, None)
                    self.gone.append({"kind": name, "id": gone})

    def _add(self, name: str, rows: Sequence[Row]) -> None:
        self.changed[name].update({row["id"]: row for row in rows})


def catch_up(actor: Actor, query: Query) -> dict[str, Any]:
    """What has changed since the cursor, or everything: `schemas.SyncSchema`."""
    at, reset = _where_to_go_on(actor, query["cursor"])
    answer = _Answer(actor, at, query["limit"])
    answer.walk()
    answer.follow()
    return {
        "reset": reset,
        "changed": {kind: [*rows.values()] for kind, rows in answer.changed.items()},
        "gone": answer.gone,
        "cursor": cursors.write(answer.at),
        "more": not answer.at.is_over,
    }


# --- clearing away -----------------------------------------------------------------------------

_BATCH = 5_000


def mark(now: Moment) -> None:
    """Note how far the transactions have come by now: entries themselves have no clock."""
    (head,) = HEAD.rows()
    known = db.session().get(SyncMark, head["floor"])
    if known is None:
        db.session().add(SyncMark(xid=head["floor"], taken_at=now.at))
    else:
        known.taken_at = now.at


def forget_before(now: Moment) -> bool:
    """Remove some entries that no cursor can ask for any more; whether there may be others."""
    oldest = (
        sa.select(sa.func.max(SyncMark.xid))
        .where(SyncMark.taken_at < now.at - KEPT_FOR)
        .scalar_subquery()
    )
    some = sa.select(SyncEntry.id).where(SyncEntry.xid < oldest).limit(_BATCH)
    removed = db.connection().execute(sa.delete(SyncEntry).where(SyncEntry.id.in_(some)))
    db.connection().execute(sa.delete(SyncMark).where(SyncMark.xid < oldest))
    return removed.rowcount == _BATCH
