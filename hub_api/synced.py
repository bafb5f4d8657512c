"""What a phone may keep a copy of: slices declare their own, and `sync` sends what has changed.

A declaration repeats nothing of the slice: the rows are those of its own list, by its own select
and `visible_to()`. That a row has changed is written down by a trigger, which also says for whom
(migration 0022).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api import clock, db
from hub_api.reads import Page, parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.access import Actor, Permission
    from hub_api.reads import PageArgs, Read, Row

SINCE_DAY = parameter("since_day", sa.Date())
"""The day in London on which the phone last caught up."""
SINCE = parameter("since", db.UtcDateTime())
"""The instant, for a `passing` select."""
NOW = parameter("now", db.UtcDateTime())


@dataclass(frozen=True, slots=True)
class Moment:
    """A day in London and the instant it was taken from."""

    day: date
    at: datetime


def this_moment() -> Moment:
    """Now."""
    return Moment(clock.london_today(), clock.now())


def _as_read(rows: Sequence[Row]) -> None:
    """Most rows are shown as they were read."""


@dataclass(frozen=True, slots=True)
class Synced:
    """One kind of object: its table's name, who may list it, and how it is listed.

    Some of what is shown changes with time alone. `is_dated` is for few objects that show who is
    where today: all of them are sent again on a new day. `passing` reads those, of many, that look
    otherwise now than at `SINCE` or on `SINCE_DAY`.
    """

    kind: str
    permission: Permission
    read: Read
    is_dated: bool = False
    passing: Read | None = None
    passes_daily: bool = False
    """Whether what is `passing` changes at midnight only, and not at any instant."""
    finish: Callable[[Sequence[Row]], None] = _as_read
    """What the list does to its rows once they are read."""

    def some(self, actor: Actor, ids: Sequence[UUID], now: Moment) -> list[Row]:
        """Those of these objects that the actor may see."""
        found = self.read.some(actor, ids, now=now.at)
        self.finish(found)
        return found

    def all(self, actor: Actor, page: PageArgs, now: Moment) -> Page:
        """All of them, newest first, page by page."""
        return self._page(self.read, actor, page, {"now": now.at})

    def passed(self, actor: Actor, page: PageArgs, since: Moment, now: Moment) -> Page:
        """Those that time has changed, newest first, page by page."""
        if self.passing is None:
            return Page([], None)
        values: dict[str, Any] = {"now": now.at, "since": since.at, "since_day": since.day}
        return self._page(self.passing, actor, page, values)

    def _page(self, read: Read, actor: Actor, page: PageArgs, values: dict[str, Any]) -> Page:
        found = read.page(actor, page, **values)
        self.finish(found.rows)
        return found
