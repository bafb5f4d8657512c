"""What the worker does for emergencies."""

from __future__ import annotations

import structlog

from hub_api import jobs
from hub_api.emergencies import ladder

log = structlog.get_logger(__name__)


@jobs.app.periodic(cron="* * * * *")
@jobs.app.task(
    name="emergencies.escalate", queue="emergencies", queueing_lock="emergencies.escalate"
)
def escalate(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic job
    """Take the steps that are due, each emergency in a transaction of its own.

    One that fails is tried again in a minute and keeps none of the others.
    """
    with jobs.transaction():
        due = ladder.due()
    for emergency_id, seen_step in due:
        try:
            with jobs.transaction():
                ladder.escalate(emergency_id, seen_step)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others must not wait
            log.error("emergency_not_escalated", error=type(error).__name__)
