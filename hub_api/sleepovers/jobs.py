"""What the worker does for stays."""

from __future__ import annotations

from hub_api import jobs
from hub_api.sleepovers import reconsidering, reminding, running


@jobs.app.periodic(cron="*/5 * * * *")
@jobs.app.task(name="sleepovers.raise_late_returns", queue="sleepovers")
def raise_late_returns(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic job
    """Ask somebody to look into the stays whose children should be home by now."""
    with jobs.transaction():
        running.raise_late_returns()


@jobs.app.periodic(cron="*/5 * * * *")
@jobs.app.task(name="sleepovers.remind", queue="sleepovers")
def remind(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic job
    """Remind both homes of stays that begin tomorrow, and of handovers and returns that are due."""
    with jobs.transaction():
        reminding.remind()


@jobs.app.periodic(cron="20 7 * * *")
@jobs.app.task(name="sleepovers.reconsider_soon", queue="sleepovers")
def reconsider_soon(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic job
    """Each morning, look for nights of the coming week without the consent they take."""
    with jobs.transaction():
        reconsidering.reconsider_soon()
