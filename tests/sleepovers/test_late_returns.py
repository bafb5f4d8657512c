"""A child who isn't home when agreed: the truth is recorded, and somebody looks into it."""

from datetime import timedelta

import pytest
import time_machine

from hub_api import db, jobs
from hub_api.sleepovers.jobs import raise_late_returns
from tests.factories.world import make_bed
from tests.phone import in_days
from tests.sleepovers.stays import act, begun, departure, nights

HOUR = timedelta(hours=1)


@pytest.fixture
def clock_strikes(settings):
    """Run the job at an instant, as the worker's role."""
    engine = db.make_engine(settings.required_database().worker, connections=1)
    jobs.use_engine(engine)

    def run(at):
        with time_machine.travel(at, tick=False):
            raise_late_returns(timestamp=0)

    yield run
    engine.dispose()


@pytest.fixture
def late_tasks(rows):
    def read():
        return [
            (str(row.subject_id), row.state)
            for row in rows("select * from tasks where kind = 'return_late' order by id")
        ]

    return read


class TestALateReturn:
    def test_is_accepted_and_leaves_a_task_for_the_liaison_worker(self, world, rows, late_tasks):
        stay = begun(world)
        answer = act(world, stay, "return", at=departure(stay) + 2 * HOUR)
        assert answer.json["state"] == "returned"
        assert late_tasks() == [(stay["id"], "open")]
        (task,) = rows("select * from tasks")
        assert (task.role, task.constellation_id) == ("liaison_worker", world.here.id)

    def test_within_the_hour_is_not_late(self, world, late_tasks):
        stay = begun(world)
        assert act(world, stay, "return", at=departure(stay) + HOUR).status_code == 200
        assert late_tasks() == []

    def test_holds_the_night_it_took_in_the_childs_own_bed(self, world, owner):
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "a spare one"))
        stay = begun(world)
        answer = act(world, stay, "return", at=departure(stay) + timedelta(days=1))
        assert len(nights(answer.json)) == 2
        assert len({held["bed_id"] for held in answer.json["bed_nights"]}) == 1

    def test_takes_another_bed_when_its_own_is_taken(self, world, owner):
        stay = begun(world)
        world.booked(
            children=[str(world.here.family.children[1])],
            arrives_at=in_days(8),
            departs_at=in_days(9, hour=10),
        )
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "a spare one"))
        answer = act(world, stay, "return", at=departure(stay) + timedelta(days=1))
        assert len({held["bed_id"] for held in answer.json["bed_nights"]}) == 2

    def test_is_the_truth_without_a_bed_as_well(self, world, rows):
        stay = begun(world)
        world.booked(
            children=[str(world.here.family.children[1])],
            arrives_at=in_days(8),
            departs_at=in_days(9, hour=10),
        )
        answer = act(world, stay, "return", at=departure(stay) + timedelta(days=1))
        assert (answer.status_code, nights(answer.json)) == (200, nights(stay))
        assert len(rows("select 1 from bed_nights")) == 2

    def test_takes_no_night_of_the_childs_next_stay(self, world, owner, rows):
        stay = begun(world)
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "a spare one"))
        with time_machine.travel(departure(stay) - HOUR, tick=False):
            world.booked(
                arrives_at=(departure(stay) + 7 * HOUR).isoformat(),
                departs_at=(departure(stay) + timedelta(days=1)).isoformat(),
            )
        answer = act(world, stay, "return", at=departure(stay) + timedelta(days=1))
        assert (answer.status_code, nights(answer.json)) == (200, nights(stay))
        assert len(rows("select 1 from bed_nights")) == 2


class TestAChildWhoIsNotHomeYet:
    def test_is_looked_into_once_the_hour_is_over(self, world, clock_strikes, late_tasks):
        stay = begun(world)
        clock_strikes(departure(stay) + HOUR)
        assert late_tasks() == []
        for minutes in (1, 6, 11):
            clock_strikes(departure(stay) + HOUR + timedelta(minutes=minutes))
        assert late_tasks() == [(stay["id"], "open")]

    def test_is_not_looked_into_again_once_somebody_did(self, world, clock_strikes, late_tasks):
        stay = begun(world)
        clock_strikes(departure(stay) + 2 * HOUR)
        with time_machine.travel(departure(stay) + 2 * HOUR, tick=False):
            phone = world.phone(world.here.liaison_worker)
            (task,) = phone.get("/tasks").json["items"]
            assert phone.post_seen(f"/tasks/{task['id']}", verb="done").status_code == 200
        clock_strikes(departure(stay) + 3 * HOUR)
        assert late_tasks() == [(stay["id"], "done")]

    def test_leaves_the_version_that_the_hub_carer_saw(self, world, clock_strikes):
        stay = begun(world)
        clock_strikes(departure(stay) + 2 * HOUR)
        with time_machine.travel(departure(stay) + 2 * HOUR, tick=False):
            path = f"/sleepovers/{stay['id']}/return"
            answer = world.hub_carer.post(path, {}, If_Match=f'"{stay["version"]}"')
        assert answer.status_code == 200

    def test_was_home_all_along_when_only_the_telling_was_late(
        self, world, clock_strikes, late_tasks
    ):
        stay = begun(world)
        clock_strikes(departure(stay) + 2 * HOUR)
        body = {"returned_at": stay["departs_at"]}
        act(world, stay, "return", body, at=departure(stay) + 3 * HOUR)
        assert late_tasks() == [(stay["id"], "settled")]

    def test_that_came_home_late_stays_one_task(self, world, clock_strikes, late_tasks):
        stay = begun(world)
        clock_strikes(departure(stay) + 2 * HOUR)
        act(world, stay, "return", at=departure(stay) + 3 * HOUR)
        assert late_tasks() == [(stay["id"], "open")]

    def test_was_home_early_when_only_the_telling_was_late(self, world, clock_strikes, late_tasks):
        stay = begun(world, nights=2)
        clock_strikes(departure(stay) + 2 * HOUR)
        body = {
            "reason": "carer_ready",
            "ended_at": (departure(stay) - timedelta(days=1)).isoformat(),
        }
        act(world, stay, "end-early", body, at=departure(stay) + 3 * HOUR)
        assert late_tasks() == [(stay["id"], "settled")]

    def test_stays_longer_by_an_extension_and_may_be_late_again(
        self, world, clock_strikes, late_tasks
    ):
        stay = begun(world)
        clock_strikes(departure(stay) + 2 * HOUR)
        body = {"departs_at": (departure(stay) + 5 * HOUR).isoformat()}
        longer = act(world, stay, "extend", body, at=departure(stay) + 2 * HOUR)
        assert longer.status_code == 200, longer.json
        assert late_tasks() == [(stay["id"], "settled")]
        clock_strikes(departure(stay) + 5 * HOUR)
        assert len(late_tasks()) == 1
        clock_strikes(departure(stay) + 7 * HOUR)
        assert late_tasks() == [(stay["id"], "settled"), (stay["id"], "open")]

    def test_is_not_about_stays_that_are_over_or_never_began(
        self, world, clock_strikes, late_tasks
    ):
        stay = world.booked()
        clock_strikes(departure(stay) + 2 * HOUR)
        assert late_tasks() == []
