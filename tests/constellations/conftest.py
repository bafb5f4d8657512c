"""What the tests of constellations have in common."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, time, timedelta
from typing import Any

import pytest
import time_machine

from hub_api import changes, clock
from hub_api.access import Role
from hub_api.constellations.changes import BedEnds, NightsBlocked
from hub_api.errors import Conflict
from tests.phone import Phone


@pytest.fixture
def manager(world) -> Phone:
    """The programme manager."""
    return world.phone(world.staff[Role.PROGRAMME_MANAGER])


@pytest.fixture
def liaison(world) -> Phone:
    """The liaison worker here."""
    return world.phone(world.here.liaison_worker)


@pytest.fixture
def here(world) -> str:
    """The path of the constellation here."""
    return f"/constellations/{world.here.id}"


@pytest.fixture
def next_door(world) -> str:
    """The path of the other constellation."""
    return f"/constellations/{world.elsewhere.id}"


@pytest.fixture
def audited(rows) -> Callable[[], list[str]]:
    """What was done according to the audit trail, in order."""

    def read() -> list[str]:
        found = rows(
            "select action from audit_events where action not like 'session:%' order by id"
        )
        return [row.action for row in found]

    return read


def day(days: int) -> str:
    """So many days from today, as it is sent."""
    return (clock.london_today() + timedelta(days=days)).isoformat()


def date_in(days: int) -> date:
    """So many days from today."""
    return clock.london_today() + timedelta(days=days)


def outcome(answer: Any) -> tuple[int, str | None]:
    """The status of an answer, and the code of its problem if it is one."""
    return answer.status_code, (answer.json or {}).get("code")


@contextmanager
def heard(kind: type[Any], *, refuses: bool = False) -> Iterator[list[Any]]:
    """The changes of a kind that are announced in here; on request all are refused, as somebody
    who knows of stays ahead would."""
    found: list[Any] = []

    def listen(change: Any) -> None:
        found.append(change)
        if refuses:
            code = "nights_booked" if kind in (BedEnds, NightsBlocked) else "stays_ahead"
            raise Conflict("Children are expected.", code=code)

    changes.on(kind)(listen)
    try:
        yield found
    finally:
        changes._listeners[kind].remove(listen)


def seq_of(rows: Any, hub_home: Any) -> int:
    """How often the mutex of a hub home was taken."""
    (row,) = rows("select seq from hub_homes where id = :id", id=hub_home)
    return row.seq


@contextmanager
def one_in_the_morning() -> Iterator[None]:
    """Tomorrow at one o'clock, when the night that begins today is not over."""
    at = clock.london_instant(date_in(1), time(1))
    with time_machine.travel(at, tick=False):
        yield
