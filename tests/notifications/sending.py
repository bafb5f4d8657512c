"""A channel that answers as it is told, and a worker's sender that takes one step at a time."""

from collections.abc import Callable
from datetime import timedelta
from time import sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from hub_api import db
from hub_api.notifications import channels, planning
from hub_api.notifications.channels import Ending, Message, Outcome, Recipient
from hub_api.notifications.models import ChannelName
from hub_api.notifications.senders import Sender

ACCEPTED = Outcome(ending=Ending.ACCEPTED, provider_id="theirs")
UNAVAILABLE = Outcome(ending=Ending.LATER, reason="unavailable")
TOO_MUCH = Outcome(ending=Ending.LATER, reason="quota", retry_after=timedelta(seconds=30))
REVOKED = Outcome(ending=Ending.FAULT, reason="key_revoked")


class Answering:
    """Takes what it is given and answers with the next of its replies, at last always the same."""

    def __init__(self, *replies: Outcome, always: Outcome = ACCEPTED) -> None:
        self.replies = list(replies)
        self.always = always
        self.sent: list[tuple[Message, Recipient]] = []
        self.meanwhile: Callable[[], Any] = lambda: None
        """Done while the message is on its way."""

    def send(self, message: Message, recipient: Recipient, *, dry_run: bool = False) -> Outcome:
        assert not dry_run
        self.sent.append((message, recipient))
        self.meanwhile()
        return self.replies.pop(0) if self.replies else self.always


class Post:
    """The open channels of this process and one sender for them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.channels = {name: Answering() for name in ChannelName}
        self.sender = Sender(engine)

    @property
    def fcm(self) -> Answering:
        return self.channels[ChannelName.FCM]

    def only(self, *names: ChannelName) -> None:
        self.channels = {name: self.channels[name] for name in names}
        channels.use(self.channels)

    def send_due(self) -> int:
        """Send until nothing is due; how many were seen to."""
        steps = 0
        while self.sender.step():
            steps += 1
            assert steps < 10_000
        return steps


def make_ready(engine: Engine, *notification_ids: Any) -> None:
    with db.transaction(engine):
        planning.make_ready(notification_ids)


def wait_for_locks(owner: Engine, waiting: int) -> None:
    """Until so many wait for a lock."""
    locked = "select count(*) from pg_locks where not granted"
    for _ in range(400):
        with db.transaction(owner) as session:
            if session.scalar(sa.text(locked)) >= waiting:
                return
        sleep(0.005)
    raise AssertionError("they did not all come")
