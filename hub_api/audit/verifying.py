"""Is the audit trail what was written? Every seal, event and anchored head is looked at.

Runs as the worker, which reads all and changes nothing, while the hub goes on working.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import chain as one_after_another
from itertools import islice
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import data_keys, db
from hub_api.audit import anchor
from hub_api.audit.chain import EVENT_AS_TEXT, IN_MICROSECONDS, Problem, Seal, problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from hub_api.data_keys import Ring
    from hub_api.settings import Settings

BATCH = 1000
MOST_REPORTED = 20
"""Problems named; who finds that many restores from a backup and doesn't read on."""

# Whole tables are walked, so no statement time-out.
_OPTIONS = "-csearch_path=public -ctimezone=UTC"

_SEALS = sa.text(f"""
    select s.seq, s.event_id::text, s.xid, s.key_id, s.mac,
           {IN_MICROSECONDS.format(column="s.sealed_at")}, {EVENT_AS_TEXT}
      from audit_seals s left join audit_events e on e.id = s.event_id
     where s.seq > :after order by s.seq limit :batch
""")  # noqa: S608 - our own words
_BELOW_ZERO = sa.text("select seq from audit_seals where seq < 1 order by seq limit :most")
_HEAD = """
    with head as materialized (
      select s.seq, s.xid, s.event_id, e.at
        from audit_seals s left join audit_events e on e.id = s.event_id
       order by s.seq desc limit 1)
"""
_SLIPPED_IN = sa.text(f"""{_HEAD}
    select e.id::text from audit_events e, head
     where (e.xid, e.id) <= (head.xid, head.event_id)
       and not exists (select from audit_seals s where s.event_id = e.id)
     order by e.xid, e.id limit :most
""")  # noqa: S608 - our own words
_IMPOSSIBLE = sa.text(f"""{_HEAD}
    select e.id::text from audit_events e left join head on true
     where ((e.xid, e.id) > (head.xid, head.event_id) or head.xid is null)
       and (e.xid >= (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint
            or e.at > now() + interval '10 minutes'
            or e.at < head.at - interval '1 hour'
            or abs(extract(epoch from e.at) * 1000
                   - ('x' || left(replace(e.id::text, '-', ''), 12))::bit(48)::bigint) > 600000)
     order by e.xid, e.id limit :most
""")  # noqa: S608 - our own words
"""Waiting events whose own marks can't be right: a transaction that hasn't begun, a time to come, a
time long before what was sealed, an id (a UUIDv7 tells its millisecond) made at another time."""

_WAITING = sa.text(f"""{_HEAD}
    select count(*) as events,
           coalesce(extract(
             epoch from now() - min(e.at) filter (where isfinite(e.at))), 0)::float as oldest
      from audit_events e left join head on true
     where (e.xid, e.id) > (head.xid, head.event_id) or head.xid is null
""")  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, and what was looked at."""

    problems: list[Problem]
    verified: int
    """Sealed events."""
    waiting: int
    oldest_waiting: float
    """Seconds; 0 when none waits."""
    unreadable_lines: int = 0


def verify(settings: Settings, anchors: Sequence[Path] = ()) -> Report:
    """Hold the trail to its seals and to its anchor, or to copies of it kept elsewhere.

    Raises `SettingsError` without a secrets file.
    """
    ring = data_keys.load_secrets(settings.data_keys_path).ring(data_keys.AUDIT)
    paths = anchors or [settings.audit_anchor_path]
    anchored = anchor.read(*paths)  # before the chain, which may only be ahead of it
    engine = db.make_engine(settings.required_database().worker, connections=1, options=_OPTIONS)
    try:
        with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            found = examine(connection, anchored.heads, ring)
    finally:
        engine.dispose()
    about_anchor = [*_about(anchored, paths, is_sealed=found.verified > 0)]
    return Report(
        [*about_anchor, *found.problems],
        found.verified,
        found.waiting,
        found.oldest_waiting,
        anchored.unreadable,
    )


def _about(
    anchored: anchor.Anchored, paths: Sequence[Path], *, is_sealed: bool
) -> Iterator[Problem]:
    if is_sealed and not anchored.heads:
        names = ", ".join(map(str, paths))
        yield Problem("anchor_missing", f"there are seals, but no anchor at {names}")
    if anchored.damaged:
        yield Problem("anchor_damaged", f"lines of the anchor were changed: {anchored.damaged}")
    for seq in sorted(anchored.contradicting)[:MOST_REPORTED]:
        yield Problem("anchor_differs", f"seal {seq} was anchored twice, and not alike")


def examine(connection: sa.Connection, anchored: Mapping[int, bytes], ring: Ring) -> Report:
    """Hold the database, as it is in this transaction, to these heads."""
    walk = _Walk(connection)
    found = one_after_another(
        problems(walk.seals(), anchored, partial(_key, ring)),
        _strays(connection),
    )
    named = [*islice(found, MOST_REPORTED)]
    waiting = connection.execute(_WAITING).one()
    return Report(named, walk.count, waiting.events, waiting.oldest)


def _key(ring: Ring, key_id: int) -> bytes | None:
    try:
        return ring.key(key_id)
    except data_keys.UnknownKey:
        return None


class _Walk:
    """Reads the chain from its first seal to its last, and counts."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self.count = 0

    def seals(self) -> Iterator[Seal]:
        after = 0
        while True:
            batch = self._connection.execute(_SEALS, {"after": after, "batch": BATCH}).all()
            for seq, event_id, xid, key_id, mac, sealed_at, *event in batch:
                text = tuple(event) if event[0] is not None else None
                yield Seal(seq, event_id, xid, key_id, bytes(mac), sealed_at, text)
                self.count += 1
            if len(batch) < BATCH:
                return
            after = batch[-1].seq


def _strays(connection: sa.Connection) -> Iterator[Problem]:
    """What no seal stands for and should, or can't be what it says."""
    most = {"most": MOST_REPORTED}
    for seq in connection.scalars(_BELOW_ZERO, most):
        yield Problem("seal_inserted", f"there is a seal {seq}, before the first")
    for event_id in connection.scalars(_SLIPPED_IN, most):
        yield Problem(
            "event_inserted", f"event {event_id} has no seal, though later ones have: it was put in"
        )
    for event_id in connection.scalars(_IMPOSSIBLE, most):
        yield Problem(
            "event_impossible",
            f"event {event_id} awaits its seal, and its time or transaction can't be right",
        )
