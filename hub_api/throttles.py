"""Throttles: how often somebody may do something, counted in the database for all processes.

Each throttle is one row that remembers when it will be empty again (the generic cell rate
algorithm). It lets `quota` attempts through at once and then one at a time, so it slows and never
locks out. Its key is a fingerprint: a row says nothing about whom it is for.
"""

from __future__ import annotations

import hashlib
import math
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock, db, settings
from hub_api.db import Base
from hub_api.errors import TooManyRequests


class Throttle(Base):
    """A throttle that has been used, by the fingerprint of what it is for."""

    __tablename__ = "throttles"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    empty_at: Mapped[datetime]
    """When it will have forgotten every attempt so far."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many attempts in so much time."""

    name: str
    quota: int
    window: timedelta

    @property
    def interval(self) -> timedelta:
        """The time in which one attempt is forgotten."""
        return self.window / self.quota


@dataclass(frozen=True, slots=True)
class Taken:
    """How a throttle stands after an attempt."""

    limit: Limit
    remaining: int
    seconds: int
    """Until there is room for another attempt, or for all of them when none was refused."""


_taken: ContextVar[tuple[Taken, ...]] = ContextVar("hub_throttles_taken", default=())


def begin() -> None:
    """Start a request: nothing has been counted yet."""
    _taken.set(())


def taken() -> tuple[Taken, ...]:
    """What the running request has been counted against."""
    return _taken.get()


def take(*limits: tuple[Limit, str]) -> None:
    """Count an attempt of somebody against each limit, for good: it outlives a refusal.

    To be called before anything else is written. Raises `TooManyRequests` when there is no room in
    one of them; it is then counted against none.
    """
    for number, (limit, who) in enumerate(limits):
        try:
            _take(limit, who)
        except TooManyRequests:
            give_back(*limits[:number])
            db.keep()
            raise


def _take(limit: Limit, who: str) -> None:
    now = clock.now()
    key = _key(limit, who)
    values = {"key": key, "now": now, "interval": limit.interval, "window": limit.window}
    empty_at: datetime | None = db.connection().execute(_TAKE, values).scalar()
    db.keep()
    if empty_at is None:
        wait = _wait(limit, key, now)
        _note(limit, 0, wait)
        raise TooManyRequests(max(1, math.ceil(wait.total_seconds())), limit=limit.name)
    room = limit.window - (empty_at - now)
    _note(limit, room // limit.interval, empty_at - now)


def give_back(*limits: tuple[Limit, str]) -> None:
    """Uncount an attempt that turned out well: only failures slow anybody down."""
    for limit, who in limits:
        values = {"key": _key(limit, who), "interval": limit.interval}
        db.connection().execute(_GIVE_BACK, values)


def forget_empty() -> None:
    """Remove the throttles that have forgotten everything."""
    db.connection().execute(sa.delete(Throttle).where(Throttle.empty_at < clock.now()))


# Further ahead than the window only a clock that has been set back can put it: such a row begins
# anew, or a carer would be kept out until the clock has caught up.
_BEGINS = "case when t.empty_at > :now + 2 * :window then :now else greatest(t.empty_at, :now) end"
_TAKE = sa.text(f"""
    insert into throttles as t (key, empty_at) values (:key, :now + :interval)
    on conflict (key) do update set empty_at = {_BEGINS} + :interval
     where {_BEGINS} + :interval <= :now + :window
    returning empty_at
""")  # noqa: S608 - our own words
_GIVE_BACK = sa.text("update throttles set empty_at = empty_at - :interval where key = :key")
_EMPTY_AT = sa.select(Throttle.empty_at).where(Throttle.key == sa.bindparam("key"))


def writes() -> Limit:
    """How much one account may change: what a runaway phone runs into."""
    return Limit("writes", settings.current().writes_allowed, timedelta(minutes=5))


def _key(limit: Limit, who: str) -> bytes:
    return hashlib.sha256(f"{limit.name}\0{who}".encode()).digest()


def _wait(limit: Limit, key: bytes, now: datetime) -> timedelta:
    """How long until there is room for one attempt."""
    empty_at: datetime = db.connection().execute(_EMPTY_AT, {"key": key}).scalar_one()
    return empty_at + limit.interval - limit.window - now


def _note(limit: Limit, remaining: int, wait: timedelta) -> None:
    seconds = max(0, math.ceil(wait.total_seconds()))
    _taken.set((*_taken.get(), Taken(limit, remaining, seconds)))
