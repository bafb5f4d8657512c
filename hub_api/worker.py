"""The worker: runs jobs, brings back those whose worker died, and seals the audit trail."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import procrastinate
import psycopg_pool
import structlog

from hub_api import data_keys, db, jobs
from hub_api.audit.sealing import Sealer
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from hub_api.settings import Settings

log = structlog.get_logger(__name__)

SEALS_EVERY = 5.0
"""Seconds an audit event may wait for its seal."""


def run(settings: Settings) -> None:
    """Work until told to stop (SIGTERM or SIGINT); the job in hand is finished first."""
    url = settings.required_database().worker
    ring = data_keys.ring(data_keys.AUDIT)
    sealer = Sealer(ring, settings.audit_anchor_path)
    jobs.use_engine(db.make_engine(url, connections=3))
    connector = procrastinate.PsycopgConnector(
        conninfo=url,
        min_size=1,
        max_size=4,
        timeout=10,
        kwargs={"options": f"-csearch_path={db.SEARCH_PATH} -ctimezone=UTC"},
    )
    try:
        with jobs.app.replace_connector(connector) as app:
            asyncio.run(_work(app, sealer, settings.job_stalled_after.total_seconds()))
    except (procrastinate.exceptions.ConnectorException, psycopg_pool.PoolTimeout):
        raise SettingsError(
            "The worker can't reach the database: check HUB_WORKER_DATABASE_URL, or run "
            "`hub doctor`."
        ) from None


async def _work(app: procrastinate.App, sealer: Sealer, stalled_after: float) -> None:
    async with app.open_async():
        loops = [
            asyncio.create_task(_rescue_for_ever(app, stalled_after)),
            asyncio.create_task(_seal_for_ever(sealer)),
        ]
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
            for loop in loops:
                loop.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await loop


async def _rescue_for_ever(app: procrastinate.App, stalled_after: float) -> None:
    """A loop of the worker's own and not a periodic job: it must run when jobs do not."""
    while True:
        try:
            await rescue_stalled_jobs(app, stalled_after)
        except Exception as error:  # noqa: BLE001 - it must outlive whatever happens to it
            log.warning("rescue_failed", error=type(error).__name__)
        await asyncio.sleep(stalled_after / 2)


async def _seal_for_ever(sealer: Sealer) -> None:
    """A loop of the worker's own: a seal must not wait behind jobs, nor fill their table."""
    while True:
        try:
            await asyncio.to_thread(sealer.seal_finished)
        except Exception as error:  # noqa: BLE001 - it must outlive whatever happens to it
            log.warning("sealing_failed", error=type(error).__name__)
        await asyncio.sleep(SEALS_EVERY)


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
