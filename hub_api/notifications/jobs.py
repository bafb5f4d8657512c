"""What the worker does for notifications."""

from __future__ import annotations

from uuid import UUID

from hub_api import jobs
from hub_api.notifications import delivering, digests, planning


@jobs.app.task(name="notifications.make_ready", queue="notifications", retry=jobs.ON_FAILURE)
def make_ready(notification_ids: list[str]) -> None:
    """Decide by which ways these notifications go, and have them sent."""
    with jobs.transaction():
        planning.make_ready([UUID(notification_id) for notification_id in notification_ids])
    delivering.wake()


@jobs.app.periodic(cron="* * * * *")
@jobs.app.task(name="notifications.send_digests", queue="notifications")
def send_digests(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic job
    """Tell those whose quiet hours are over that something came in meanwhile."""
    more = True
    while more:
        with jobs.transaction():
            more = digests.send() == digests.AT_ONCE
