"""What the worker clears away: keys, finished jobs and throttles that are of no more use."""

from __future__ import annotations

from datetime import timedelta

import procrastinate  # noqa: TC002 - the queue reads the annotation of a job's context

from hub_api import clock, idempotency, jobs, throttles

KEYS_KEPT = timedelta(days=7)
"""No phone sends a request again after a week."""

DONE_JOBS_KEPT_HOURS = 7 * 24


@jobs.app.periodic(cron="23 3 * * *")
@jobs.app.task(name="housekeeping.forget_idempotency_keys", queue="housekeeping")
def forget_idempotency_keys(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic job
    """Forget the keys of requests sent long ago."""
    with jobs.transaction():
        idempotency.forget_before(clock.now() - KEYS_KEPT)


@jobs.app.periodic(cron="43 3 * * *")
@jobs.app.task(name="housekeeping.remove_done_jobs", queue="housekeeping", pass_context=True)
async def remove_done_jobs(
    context: procrastinate.JobContext,
    timestamp: int,  # noqa: ARG001 - given to every periodic job
) -> None:
    """Remove jobs that succeeded long ago; those that failed stay to be looked at."""
    await context.app.job_manager.delete_old_jobs(nb_hours=DONE_JOBS_KEPT_HOURS)


@jobs.app.periodic(cron="13 * * * *")
@jobs.app.task(name="housekeeping.forget_empty_throttles", queue="housekeeping")
def forget_empty_throttles(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic job
    """Forget the throttles that let everything through again."""
    with jobs.transaction():
        throttles.forget_empty()
