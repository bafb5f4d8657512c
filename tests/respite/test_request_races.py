"""Two people, or a person and the clock, deciding on one request at the same moment.

Each race has its control: the same two steps with the guards off, in the order that does harm, must
end with both of them done, or the race proves nothing.
"""

import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hub_api import clock, db
from hub_api.access import Role
from hub_api.constellations import service as constellations
from hub_api.respite import requests
from hub_api.respite.jobs import expire_requests
from hub_api.respite.models import RespiteRequest
from hub_api.sleepovers import service as sleepovers
from tests.factories.requests import LONG, WHY, held, liaison, path_of, stay
from tests.phone import Phone
from tests.respite.test_races import MOST_IN_ONE_BED, all_at_once, key_off, mutex_off

ROUNDS = int(os.environ.get("RACE_ROUNDS", "20"))
WITHDRAW = {"reason": "no_longer_needed"}

WRONG = """
    select r.id from respite_requests r
      left join sleepovers s on s.request_id = r.id and s.state = 'confirmed'
      left join bed_nights n on n.request_id = r.id
     group by r.id
    having (r.state = 'accepted') <> (count(s.id) > 0)
        or (r.state in ('accepted', 'awaiting_approval')) <> (count(n.night) > 0)
        or (count(n.night) > 0 and r.nights <> array_agg(n.night order by n.night))
        or bool_or(n.night is not null and n.sleepover_id is null)
            <> (r.state = 'awaiting_approval')
"""
"""Requests whose state, sleepovers and nights don't say the same. One child each."""

DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"


def step(phone: Phone, request: dict[str, Any], verb: str, body: Any = None) -> Callable[[], Any]:
    """A step on the version of a request that was seen."""
    seen = f'"{request["version"]}"'
    if verb == "change":
        return lambda: phone.send("PATCH", path_of(request), body, If_Match=seen)
    return lambda: phone.post(f"{path_of(request)}/{verb}", body, If_Match=seen)


@pytest.fixture
def run_rounds(rows, owner) -> Callable[[Callable[[], list[Callable[[], Any]]]], None]:
    """Race after race, each in an empty house: one step is done, the other refused, and nothing is
    half done or done twice."""

    def run(prepare: Callable[[], list[Callable[[], Any]]]) -> None:
        before = rows(DEADLOCKS)
        for _ in range(ROUNDS):
            _one_round(prepare, rows)
            empty(owner)
        assert rows(DEADLOCKS) == before

    return run


def empty(owner: sa.Engine) -> None:
    """The same days again."""
    with owner.begin() as connection:
        connection.execute(sa.text("truncate respite_requests cascade"))


def _one_round(prepare: Callable[[], list[Callable[[], Any]]], rows: Any) -> None:
    answers = all_at_once(prepare())
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == 1, [answer.json for answer in answers]
    assert {*statuses} <= {200, 409, 412}
    assert rows(WRONG) == []
    assert {row.count for row in rows(MOST_IN_ONE_BED)} <= {1}


@pytest.fixture
def guards_off(monkeypatch) -> Callable[[str, list[Callable[[], Any]]], list[Any]]:
    """Take two steps without mutex, row lock and version; both have looked before either writes,
    and the one that leads to this state writes last."""

    def run(last: str, steps: list[Callable[[], Any]]) -> list[Any]:
        looked, first_is_done = threading.Barrier(2), threading.Event()
        move = RespiteRequest._move

        def move_in_order(self, to, *expected):
            move(self, to, *expected)
            looked.wait(20)
            if to == last:
                first_is_done.wait(20)

        def first() -> Any:
            answer = steps[0]()
            first_is_done.set()
            return answer

        mapper = sa.inspect(RespiteRequest)
        with monkeypatch.context() as patch:
            patch.setattr(constellations, "lock_hub_home", lambda _: None)
            patch.setattr(db, "lock", lambda row: db.session().refresh(row))
            patch.setattr(requests, "refuse_once_begun", lambda _: None)
            patch.setattr(mapper, "version_id_col", None)
            patch.setattr(mapper, "_memoized_values", {})
            patch.setattr(RespiteRequest, "_move", move_in_order)
            return all_at_once([first, steps[1]])

    return run


class TestAcceptOrWithdraw:
    def test_one_of_them(self, world, run_rounds):
        hub, carer = world.hub_carer, world.carer

        def prepare():
            request = world.asked(**stay(7))
            return [step(hub, request, "accept"), step(carer, request, "withdraw", WITHDRAW)]

        run_rounds(prepare)

    def test_both_without_the_guards(self, world, rows, guards_off):
        request = world.asked()
        steps = [
            step(world.hub_carer, request, "accept"),
            step(world.carer, request, "withdraw", WITHDRAW),
        ]
        assert [a.status_code for a in guards_off("withdrawn", steps)] == [200, 200]
        assert len(rows(WRONG)) == 1


class TestAcceptOrChange:
    def test_one_of_them(self, world, run_rounds):
        hub, carer = world.hub_carer, world.carer

        def prepare():
            request = world.asked(**stay(7))
            later = stay(8)
            return [step(hub, request, "accept"), step(carer, request, "change", later)]

        run_rounds(prepare)

    def test_both_without_the_guards(self, world, rows, guards_off):
        request = world.asked()
        steps = [
            step(world.hub_carer, request, "accept"),
            step(world.carer, request, "change", stay(8)),
        ]
        assert [a.status_code for a in guards_off("submitted", steps)] == [200, 200]
        assert len(rows(WRONG)) == 1


class TestApproveOrWithdraw:
    def test_one_of_them(self, world, run_rounds):
        worker, carer = liaison(world), world.carer

        def prepare():
            request = held(world, **stay(7, LONG))
            return [
                step(worker, request, "approve", {"reason": WHY}),
                step(carer, request, "withdraw", WITHDRAW),
            ]

        run_rounds(prepare)

    def test_both_without_the_guards(self, world, rows, guards_off):
        request = held(world)
        steps = [
            step(liaison(world), request, "approve", {"reason": WHY}),
            step(world.carer, request, "withdraw", WITHDRAW),
        ]
        assert [a.status_code for a in guards_off("withdrawn", steps)] == [200, 200]
        assert len(rows(WRONG)) == 1


EXPIRED = {(409, "expired"), (412, "expired")}
WAITING = """
    select 1 from pg_locks join pg_stat_activity using (pid)
     where datname = current_database() and not granted
"""
"""Whoever stands waiting for another's lock."""


@pytest.mark.usefixtures("worker")
class TestAcceptOrExpire:
    """The hub carer says yes in the last second, and the worker's run comes with the next.

    Each has a clock of its own that stands still, so that neither is ever too early or too late.
    """

    @pytest.fixture
    def steps(self, world, overdue, rows, monkeypatch) -> Callable[[], dict[str, Any]]:
        clocks, real = threading.local(), clock.now
        monkeypatch.setattr(clock, "now", lambda: getattr(clocks, "stands_at", None) or real())

        def at(instant: datetime, job: Callable[[], Any]) -> Callable[[], Any]:
            def run() -> Any:
                clocks.stands_at = instant
                return job()

            return run

        def prepare() -> dict[str, Any]:
            request = world.asked(**stay(7))
            overdue(request, timedelta(minutes=1))
            (due,) = rows("select expires_at as at from respite_requests")
            accept = step(world.hub_carer, request, "accept")
            return {
                "accept": at(due.at - timedelta(seconds=1), accept),
                "expire": at(due.at, lambda: expire_requests(0)),
            }

        return prepare

    def test_the_first_of_them(self, steps, rows, owner, monkeypatch):
        before = rows(DEADLOCKS)
        for number in range(ROUNDS):
            first, second = ("accept", "expire") if number % 2 else ("expire", "accept")
            racing = steps()
            with monkeypatch.context() as patch:
                jobs = in_turn(patch, rows, racing[first], racing[second])
                answers = dict(zip((first, second), all_at_once(jobs), strict=True))
            (found,) = rows("select state from respite_requests")
            ended = (answers["accept"].status_code, found.state)
            assert ended in ({(200, "accepted")} if first == "accept" else EXPIRED)
            assert rows(WRONG) == []
            empty(owner)
        assert rows(DEADLOCKS) == before

    def test_both_without_the_guards(self, steps, rows, guards_off):
        accepted, _ = guards_off("expired", [*steps().values()])
        assert accepted.status_code == 200
        assert len(rows(WRONG)) == 1


def in_turn(patch: Any, rows: Any, *jobs: Callable[[], Any]) -> list[Callable[[], Any]]:
    """The second has looked before the first has the hub home's lock, and waits for it then."""
    lock, is_first = constellations.lock_hub_home, threading.local()
    looked, locked = threading.Event(), threading.Event()

    def lock_in_turn(hub_home_id: Any) -> None:
        if hasattr(is_first, "here"):
            looked.wait(20)
            lock(hub_home_id)
            locked.set()
            until = time.monotonic() + 20
            while not rows(WAITING) and time.monotonic() < until:
                time.sleep(0.005)
            assert rows(WAITING)
        else:
            looked.set()
            locked.wait(20)
            lock(hub_home_id)

    def first() -> Any:
        is_first.here = True
        return jobs[0]()

    patch.setattr(constellations, "lock_hub_home", lock_in_turn)
    return [first, *jobs[1:]]


class TestTwoHubCarersAndTheLastBed:
    @pytest.fixture
    def steps(self, world, grant) -> Callable[[], list[Callable[[], Any]]]:
        """Two hub carers say yes to two children for the one bed."""
        grant(world.here.neighbours.carer, Role.HUB_CARER, constellation_id=world.here.id)
        phones = [world.hub_carer, world.phone(world.here.neighbours.carer)]
        children = [str(child) for child in world.here.family.children]

        def prepare() -> list[Callable[[], Any]]:
            asked = [world.asked(children=[child], **stay(7)) for child in children]
            return [
                step(phone, request, "accept") for phone, request in zip(phones, asked, strict=True)
            ]

        return prepare

    def test_one_of_them(self, steps, run_rounds):
        run_rounds(steps)

    def test_both_without_mutex_and_key(self, steps, rows, owner, monkeypatch):
        pair, looked, examine = steps(), threading.Barrier(2), sleepovers.examine

        def look(*args: Any) -> Any:
            found = examine(*args)
            looked.wait(20)
            return found

        with mutex_off(monkeypatch), key_off(owner, "uq_bed_night"):
            with monkeypatch.context() as patch:
                patch.setattr(sleepovers, "examine", look)
                answers = all_at_once(pair)
            assert [answer.status_code for answer in answers] == [200, 200]
            assert rows(MOST_IN_ONE_BED)[0].count == 2
