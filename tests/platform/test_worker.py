"""What the worker repeats beside its jobs must never keep it from ending."""

import asyncio
import subprocess
import sys
import time
from contextlib import suppress

import procrastinate
from uuid_utils.compat import uuid7

from hub_api import db, jobs
from hub_api.notifications import service
from hub_api.notifications.categories import Category
from hub_api.worker import _repeating


class TestWhatIsRepeated:
    def test_goes_on_after_a_failure(self):
        steps = []

        async def step():
            steps.append("taken")
            raise ConnectionError

        async def work():
            async with _repeating("test", 0.01, step):
                while len(steps) < 3:
                    await asyncio.sleep(0.01)

        asyncio.run(asyncio.wait_for(work(), 10))

    def test_ends_even_when_the_step_loses_its_cancellation(self):
        """As waiting for a connection does in Python 3.11, when the connection has just come."""
        steps = []

        async def step():
            steps.append("taken")
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

        async def work():
            async with _repeating("test", 60, step):
                while not steps:
                    await asyncio.sleep(0.01)

        begun = time.monotonic()
        asyncio.run(asyncio.wait_for(work(), 10))
        assert (steps, time.monotonic() - begun < 9) == (["taken"], True)


class TestLeaving:
    def test_ends_a_process_that_hangs(self):
        hangs = "import time, hub_api.worker as w; w.leave_within(0.1); time.sleep(60)"
        assert (
            subprocess.run([sys.executable, "-c", hangs], timeout=30, check=False).returncode == 1
        )


def test_a_job_defers_another_while_the_worker_runs(world, settings, owner, rows):
    """The worker's connector is asynchronous, and the job's connection is not."""

    def tell():
        with db.transaction(owner):
            service.notify([world.here.hub_carer], Category.PUSH_TEST, uuid7())

    async def work():
        async with jobs.app.open_async():
            await asyncio.to_thread(tell)

    url = settings.required_database().worker
    options = {"options": f"-csearch_path={db.SEARCH_PATH}"}
    connector = procrastinate.PsycopgConnector(conninfo=url, kwargs=options)
    with jobs.app.replace_connector(connector):
        asyncio.run(work())
    assert rows("select task_name from jobs.procrastinate_jobs") == [("notifications.make_ready",)]
