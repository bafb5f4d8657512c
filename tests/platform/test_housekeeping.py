"""What the worker clears away."""

import asyncio
from datetime import timedelta

import procrastinate
import pytest
import time_machine

from hub_api import clock, db, jobs
from hub_api.housekeeping import forget_idempotency_keys


@pytest.fixture
def worker_engine(settings):
    engine = db.make_engine(settings.required_database().worker, connections=1)
    jobs.use_engine(engine)
    yield engine
    engine.dispose()


@pytest.mark.usefixtures("worker_engine")
def test_keys_are_kept_for_a_week_and_no_longer(world, rows):
    world.carer.post("/respite-requests", world.ask_body(), Idempotency_Key="monday-0001")
    with time_machine.travel(clock.now() + timedelta(days=6), tick=False):
        forget_idempotency_keys(timestamp=0)
        assert len(rows("select 1 from idempotency_keys")) == 1
    with time_machine.travel(clock.now() + timedelta(days=8), tick=False):
        forget_idempotency_keys(timestamp=0)
    assert rows("select 1 from idempotency_keys") == []


def test_jobs_that_succeeded_long_ago_are_removed_and_failed_ones_stay(
    world, rows, owner, settings
):
    for _ in range(3):
        world.asked()
    with owner.begin() as connection:
        for status, number in (("succeeded", 0), ("failed", 1)):
            connection.exec_driver_sql(
                "update jobs.procrastinate_jobs set status = 'doing' where id ="
                f" (select id from jobs.procrastinate_jobs order by id offset {number} limit 1)"
            )
            connection.exec_driver_sql(
                f"update jobs.procrastinate_jobs set status = '{status}' where status = 'doing'"
            )
        connection.exec_driver_sql(
            "update jobs.procrastinate_events set at = now() - interval '8 days'"
        )

    async def work() -> None:
        connector = procrastinate.PsycopgConnector(
            conninfo=settings.required_database().worker,
            kwargs={"options": f"-csearch_path={db.SEARCH_PATH}"},
        )
        with jobs.app.replace_connector(connector) as app:
            async with app.open_async():
                await app.configure_task("housekeeping.remove_done_jobs").defer_async(timestamp=0)
                await app.run_worker_async(queues=["housekeeping"], wait=False)

    asyncio.run(work())
    states = [
        row.status
        for row in rows(
            # What the clock calls for as well depends on the minute.
            "select status from jobs.procrastinate_jobs where queue_name = 'notifications'"
            " or task_name = 'housekeeping.remove_done_jobs' order by id"
        )
    ]
    assert states[:3] == ["failed", "todo", "succeeded"]
