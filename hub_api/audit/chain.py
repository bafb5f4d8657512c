"""The chain of seals, as plain arithmetic: what a seal covers, and what is wrong with a chain.

A seal is HMAC-SHA256 over the seal before it, its own number, key and time, and every column of its
event. Without the key no seal can be made; with it, a rewritten chain differs from the heads that
were anchored outside the database (security.md, Audit).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

START = bytes(32)
"""What stands before the first seal, as seal 0."""

EVENT_COLUMNS = (
    "id",
    "xid",
    "at",
    "actor_id",
    "action",
    "outcome",
    "subject_id",
    "constellation_id",
    "request_id",
    "changed",
    "hidden_from",
)
"""Every column of an event, in the order in which a seal covers them."""

IN_MICROSECONDS = "trim_scale(extract(epoch from {column}) * 1000000)::text"
"""An instant as text that depends on no setting, and that can say `Infinity`."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(at: datetime) -> str:
    """What `IN_MICROSECONDS` makes of an instant."""
    return str((at - _EPOCH) // timedelta(microseconds=1))


EVENT_AS_TEXT = ", ".join(
    IN_MICROSECONDS.format(column="e.at") if column == "at" else f"e.{column}::text"
    for column in EVENT_COLUMNS
)
"""SQL for the columns of an event `e` as a seal covers them: the database's own words, so that a
value no program of ours could hold is told and doesn't stop the telling."""

EventText = tuple[str | None, ...]
"""An event's columns as text, in the order of `EVENT_COLUMNS`."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A stored seal with the event it stands for; `event` is None when that is gone."""

    seq: int
    event_id: str
    xid: int
    key_id: int
    mac: bytes
    sealed_at: str
    """Microseconds since 1970, as text."""
    event: EventText | None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the trail: a stable kind, and a line for the operator."""

    kind: str
    words: str


def mac_of(
    key: bytes, before: bytes, *, seq: int, key_id: int, sealed_at: str, event: EventText
) -> bytes:
    """The 32 bytes of a seal. JSON keeps apart what stands side by side.

    Most events are hidden from nobody, and those that were sealed before any could be are sealed
    without the last column: where it is empty it is left out.
    """
    written = event if event[-1] is not None else event[:-1]
    covered = orjson.dumps([seq, key_id, sealed_at, *written])
    return hmac.digest(key, before + covered, "sha256")


def problems(
    seals: Iterable[Seal],
    anchored: Mapping[int, bytes],
    key_of: Callable[[int], bytes | None],
) -> Iterator[Problem]:
    """Walk the chain in order of `seq` and say everything that is wrong with it.

    `anchored` are heads by `seq`. A chain may be longer than its anchor, because the anchor is
    written after the commit; it may not be shorter, and not differ.
    """
    last_seq, last_mac, place = 0, START, (-1, "")
    if anchored.get(0, START) != START:
        yield Problem("anchor_differs", "the anchor's first line was changed")
    for seal in seals:
        if seal.seq != last_seq + 1:
            yield _gap(last_seq, seal.seq)
        else:
            yield from _broken(seal, last_mac, key_of(seal.key_id))
        if (seal.xid, seal.event_id) <= place:
            yield Problem(
                "out_of_order", f"seal {seal.seq} of event {seal.event_id} is out of order"
            )
        if anchored.get(seal.seq, seal.mac) != seal.mac:
            yield Problem(
                "anchor_differs",
                f"seal {seal.seq} of event {seal.event_id} is not the one that was anchored: "
                "the chain was written anew",
            )
        last_seq, last_mac, place = seal.seq, seal.mac, (seal.xid, seal.event_id)
    furthest = max(anchored, default=0)
    if furthest > last_seq:
        yield Problem(
            "tail_cut", f"the chain ends at seal {last_seq}, but seal {furthest} was anchored"
        )


def _gap(last_seq: int, seq: int) -> Problem:
    missing = f"{last_seq + 1} to {seq - 1}" if seq - last_seq > 2 else f"{last_seq + 1}"
    return Problem("seal_missing", f"seal {missing} is gone, before seal {seq}")


def _broken(seal: Seal, before: bytes, key: bytes | None) -> Iterator[Problem]:
    """Whether one seal and its event are what they were when it was sealed."""
    name = f"event {seal.event_id}, sealed as {seal.seq},"
    if seal.event is None:
        yield Problem("event_missing", f"{name} is gone")
    elif key is None:
        yield Problem(
            "key_unknown", f"{name} names key {seal.key_id}, which the secrets file doesn't hold"
        )
    elif (str(seal.event_id), str(seal.xid)) != seal.event[:2] or not hmac.compare_digest(
        mac_of(
            key,
            before,
            seq=seal.seq,
            key_id=seal.key_id,
            sealed_at=seal.sealed_at,
            event=seal.event,
        ),
        seal.mac,
    ):
        yield Problem("event_changed", f"{name} is not what was sealed, or its seal was changed")
