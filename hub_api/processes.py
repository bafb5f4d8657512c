"""Processes that must not outlive the one that started them."""

from __future__ import annotations

import os
import signal
import threading
import time

LOOKS_EVERY = 0.5
GRACE = 5.0


def leave_with_parent() -> None:
    """End this process soon after its parent has died, however it died.

    A killed parent can't stop its children, and they would keep the port and go on unwatched.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOKS_EVERY)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(1)

    threading.Thread(target=watch, name="leave-with-parent", daemon=True).start()
