"""Sending what the ledger holds."""

from __future__ import annotations

import threading

_due = threading.Event()


def wake() -> None:
    """Have the senders look at once for what is due."""
    _due.set()
