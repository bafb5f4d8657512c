"""`hub keys rotate --data` that kills itself at the moment named on its command line."""

import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from hub_api import child_keys, cli, data_keys

MOMENTS: dict[str, tuple[Any, str, int]] = {
    "before the file is written": (data_keys, "_write", 1),
    "once the file is written": (child_keys, "rewrap", 1),
    "within a batch": (child_keys, "_wrapped", 4),
    "between two batches": (child_keys, "_rewrap_batch", 3),
}
"""The step whose so-manieth call is the last, with batches of three."""


def dying(step: Callable[..., Any], last_call: int) -> Callable[..., Any]:
    calls = 0

    @wraps(step)
    def mortal(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == last_call:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*args, **kwargs)

    return mortal


if __name__ == "__main__":
    owner, name, last_call = MOMENTS[sys.argv[1]]
    setattr(owner, name, dying(getattr(owner, name), last_call))
    child_keys.BATCH = 3
    cli.main(["keys", "rotate", "--data"])
