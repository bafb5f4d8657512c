"""The worker: runs jobs, brings back those whose worker died, sends, and seals the audit trail."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import procrastinate
import psycopg_pool
import structlog

from hub_api import data_keys, db, guards, jobs  # noqa: F401 - guards listen from their import on
from hub_api.audit.sealing import Sealer
from hub_api.notifications import channels, opening, watchdog
from hub_api.notifications.senders import Senders
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sqlalchemy.engine import Engine

    from hub_api.settings import Settings

log = structlog.get_logger(__name__)

SEALS_EVERY = 5.0
"""Seconds an audit event may wait for its seal."""

JOBS_AT_A_TIME = 3
"""As two workers might: a slow job must not keep a notification from being made ready."""

WATCHES_EVERY = 5.0
"""Seconds between looks for deliveries that are stuck."""

SENDS_WITHIN = 29.0
"""Seconds the senders may take to finish what they have in hand, once the worker is to stop."""

LEAVES_WITHIN = 10.0
"""Seconds a worker may take to close its connections once it has stopped working."""


def run(settings: Settings) -> None:
    """Work until told to stop (SIGTERM or SIGINT); the job in hand is finished first."""
    url = settings.required_database().worker
    ring = data_keys.ring(data_keys.AUDIT)
    sealer = Sealer(ring, settings.audit_anchor_path)
    jobs.use_engine(db.make_engine(url, connections=JOBS_AT_A_TIME))
    channels.use(opening.open_channels(settings.channels))
    # One more for the watchdog.
    sending = db.make_engine(url, connections=settings.senders + 1)
    connector = procrastinate.PsycopgConnector(
        conninfo=url,
        min_size=1,
        max_size=4,
        timeout=10,
        kwargs={"options": f"-csearch_path={db.SEARCH_PATH} -ctimezone=UTC", "connect_timeout": 5},
    )
    try:
        with jobs.app.replace_connector(connector) as app:
            asyncio.run(_work(app, sealer, sending, settings))
    except (procrastinate.exceptions.ConnectorException, psycopg_pool.PoolTimeout):
        raise SettingsError(
            "The worker can't reach the database: check HUB_WORKER_DATABASE_URL, or run "
            "`hub doctor`."
        ) from None


async def _work(
    app: procrastinate.App, sealer: Sealer, sending: Engine, settings: Settings
) -> None:
    stalled_after = settings.job_stalled_after.total_seconds()
    senders = Senders(sending, settings.senders)
    async with (
        app.open_async(),
        # Loops of the worker's own and not periodic jobs: they must run when jobs do not, and
        # a seal must not wait behind jobs, nor fill their table.
        _repeating("rescue", stalled_after / 2, lambda: rescue_stalled_jobs(app, stalled_after)),
        _repeating("sealing", SEALS_EVERY, lambda: asyncio.to_thread(sealer.seal_finished)),
        _repeating("watchdog", WATCHES_EVERY, lambda: asyncio.to_thread(watch, sending, senders)),
    ):
        senders.start()
        try:
            await app.run_worker_async(
                name="hub",
                concurrency=JOBS_AT_A_TIME,
                delete_jobs="never",
                fetch_job_polling_interval=1.0,
                update_heartbeat_interval=stalled_after / 3,
                stalled_worker_timeout=stalled_after,
                shutdown_graceful_timeout=20,
            )
        finally:
            if not await asyncio.to_thread(senders.stop, SENDS_WITHIN):
                log.warning("left_while_sending")
            leave_within(LEAVES_WITHIN)


def watch(engine: Engine, senders: Senders) -> None:
    """See to what is stuck, and have what that queued sent."""
    if watchdog.look(engine):
        senders.wake()


def leave_within(seconds: float) -> None:
    """End this process by then, whatever still hangs: only one that has ended is started again.

    No job is in hand any more; what is left is closing connections, and libraries can lose a
    cancellation as well.
    """
    timer = threading.Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()


@asynccontextmanager
async def _repeating(
    name: str, seconds: float, step: Callable[[], Awaitable[object]]
) -> AsyncIterator[None]:
    """Take a step now and again every so many seconds, whatever becomes of it, in this block."""
    is_over = asyncio.Event()

    async def repeat() -> None:
        while not is_over.is_set():
            try:
                await step()
            except Exception as error:  # noqa: BLE001 - it must outlive whatever happens to it
                log.warning("step_failed", step=name, error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(is_over.wait(), seconds)

    loop = asyncio.create_task(repeat())
    try:
        yield
    finally:
        # Told and cancelled: Python 3.11's wait_for() loses a cancellation that comes together
        # with what it waited for, such as a connection to a database that has just come back.
        is_over.set()
        loop.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await loop


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
