"""Both homes are reminded of what comes next, once for each time agreed."""

from datetime import date, datetime, time, timedelta
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock, db, jobs
from hub_api.sleepovers.jobs import raise_late_returns, remind
from tests.factories.requests import change, stay
from tests.phone import in_days
from tests.sleepovers.stays import act, arrival, begun, departure

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BOTH = ("carer", "hub_carer")


@pytest.fixture
def clock_strikes(settings, monkeypatch, rows, world):
    """Run the jobs at an instant as the worker; returns all of a category told so far, by whom."""
    engine = db.make_engine(settings.required_database().worker, connections=4)
    monkeypatch.setattr(jobs, "_engine", engine)
    people = {
        world.here.family.carer: "carer",
        world.here.hub_carer: "hub_carer",
        world.here.liaison_worker: "liaison_worker",
    }

    def run(at, category):
        with time_machine.travel(at, tick=False):
            remind(timestamp=0)
            raise_late_returns(timestamp=0)
        read = "select account_id from notifications where category = :category"
        return sorted(people[row.account_id] for row in rows(read, category=category))

    yield run
    engine.dispose()


def at_london(day: date, hour: int, minute: int = 0) -> datetime:
    return clock.london_instant(day, time(hour, minute))


def five_o_clock(booked) -> datetime:
    """On the day before a stay."""
    return at_london(clock.london_date(arrival(booked)) - DAY, 17)


class TestTomorrow:
    def test_is_told_to_both_homes_the_day_before_and_once(self, world, clock_strikes):
        at = five_o_clock(world.booked())
        told = lambda at: clock_strikes(at, "sleepover_tomorrow")  # noqa: E731 - said at once
        assert told(at - DAY) == told(at - MINUTE) == []
        assert told(at) == [*BOTH]
        assert told(at) == told(at + 5 * MINUTE) == told(at + 5 * HOUR) == told(at + DAY) == [*BOTH]

    def test_is_told_late_rather_than_not_at_all(self, world, clock_strikes):
        at = five_o_clock(world.booked())
        assert clock_strikes(at + 6 * HOUR, "sleepover_tomorrow") == [*BOTH]

    def test_is_not_told_once_it_is_today(self, world, clock_strikes):
        at = at_london(clock.london_date(arrival(world.booked())), 0)
        assert clock_strikes(at, "sleepover_tomorrow") == []

    def test_is_not_told_of_one_that_was_confirmed_a_moment_ago(self, world, clock_strikes):
        at = at_london(clock.london_today() + 3 * DAY, 18)
        with time_machine.travel(at, tick=False):
            world.booked(**stay(1))
        assert clock_strikes(at + HOUR, "sleepover_tomorrow") == []

    def test_is_not_told_of_one_that_was_cancelled(self, world, clock_strikes):
        booked = world.booked()
        at = five_o_clock(booked)
        act(world, booked, "cancel", {"reason": "child_unwell"}, at=at - HOUR)
        assert clock_strikes(at, "sleepover_tomorrow") == []

    def test_is_told_again_when_the_dates_have_changed(self, world, clock_strikes):
        booked = world.booked()
        at = five_o_clock(booked)
        assert clock_strikes(at, "sleepover_tomorrow") == [*BOTH]
        with time_machine.travel(at, tick=False):
            later = {"arrives_at": in_days(5), "departs_at": in_days(6, hour=10)}
            request = {"id": booked["request_id"]}
            answer = change(world.hub_carer, request, **later)
            assert answer.status_code == 200, answer.json
        assert clock_strikes(at + DAY, "sleepover_tomorrow") == [*BOTH]
        assert clock_strikes(at + 4 * DAY, "sleepover_tomorrow") == sorted([*BOTH] * 2)

    def test_leaves_the_version_that_was_seen(self, world, clock_strikes):
        booked = world.booked()
        clock_strikes(five_o_clock(booked), "sleepover_tomorrow")
        assert world.carer.get(f"/sleepovers/{booked['id']}").json["version"] == booked["version"]

    @pytest.mark.parametrize("change_of_clocks", [0, 1])
    @pytest.mark.parametrize("days", [0, 1])
    @pytest.mark.parametrize("hour", [0, 17, 23])
    def test_is_tomorrow_across_the_clock_changes(
        self, world, owner, clock_strikes, change_of_clocks, days, hour
    ):
        day = CHANGES[change_of_clocks] + days * DAY
        booked = world.booked()
        _move(owner, booked, at_london(day, hour, 30), at_london(day + DAY, 10))
        at = at_london(day - DAY, 17)
        assert clock_strikes(at - MINUTE, "sleepover_tomorrow") == []
        assert clock_strikes(at, "sleepover_tomorrow") == [*BOTH]


CHANGES = [
    day
    for day in (clock.london_today() + n * DAY for n in range(3, 373))
    if at_london(day + DAY, 0) - at_london(day, 0) != DAY
]
"""The next days on which clocks change."""


def _move(owner, booked, arrives_at, departs_at):
    with owner.begin() as connection:
        connection.execute(
            sa.text("update sleepovers set arrives_at = :a, departs_at = :d where id = :id"),
            {"a": arrives_at, "d": departs_at, "id": booked["id"]},
        )


class TestAHandover:
    def test_is_asked_for_when_the_child_should_be_there(self, world, clock_strikes):
        booked = world.booked()
        at = arrival(booked)
        assert clock_strikes(at - MINUTE, "handover_due") == []
        assert clock_strikes(at, "handover_due") == [*BOTH]
        assert clock_strikes(at + 5 * MINUTE, "handover_due") == [*BOTH]

    def test_is_not_asked_for_when_it_was_confirmed(self, world, clock_strikes):
        there = begun(world)
        assert clock_strikes(arrival(there) + MINUTE, "handover_due") == []

    def test_is_not_asked_for_when_it_is_long_ago(self, world, clock_strikes):
        assert clock_strikes(arrival(world.booked()) + 12 * HOUR, "handover_due") == []

    def test_is_not_asked_for_of_a_stay_that_was_cancelled(self, world, clock_strikes):
        booked = world.booked()
        body = {"reason": "did_not_come"}
        act(world, booked, "cancel", body, at=arrival(booked))
        assert clock_strikes(arrival(booked) + MINUTE, "handover_due") == []


class TestAReturn:
    def test_is_told_of_on_the_day_of_departure(self, world, clock_strikes):
        there = begun(world)
        at = at_london(clock.london_date(departure(there)), 8)
        assert clock_strikes(at - MINUTE, "return_due") == []
        assert clock_strikes(at, "return_due") == [*BOTH]
        assert clock_strikes(departure(there), "return_due") == [*BOTH]

    def test_is_told_of_at_the_time_when_that_is_earlier(self, world, owner, clock_strikes):
        there = begun(world)
        at = at_london(clock.london_date(departure(there)), 6)
        _move(owner, there, arrival(there), at)
        assert clock_strikes(at - MINUTE, "return_due") == []
        assert clock_strikes(at, "return_due") == [*BOTH]

    def test_is_not_told_of_before_the_child_came_or_after_it_went(self, world, clock_strikes):
        booked = world.booked()
        assert clock_strikes(departure(booked), "return_due") == []
        there = begun(world, **stay(20))
        act(world, there, "return", at=departure(there) - MINUTE)
        assert clock_strikes(departure(there), "return_due") == []

    def test_is_told_of_again_when_the_stay_was_extended(self, world, clock_strikes):
        there = begun(world)
        at = at_london(clock.london_date(departure(there)), 8)
        assert clock_strikes(at, "return_due") == [*BOTH]
        longer = {"departs_at": (departure(there) + DAY).isoformat()}
        assert act(world, there, "extend", longer, at=at).status_code == 200
        assert clock_strikes(at + 5 * MINUTE, "return_due") == [*BOTH]
        assert clock_strikes(at + DAY, "return_due") == sorted([*BOTH] * 2)

    @pytest.mark.parametrize("change_of_clocks", [0, 1])
    def test_is_told_of_at_eight_across_the_clock_changes(
        self, world, owner, clock_strikes, change_of_clocks
    ):
        day, there = CHANGES[change_of_clocks], begun(world)
        _move(owner, there, arrival(there), at_london(day, 10))
        assert clock_strikes(at_london(day, 7, 59), "return_due") == []
        assert clock_strikes(at_london(day, 8), "return_due") == [*BOTH]


class TestALateReturn:
    def test_is_told_to_both_homes_and_the_liaison_worker_once(self, world, clock_strikes, rows):
        there = begun(world)
        at = departure(there) + HOUR
        assert clock_strikes(at, "return_late") == []
        everybody = sorted([*BOTH, "liaison_worker"])
        assert clock_strikes(at + MINUTE, "return_late") == everybody
        assert clock_strikes(at + 6 * MINUTE, "return_late") == everybody
        read = "select distinct severity from notifications where category = 'return_late'"
        assert [row.severity for row in rows(read)] == ["urgent"]

    def test_is_not_told_when_the_child_is_home(self, world, clock_strikes):
        """One that came home late is looked into, and nobody needs to ring any more."""
        there = begun(world)
        act(world, there, "return", at=departure(there) + 2 * HOUR)
        assert clock_strikes(departure(there) + 3 * HOUR, "return_late") == []


class TestTwoJobsAtOnce:
    def test_tell_once(self, world, clock_strikes):
        at = five_o_clock(world.booked())
        ready = Barrier(3)

        def run():
            ready.wait()
            remind(timestamp=0)

        with time_machine.travel(at, tick=False):
            running = [Thread(target=run) for _ in range(3)]
            for thread in running:
                thread.start()
            for thread in running:
                thread.join()
        assert clock_strikes(at, "sleepover_tomorrow") == [*BOTH]

    def test_one_that_was_killed_in_the_middle_leaves_it_to_the_next(
        self, world, clock_strikes, monkeypatch
    ):
        from hub_api.sleepovers import homes

        at = five_o_clock(world.booked())

        def die(*_, **__):
            raise ConnectionError

        with monkeypatch.context() as during:
            during.setattr(homes.notifications, "notify", die)
            with pytest.raises(ConnectionError):
                clock_strikes(at, "sleepover_tomorrow")
        assert clock_strikes(at, "sleepover_tomorrow") == [*BOTH]


def test_the_worker_knows_the_job():
    periodic = {task.task.name for task in jobs.app.periodic_registry.periodic_tasks.values()}
    assert "sleepovers.remind" in periodic
