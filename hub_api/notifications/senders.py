"""The threads of a worker that send, so that one slow call keeps nobody else waiting."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from hub_api import db, request_id
from hub_api.notifications import channels, delivering

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from hub_api.notifications.channels import Outcome
    from hub_api.notifications.delivering import Due
    from hub_api.notifications.models import ChannelName

log = structlog.get_logger(__name__)

LOOKS_EVERY = 1.0
"""Seconds after which a sender looks by itself, should nobody wake it: retries, other workers."""

RECORDS_WITHIN = 15.0
"""Seconds for which the outcome is tried to be recorded: forgotten, it would be sent again."""


class Sender:
    """Sends one delivery after another, by whatever channel is open in this process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._last: ChannelName | None = None

    def step(self) -> bool:
        """See to one delivery; False when nothing was due."""
        request_id.begin()
        open_channels = channels.current()
        if not open_channels:
            return False
        with db.transaction(self._engine):
            due = delivering.next_due(open_channels, self._last)
            is_taken = due is not None and delivering.take(due)
        if due is None:
            return False
        self._last = due.channel
        if is_taken:
            self._record(due, delivering.send(open_channels[due.channel], due))
        return True

    def _record(self, due: Due, outcome: Outcome) -> None:
        """Record how it went, again and again while the database is away."""
        deadline = time.monotonic() + RECORDS_WITHIN
        while True:
            try:
                with db.transaction(self._engine):
                    delivering.record(due, outcome)
            except SQLAlchemyError as error:
                if time.monotonic() > deadline:
                    log.error("outcome_lost", error=type(error).__name__)
                    return
                time.sleep(0.5)
            else:
                return


class Senders:
    """The sender threads of one worker, between `start()` and `stop()`."""

    def __init__(self, engine: Engine, count: int) -> None:
        self._engine = engine
        self._bell = threading.Condition()
        self._rings = 0
        self._is_over = False
        self._threads = [
            threading.Thread(target=self._run, name=f"sender-{number}", daemon=True)
            for number in range(count)
        ]

    def start(self) -> None:
        delivering.when_woken(self.wake)
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Something may be due: look now."""
        with self._bell:
            self._rings += 1
            self._bell.notify_all()

    def stop(self, within: float) -> bool:
        """Take nothing more in hand, and wait until what is has been recorded; whether it was."""
        self._is_over = True
        self.wake()
        deadline = time.monotonic() + within
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        sender = Sender(self._engine)
        while not self._is_over:
            heard = self._rings
            if not self._step(sender):
                with self._bell:
                    self._bell.wait_for(lambda: self._rings != heard, LOOKS_EVERY)  # noqa: B023 - asked at once

    def _step(self, sender: Sender) -> bool:
        """One step, whatever becomes of it: a thread that ends would be missed by nobody."""
        try:
            return sender.step()
        except Exception as error:  # noqa: BLE001 - see above
            log.warning("sender_failed", error=type(error).__name__)
            return False
