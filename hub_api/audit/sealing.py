"""Sealing finished events into the chain: the worker's, every few seconds.

Finished is an event below the oldest transaction that still runs: everything below it has either
been committed, and is seen, or never will be. So the chain grows in order of `(xid, id)`, nothing
can slip in behind its head, and sealing goes on where it stopped without looking back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
import structlog

from hub_api import clock, db, jobs
from hub_api.audit import anchor
from hub_api.audit.anchor import Head
from hub_api.audit.chain import EVENT_AS_TEXT, START, mac_of, microseconds
from hub_api.audit.models import AuditSeal

if TYPE_CHECKING:
    from pathlib import Path

    from hub_api.data_keys import Ring

log = structlog.get_logger(__name__)

BATCH = 500
"""Events of one transaction."""

_ONE_SEALER = sa.text("select pg_try_advisory_xact_lock(hashtextextended('hub.audit_seals', 0))")
_HEAD = sa.text(
    "select seq, mac, sealed_at, xid, event_id from audit_seals order by seq desc limit 1"
)
_FINISHED = sa.text(f"""
    select {EVENT_AS_TEXT} from audit_events e
     where (e.xid, e.id) > (:xid, cast(:event_id as uuid))
       and e.xid < (pg_snapshot_xmin(pg_current_snapshot())::text)::bigint
     order by e.xid, e.id limit :batch
""")  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the chain ends: its head, and the event that was sealed last."""

    head: Head
    xid: int
    event_id: UUID


class Sealer:
    """Seals what is finished and anchors the head. As many as you like; one works at a time."""

    def __init__(self, ring: Ring, anchor_path: Path, batch: int = BATCH) -> None:
        self._ring = ring
        self._anchor_path = anchor_path
        self._batch = batch

    def seal_finished(self) -> int:
        """Seal everything that is finished; returns how many events that were.

        The head is anchored first: what a worker sealed and died before anchoring is made up for,
        and there is an anchor before there is a seal.
        """
        last = anchor.last(self._anchor_path)  # before the chain, which only ever grows
        with jobs.transaction():
            head = _place().head
        if last is not None and (
            last.seq > head.seq or (last.seq == head.seq and last.mac != head.mac)
        ):
            log.error("audit_chain_behind_anchor", anchored=last.seq, found=head.seq)
        self._anchor(head)
        total = 0
        while True:
            with jobs.transaction():
                sealed = self._seal_some()
            if not sealed:
                return total
            self._anchor(sealed[-1])
            total += len(sealed)
            if len(sealed) < self._batch:
                return total

    def _seal_some(self) -> list[Head]:
        """One batch, in the running transaction; nothing while somebody else seals."""
        if not db.session().scalar(_ONE_SEALER):
            return []
        place = _place()
        events = db.session().execute(
            _FINISHED, {"xid": place.xid, "event_id": place.event_id, "batch": self._batch}
        )
        now, key_id = clock.now(), self._ring.current_id
        key, mac = self._ring.key(key_id), place.head.mac
        rows: list[dict[str, Any]] = []
        for seq, event in enumerate(events, place.head.seq + 1):
            mac = mac_of(
                key,
                mac,
                seq=seq,
                key_id=key_id,
                sealed_at=microseconds(now),
                event=tuple(event),
            )
            row = {"seq": seq, "event_id": UUID(event.id), "xid": int(event.xid), "mac": mac}
            rows.append({**row, "key_id": key_id, "sealed_at": now})
        if rows:
            db.session().execute(sa.insert(AuditSeal), rows)
        return [Head(row["seq"], row["mac"], now.isoformat()) for row in rows]

    def _anchor(self, head: Head) -> None:
        """Add the head, unless it or a later one is there."""
        last = anchor.last(self._anchor_path)
        if last is None or last.seq < head.seq:
            anchor.append(self._anchor_path, head)


def _place() -> _Place:
    found = db.session().execute(_HEAD).one_or_none()
    if found is None:
        return _Place(Head(0, START, "-"), -1, UUID(int=0))
    head = Head(found.seq, bytes(found.mac), found.sealed_at.isoformat())
    return _Place(head, found.xid, found.event_id)
