"""What the worker does for the care around stays."""

from __future__ import annotations

from hub_api import jobs
from hub_api.care import backstop


@jobs.app.periodic(cron="*/5 * * * *")
@jobs.app.task(name="care.ask_where_they_are", queue="care")
def ask_where_they_are(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic job
    """Ask where the children are who should be at the hub, or at home, by now."""
    with jobs.transaction():
        backstop.ask_where_they_are()
