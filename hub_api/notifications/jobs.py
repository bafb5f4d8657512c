"""What the worker does for notifications."""

from __future__ import annotations

from uuid import UUID

import structlog

from hub_api import jobs
from hub_api.notifications import delivering, devices, digests, planning

log = structlog.get_logger(__name__)


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


@jobs.app.periodic(cron="*/10 * * * *")
@jobs.app.task(
    name="notifications.tell_stopped_devices",
    queue="notifications",
    queueing_lock="notifications.stopped_devices",
)
def tell_stopped_devices(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic job
    """Tell people whose phones have stopped receiving, each in a transaction of its own.

    One that fails waits for the next round and keeps none of the others.
    """
    with jobs.transaction():
        stopped = devices.stopped_devices()
    for device_id in stopped:
        try:
            with jobs.transaction():
                devices.tell_stopped(device_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must not wait
            log.warning("stopped_device_not_told", error=type(error).__name__)
