"""Background jobs: procrastinate in the same database, deferred inside the caller's transaction.

A booking and its notification commit together or not at all. A job names the rows it works on and
may run twice: doing it again changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import procrastinate
import structlog
from procrastinate.manager import JobManager

from hub_api import db, request_id

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Engine
    from sqlalchemy.orm import Session

log = structlog.get_logger(__name__)

# The API defers on its own connections and never opens a connector; the worker brings its own.
app = procrastinate.App(
    connector=procrastinate.SyncPsycopgConnector(),
    import_paths=[
        "hub_api.notifications.jobs",
        "hub_api.sleepovers.jobs",
        "hub_api.care.jobs",
        "hub_api.respite.jobs",
        "hub_api.emergencies.jobs",
        "hub_api.sync.jobs",
        "hub_api.housekeeping",
    ],
)

_on_our_connection = JobManager(procrastinate.SyncPsycopgConnector())

ON_FAILURE = procrastinate.RetryStrategy(max_attempts=10, exponential_wait=2)


def defer(task_name: str, **arguments: Any) -> None:
    """Queue a job in the running transaction: if it rolls back, there is no job."""
    deferring = app.configure_task(
        task_name, allow_unknown=False, connection=db.driver_connection()
    )
    # In the worker the app has a connector of its own, which can't speak on a connection of ours.
    deferring.job_manager = _on_our_connection
    deferring.defer(**arguments)


_engine: Engine | None = None


def use_engine(engine: Engine) -> None:
    """The worker's engine, for `transaction()`."""
    global _engine  # noqa: PLW0603 - one process, one worker
    _engine = engine


def transaction() -> AbstractContextManager[Session]:
    """A unit of work for a job, under the worker's database role."""
    if _engine is None:
        raise RuntimeError("Jobs run in the worker: call jobs.use_engine(...) first.")
    request_id.begin()
    return db.transaction(_engine)
