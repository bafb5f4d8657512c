"""What time alone changes: ages, who is where today, what is overdue; and cursors that grow old."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock, db, jobs
from hub_api.access import Role
from hub_api.households.models import Child
from hub_api.sync.jobs import forget_old_entries
from tests.factories.tasks import make_task
from tests.sync.phones import CopyingPhone, all_lists, new

DAY = timedelta(days=1)


@pytest.fixture
def later(world):
    """Have a phone catch up so much later, logged in anew, and compare it with the lists."""

    def run(copy, account, after, catch_up=True):
        with time_machine.travel(clock.now() + after, tick=False):
            copy.phone = world.phone(account)
            answers = copy.catch_up() if catch_up else [copy.ask()]
            assert copy.kept == all_lists(copy.phone)
            return answers

    return run


@pytest.fixture
def people(world):
    return [
        world.here.family.carer, world.here.hub_carer, world.here.liaison_worker,
        world.staff[Role.PROGRAMME_MANAGER],
    ]  # fmt: skip


@pytest.fixture
def copies(world, people):
    found = {account: CopyingPhone(world.phone(account)) for account in people}
    for copy in found.values():
        copy.catch_up()
    return found


class TestTimePasses:
    def test_a_task_becomes_overdue(self, world, owner, later):
        with db.transaction(owner):
            task = make_task(world.here.id)
        worker = world.here.liaison_worker
        copy = CopyingPhone(world.phone(worker))
        copy.settle()
        assert not copy.kept["tasks"][str(task)]["is_overdue"]
        for _ in range(2):  # the second time it is known already
            later(copy, worker, 10 * DAY)
            assert copy.kept["tasks"][str(task)]["is_overdue"]

    def test_a_child_has_a_birthday(self, world, owner, people, later):
        world.booked()
        with owner.begin() as connection:
            day = clock.london_today() + 2 * DAY
            born = sa.update(Child).where(Child.id == world.here.family.children[0])
            connection.execute(born.values(born_on=day.replace(year=day.year - 9)))
        for account in people:
            copy = CopyingPhone(world.phone(account))
            copy.catch_up()
            before = copy.kept
            (stay,) = before["sleepovers"].values()
            assert stay["child"]["age"] == 8
            later(copy, account, 3 * DAY)
            (stay,) = copy.kept["sleepovers"].values()
            (request,) = copy.kept["respite_requests"].values()
            assert stay["child"]["age"] == request["children"][0]["age"] == 9

    def test_a_child_leaves_on_a_day_to_come(self, world, owner, people, copies, later):
        child = world.here.family.children[1]
        with owner.begin() as connection:
            leaves = clock.london_today() + 2 * DAY
            connection.execute(sa.update(Child).where(Child.id == child).values(left_on=leaves))
        for account in people:
            later(copies[account], account, timedelta(0))
            later(copies[account], account, 3 * DAY)
        assert str(child) not in copies[world.here.family.carer].kept["children"]
        assert str(child) in copies[world.here.liaison_worker].kept["children"]

    def test_on_a_new_day_what_is_few_is_sent_again(self, world, copies, later):
        world.booked()
        account = world.here.hub_carer
        copies[account].settle()
        (answer,) = later(copies[account], account, DAY)
        assert answer["reset"] == ["constellations", "households"]
        assert new(answer).keys() <= {"constellations", "households"}


class TestGrowingOld:
    @pytest.fixture(autouse=True)
    def _worker(self, settings):
        engine = db.make_engine(settings.required_database().worker, connections=1)
        jobs.use_engine(engine)
        yield
        engine.dispose()

    def test_entries_are_kept_longer_than_any_cursor_asks_for_them(
        self, world, rows, copies, later
    ):
        account = world.here.hub_carer
        known = len(rows("select from sync_entries"))
        forget_old_entries(timestamp=0)
        world.asked()
        for days, is_kept in ((27, True), (29, True), (34, True), (36, False)):
            with time_machine.travel(clock.now() + days * DAY, tick=False):
                forget_old_entries(timestamp=0)
            left = len(rows("select from sync_entries"))
            assert (days, left >= known) == (days, is_kept)
            if days == 27:
                later(copies[account], account, days * DAY)
                assert copies[account].resets == 2, "a new day, and not from the start"
        assert rows("select from sync_entries") != [], "what came after the mark stays"

    @pytest.mark.parametrize(("days", "starts_anew"), [(27, False), (29, True)])
    def test_a_phone_that_was_off_too_long_starts_anew(
        self, world, copies, later, days, starts_anew
    ):
        world.asked()
        account = world.here.hub_carer
        first, *_ = later(copies[account], account, days * DAY)
        assert ("sleepovers" in first["reset"]) == starts_anew
