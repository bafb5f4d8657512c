"""What the worker does so that changes are not kept for ever."""

from __future__ import annotations

from hub_api import jobs
from hub_api.sync import service
from hub_api.synced import this_moment


@jobs.app.periodic(cron="53 3 * * *")
@jobs.app.task(name="sync.forget_old_entries", queue="housekeeping")
def forget_old_entries(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic job
    """Forget the changes that no cursor can ask for any more, some at a time."""
    now = this_moment()
    with jobs.transaction():
        service.mark(now)
    is_more = True
    while is_more:
        with jobs.transaction():
            is_more = service.forget_before(now)
