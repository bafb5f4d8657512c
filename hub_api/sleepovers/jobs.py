"""What the worker does for stays."""

from __future__ import annotations

from hub_api import jobs
from hub_api.sleepovers import running


@jobs.app.periodic(cron="*/5 * * * *")
@jobs.app.task(name="sleepovers.raise_late_returns", queue="sleepovers")
def raise_late_returns(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic job
    """Ask somebody to look into the stays whose children should be home by now."""
    with jobs.transaction():
        running.raise_late_returns()
