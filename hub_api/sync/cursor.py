"""How far a phone has caught up, written so that only the hub reads it.

It is not signed: whoever writes one of their own moves only their own place in what they may see
anyway. It holds no name, no address and no id of a person.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson

from hub_api.synced import Moment

LONGEST = 2_000
"""Characters of a cursor, with room."""

_VERSION = 1
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")
_STEP = re.compile(r"(all|passed):[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a round of catching up; a round begins with a snapshot and ends with `is_over`."""

    scope: str
    """A fingerprint of who asks, what they may see, and the shapes of it."""
    place: str
    """A fingerprint of the course of changes that the numbers are of."""
    floor: int
    """Every transaction below it was over when the round began: the next round begins there."""
    began: Moment
    before: Moment
    """When the round before began: what time has changed since is sent."""
    steps: tuple[str, ...] = ()
    """What is to be walked through before the changes: `all:<kind>`, `passed:<kind>`."""
    after: UUID | None = None
    """The last object sent of the first step."""
    xid: int = 0
    entry: int = 0
    """With `xid`, the last change sent."""
    is_over: bool = False


def write(cursor: Cursor) -> str:
    """The opaque form of a cursor."""
    parts = [
        _VERSION,
        cursor.scope,
        cursor.place,
        cursor.floor,
        [cursor.began.day, cursor.began.at],
        [cursor.before.day, cursor.before.at],
        cursor.steps,
        cursor.after,
        cursor.xid,
        cursor.entry,
        cursor.is_over,
    ]
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def read(text: str) -> Cursor | None:
    """The cursor behind its opaque form; None for one of another version of the hub.

    Raises `ValueError` for anything else.
    """
    if len(text) > LONGEST or not text.isascii():
        raise ValueError("not a cursor of ours")
    padded = text + "=" * (-len(text) % 4)
    parts = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    if not isinstance(parts, list) or not parts:
        raise ValueError("not a cursor of ours")
    if _number(parts[0]) != _VERSION:
        return None
    _, scope, place, floor, began, before, steps, after, xid, entry, is_over = parts
    if len(_list(steps)) > len({*map(_text, steps)}):
        # Each step costs a statement or more.
        raise ValueError("a step twice")
    return Cursor(
        scope=_matching(_FINGERPRINT, scope),
        place=_matching(_FINGERPRINT, place),
        floor=_number(floor),
        began=_moment(began),
        before=_moment(before),
        steps=tuple(_matching(_STEP, step) for step in _list(steps)),
        after=None if after is None else UUID(_text(after)),
        xid=_number(xid),
        entry=_number(entry),
        is_over=_number(is_over) == 1,
    )


def _number(found: Any) -> int:
    if not isinstance(found, int) or not 0 <= found < 2**63:
        raise ValueError("not a number of ours")
    return int(found)


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise ValueError("not a text")
    return found


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise ValueError("not a list")
    return found


def _matching(pattern: re.Pattern[str], found: Any) -> str:
    if not pattern.fullmatch(_text(found)):
        raise ValueError("not of ours")
    return str(found)


def _moment(found: Any) -> Moment:
    day, at = _list(found)
    instant = datetime.fromisoformat(_text(at))
    if instant.tzinfo is None or not 2000 < instant.year < 2200:
        raise ValueError("not an instant of ours")
    return Moment(date.fromisoformat(_text(day)), instant.astimezone(UTC))
