"""What the worker does for stays."""

from __future__ import annotations

import structlog

from hub_api import jobs
from hub_api.sleepovers import reconsidering, reminding, running

log = structlog.get_logger(__name__)


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
    """Each morning, look for nights of the coming week without the consent they take, each
    constellation in a transaction of its own: one that fails keeps none of the others."""
    with jobs.transaction():
        soon = reconsidering.children_soon_away()
    for child_ids in soon.values():
        try:
            with jobs.transaction():
                reconsidering.reconsider(child_ids)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must not wait
            log.warning("consents_not_reconsidered", error=type(error).__name__)
