"""What the worker does for requests."""

from __future__ import annotations

import structlog

from hub_api import jobs
from hub_api.respite import expiring

log = structlog.get_logger(__name__)


@jobs.app.periodic(cron="* * * * *")
@jobs.app.task(name="respite.expire_requests", queue="respite", queueing_lock="respite.expiry")
def expire_requests(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic job
    """Let requests expire whose first night is over, each in a transaction of its own.

    One that fails waits for the next minute and keeps none of the others.
    """
    with jobs.transaction():
        due = expiring.due_requests()
    for request_id in due:
        try:
            with jobs.transaction():
                expiring.expire_request(request_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must not wait
            log.warning("request_not_expired", error=type(error).__name__)
