"""The worker: runs jobs, and brings back those whose worker died."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import procrastinate
import psycopg_pool
import structlog

from hub_api import db, jobs
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from hub_api.settings import Settings

log = structlog.get_logger(__name__)


def run(settings: Settings) -> None:
    """Work until told to stop (SIGTERM or SIGINT); the job in hand is finished first."""
    url = settings.required_database().worker
    jobs.use_engine(db.make_engine(url, connections=2))
    connector = procrastinate.PsycopgConnector(
        conninfo=url,
        min_size=1,
        max_size=4,
        timeout=10,
        kwargs={"options": f"-csearch_path={db.SEARCH_PATH} -ctimezone=UTC"},
    )
    try:
        with jobs.app.replace_connector(connector) as app:
            asyncio.run(_work(app, settings.job_stalled_after.total_seconds()))
    except (procrastinate.exceptions.ConnectorException, psycopg_pool.PoolTimeout):
        raise SettingsError(
            "The worker can't reach the database: check HUB_WORKER_DATABASE_URL, or run "
            "`hub doctor`."
        ) from None


async def _work(app: procrastinate.App, stalled_after: float) -> None:
    async with app.open_async():
        rescuer = asyncio.create_task(_rescue_for_ever(app, stalled_after))
        try:
            await app.run_worker_async(
                name="hub",
                delete_jobs="never",
                fetch_job_polling_interval=1.0,
                update_heartbeat_interval=stalled_after / 3,
                stalled_worker_timeout=stalled_after,
                shutdown_graceful_timeout=20,
            )
        finally:
            rescuer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await rescuer


async def _rescue_for_ever(app: procrastinate.App, stalled_after: float) -> None:
    """A loop of the worker's own and not a periodic job: it must run when jobs do not."""
    while True:
        try:
            await rescue_stalled_jobs(app, stalled_after)
        except Exception as error:  # noqa: BLE001 - it must outlive whatever happens to it
            log.warning("rescue_failed", error=type(error).__name__)
        await asyncio.sleep(stalled_after / 2)


async def rescue_stalled_jobs(app: procrastinate.App, stalled_after: float) -> int:
    """Give the jobs of workers not heard of for `stalled_after` seconds to whoever is free."""
    stalled = await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=stalled_after)
    count = 0
    for job in stalled:
        await app.job_manager.retry_job(job)
        count += 1
    if count:
        log.warning("stalled_jobs_rescued", jobs=count)
    return count
