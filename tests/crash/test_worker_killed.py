"""A worker killed in the middle of a job: another one brings the job back, and it counts once."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running.program import HUB, Program, wait_until

DYING = str(Path(__file__).parent / "dying_worker.py")
# Not those of the clock: which there are depends on the minute a test runs.
OF_TELLING = "select * from jobs.procrastinate_jobs where task_name = 'notifications.make_ready'"
UNFINISHED = f"{OF_TELLING} and status in ('todo', 'doing')"
TOLD = "select ready_at, xmin::text as written_by from notifications"
STARTS = f"""
    select from jobs.procrastinate_events e join ({OF_TELLING}) j on j.id = e.job_id
     where e.type = 'started'
"""


@pytest.fixture
def start_worker(
    worker_environment: dict[str, Any], tmp_path: Path
) -> Iterator[Callable[..., Program]]:
    started: list[Program] = []

    def start(*arguments: str) -> Program:
        says = tmp_path / f"worker-{len(started)}.log"
        started.append(Program(arguments or (*HUB, "worker"), says, **worker_environment))
        return started[-1]

    yield start
    for worker in started:
        worker.kill()


class TestAKilledWorker:
    @pytest.mark.parametrize(
        ("moment", "was_marked"),
        [("before marking", False), ("after marking", False), ("after commit", True)],
    )
    def test_has_its_job_done_once_by_another(self, world, rows, start_worker, moment, was_marked):
        world.asked()
        assert start_worker(DYING, moment).ends() == -signal.SIGKILL
        (job,) = rows(OF_TELLING)
        (left,) = rows(TOLD)
        assert (job.status, left.ready_at is not None) == ("doing", was_marked)

        start_worker()
        wait_until(lambda: not rows(UNFINISHED))
        (job,) = rows(OF_TELLING)
        (told,) = rows(TOLD)
        assert job.status == "succeeded"
        assert told.ready_at is not None
        assert len(rows(STARTS)) == 2
        if was_marked:
            assert told == left

    def test_does_not_take_the_waiting_jobs_with_it(self, world, rows, start_worker):
        for child in world.here.family.children:
            world.asked(children=[str(child)])
        start_worker(DYING, "after marking").ends()
        assert len(rows(UNFINISHED)) == 2
        start_worker()
        wait_until(lambda: not rows(UNFINISHED))
        assert all(told.ready_at for told in rows(TOLD))

    def test_may_be_followed_by_another_that_dies(self, world, rows, start_worker):
        world.asked()
        for moment in ("after marking", "after commit"):
            assert start_worker(DYING, moment).ends() == -signal.SIGKILL
        (left,) = rows(TOLD)
        start_worker()
        wait_until(lambda: not rows(UNFINISHED))
        assert rows(TOLD) == [left]
        assert len(rows(STARTS)) == 3


class TestAWorker:
    def test_keeps_a_job_that_takes_longer_than_the_patience_of_the_others(
        self, world, rows, start_worker
    ):
        start_worker(DYING, "slowly")
        world.asked()
        wait_until(lambda: rows(STARTS))
        start_worker()
        wait_until(lambda: not rows(UNFINISHED))
        assert len(rows(STARTS)) == 1
        assert all(told.ready_at for told in rows(TOLD))

    def test_does_its_work_after_losing_its_connections(self, world, rows, start_worker, superuser):
        """With a job in hand at that moment it ends instead, and is started again."""
        worker = start_worker()
        world.asked()
        wait_until(lambda: not rows(UNFINISHED))
        assert superuser(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'hub_worker'"
        )
        world.asked(children=[str(world.here.family.children[1])])
        wait_until(lambda: not (rows(UNFINISHED) and worker.is_running))
        if not worker.is_running:
            assert worker.ends() == 1
            start_worker()
        wait_until(lambda: not rows(UNFINISHED))
        assert all(told.ready_at for told in rows(TOLD))

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
    def test_stops_when_asked_and_leaves_nothing_begun(self, world, rows, start_worker, how):
        worker = start_worker()
        world.asked()
        wait_until(lambda: not rows(UNFINISHED))
        world.asked(children=[str(world.here.family.children[1])])
        assert worker.stop(how) == 0
        assert not rows(f"{OF_TELLING} and status = 'doing'")
