"""A worker that kills itself at the moment named on its command line, or takes its time."""

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from procrastinate.manager import JobManager

from hub_api import cli
from hub_api.audit import anchor
from hub_api.notifications import planning

MOMENTS: dict[str, tuple[Any, str, str]] = {
    "before marking": (planning, "make_ready", "before"),
    "after marking": (planning, "make_ready", "after"),
    "after commit": (JobManager, "finish_job", "before"),
    "before anchoring": (anchor, "append", "before"),
}


MINE = "notifications.make_ready"


def dying(step: Callable[..., Any], when: str) -> Callable[..., Any]:
    @wraps(step)
    def last_step(*args: Any, **kwargs: Any) -> Any:
        tasks = {getattr(given, "task_name", MINE) for given in (*args, *kwargs.values())}
        if tasks - {MINE}:
            return step(*args, **kwargs)  # the clock's, which may come at any minute
        if when == "after":
            step(*args, **kwargs)
        return os.kill(os.getpid(), signal.SIGKILL)

    return last_step


def slow(step: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(step)
    def slow_step(*args: Any, **kwargs: Any) -> None:
        time.sleep(3)
        step(*args, **kwargs)

    return slow_step


if __name__ == "__main__":
    if sys.argv[1] == "slowly":
        planning.make_ready = slow(planning.make_ready)
    else:
        owner, name, when = MOMENTS[sys.argv[1]]
        setattr(owner, name, dying(getattr(owner, name), when))
    cli.main(["worker"])
