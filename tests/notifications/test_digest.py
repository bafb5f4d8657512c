"""What came in while it was quiet is told once, in the morning."""

from datetime import date, datetime, time, timedelta
from threading import Thread

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock, jobs
from hub_api.notifications import digests
from hub_api.notifications.categories import Category
from hub_api.notifications.jobs import make_ready, send_digests
from tests.notifications.sending import wait_for_locks

pytestmark = [pytest.mark.usefixtures("worker"), pytest.mark.usefixtures("quiet")]

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SOON = clock.london_today() + 3 * DAY


def night_before(day: date) -> datetime:
    return clock.london_instant(day - DAY, time(23, 30))


def morning_of(day: date) -> datetime:
    return clock.london_instant(day, time(7))


NIGHT, MORNING = night_before(SOON), morning_of(SOON)
CHANGES = [
    day
    for day in (SOON + n * DAY for n in range(370))
    if clock.london_instant(day + DAY, time(0)) - clock.london_instant(day, time(0)) != DAY
]
"""The next days on which clocks change: an autumn's and a spring's."""


@pytest.fixture
def came_in(town):
    """Something for somebody with a phone, by night."""

    def tell(account_id, at=NIGHT, category=Category.REQUEST_SUBMITTED):
        with time_machine.travel(at, tick=False):
            town.phone(account_id)
            told = town.tell(account_id, category)
            make_ready([str(told)])
        return told

    return tell


@pytest.fixture
def clock_strikes(rows):
    """Run the job at an instant; returns all digests there are, by whom they are for."""

    def run(at):
        with time_machine.travel(at, tick=False):
            send_digests(0)
        digests = rows("select * from notifications where category = 'morning_digest' order by id")
        return [digest.account_id for digest in digests]

    return run


class TestTheDigest:
    def test_comes_when_quiet_hours_are_over_and_once(self, world, town, came_in, clock_strikes):
        person = world.here.hub_carer
        told = came_in(person)
        assert clock_strikes(MORNING - timedelta(seconds=1)) == []
        assert clock_strikes(MORNING) == [person]
        assert clock_strikes(MORNING) == clock_strikes(MORNING + 24 * HOUR) == [person]
        (delivery,) = town.deliveries(told)
        assert (delivery.state, delivery.reason) == ("suppressed", "quiet_hours")

    def test_is_one_however_much_came_in_and_marks_all_of_it(
        self, world, came_in, clock_strikes, rows
    ):
        people = [world.here.hub_carer, world.elsewhere.hub_carer]
        for person in people:
            for hours in (0, 2, 4):
                came_in(person, NIGHT + hours * HOUR)
        assert sorted(clock_strikes(MORNING)) == sorted(people)
        wrong = rows(
            "select 1 from deliveries d left join notifications n on n.id = d.digest_id"
            " where d.reason = 'quiet_hours' and n.account_id is distinct from d.account_id"
        )
        assert wrong == []

    def test_goes_to_the_phone_itself(self, world, town, came_in, clock_strikes, rows):
        came_in(world.here.hub_carer)
        clock_strikes(MORNING)
        (digest,) = rows("select id from notifications where category = 'morning_digest'")
        with time_machine.travel(MORNING, tick=False):
            make_ready([str(digest.id)])
        assert town.ways(digest.id) == [("fcm", "queued", "")]

    def test_does_not_come_when_all_was_opened_meanwhile(
        self, world, town, came_in, clock_strikes, owner
    ):
        told = came_in(world.here.hub_carer)
        with owner.begin() as connection:
            connection.exec_driver_sql("update notifications set opened_at = now()")
        assert clock_strikes(MORNING) == []
        (delivery,) = town.deliveries(told)
        assert (delivery.reason, delivery.quiet_until) == ("opened_elsewhere", None)

    def test_tells_of_what_is_left(self, world, came_in, clock_strikes, owner):
        seen, _ = came_in(world.here.hub_carer), came_in(world.here.hub_carer)
        with owner.begin() as connection:
            read = sa.text("update notifications set opened_at = now() where id = :id")
            connection.execute(read, {"id": seen})
        assert clock_strikes(MORNING) == [world.here.hub_carer]

    def test_does_not_come_of_what_was_not_held_back(self, world, came_in, clock_strikes):
        came_in(world.here.hub_carer, category=Category.RETURN_LATE)
        came_in(world.here.hub_carer, at=NIGHT - 3 * HOUR)
        assert clock_strikes(MORNING) == []

    @pytest.mark.parametrize("change", [0, 1])
    @pytest.mark.parametrize("days", [-1, 0, 1])
    def test_comes_at_seven_by_the_clock_on_the_wall(
        self, world, came_in, clock_strikes, change, days
    ):
        day = CHANGES[change] + days * DAY
        came_in(world.here.hub_carer, night_before(day))
        assert clock_strikes(morning_of(day) - timedelta(minutes=1)) == []
        assert clock_strikes(morning_of(day)) == [world.here.hub_carer]

    def test_is_held_back_itself_when_it_is_quiet_again(
        self, world, town, came_in, clock_strikes, rows
    ):
        """As after a day without a worker: nobody is woken, and the next morning tells of both."""
        came_in(world.here.hub_carer)
        at = NIGHT + 24 * HOUR
        clock_strikes(at)
        (first,) = rows("select id from notifications where category = 'morning_digest'")
        with time_machine.travel(at, tick=False):
            make_ready([str(first.id)])
        assert town.ways(first.id) == [("fcm", "suppressed", "quiet_hours")]
        assert clock_strikes(MORNING + 24 * HOUR) == [world.here.hub_carer] * 2
        assert clock_strikes(MORNING + 48 * HOUR) == [world.here.hub_carer] * 2


class TestExactlyOnce:
    def test_when_it_was_killed_in_the_middle(self, world, came_in, clock_strikes, monkeypatch):
        came_in(world.here.hub_carer)

        def die(*_):
            raise ConnectionError

        with monkeypatch.context() as during:
            during.setattr(digests, "_mark", die)
            with pytest.raises(ConnectionError):
                clock_strikes(MORNING)
        assert clock_strikes(MORNING) == [world.here.hub_carer]

    def test_when_several_jobs_run_at_once(self, world, came_in, clock_strikes, owner):
        """Every one of them has looked before any of them has told."""
        people = [world.here.hub_carer, world.elsewhere.hub_carer, world.here.liaison_worker]
        for person in people:
            for _ in range(3):
                came_in(person)
        with owner.connect() as holding, time_machine.travel(MORNING, tick=False):
            holding.exec_driver_sql("select 1 from deliveries for update")
            running = [Thread(target=_send_digests) for _ in range(4)]
            for thread in running:
                thread.start()
            wait_for_locks(owner, len(running))
            holding.commit()
            for thread in running:
                thread.join()
        assert sorted(clock_strikes(MORNING)) == sorted(people)

    def test_of_more_people_than_one_transaction_takes(
        self, world, came_in, clock_strikes, monkeypatch
    ):
        monkeypatch.setattr(digests, "AT_ONCE", 2)
        people = [
            world.here.hub_carer, world.elsewhere.hub_carer, world.here.liaison_worker,
            world.elsewhere.liaison_worker,
        ]  # fmt: skip
        for person in people:
            came_in(person)
        assert sorted(clock_strikes(MORNING)) == sorted(people)


def _send_digests():
    with jobs.transaction():
        digests.send()


def test_the_worker_knows_the_job():
    periodic = {task.task.name for task in jobs.app.periodic_registry.periodic_tasks.values()}
    assert "notifications.send_digests" in periodic
