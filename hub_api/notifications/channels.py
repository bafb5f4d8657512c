"""What every way to reach somebody has in common: what it is given, and how sending can end.

A channel turns one message into one call of its service and says how that ended. It decides
nothing: whether, when and how often to try is `delivering.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from hub_api.notifications.categories import Topic
    from hub_api.notifications.models import ChannelName, DropReason


LONGEST_KEPT = timedelta(days=28)
"""Google refuses more, Mozilla takes 30 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What leaves the house: constant words, a topic, and an opaque id. Nothing about anybody."""

    notification_id: UUID
    """Also by what a phone replaces one message by its repetition: the collapse key."""
    topic: Topic
    title: str
    body: str
    lasts: timedelta
    """How long the service may keep it for a phone that is off."""
    is_urgent: bool
    may_be_repeat: bool = True
    """Whether an earlier attempt may have arrived. Text messages can't collapse: where this is so,
    their channel asks first."""

    @property
    def seconds(self) -> int:
        """How long a push service is asked to keep it: none takes more than four weeks."""
        return int(max(timedelta(), min(self.lasts, LONGEST_KEPT)).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Where a message goes: a device's kind, address and keys, an e-mail address, or a number."""

    kind: str
    """A `DeviceKind`, or `email`, or `sms`."""
    address: str
    p256dh: str | None = None
    auth: str | None = None


class Ending(StrEnum):
    """How an attempt to send can end."""

    ACCEPTED = "accepted"
    """The service took it."""
    LATER = "later"
    """It may go well another time: `retry_after` says when at the earliest."""
    FAILED = "failed"
    """This message can't be sent; the address may be well."""
    GONE = "gone"
    """There is nobody at this address any more: `drop` says why."""
    FAULT = "fault"
    """The channel is set up wrongly: no message can be sent by it now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt ended. `reason` is a word of ours, never the service's own text."""

    ending: Ending
    reason: str | None = None
    retry_after: timedelta | None = None
    drop: DropReason | None = None
    provider_id: str | None = None


def later(reason: str, retry_after: timedelta | None = None) -> Outcome:
    return Outcome(ending=Ending.LATER, reason=reason, retry_after=retry_after)


def failed(reason: str) -> Outcome:
    return Outcome(ending=Ending.FAILED, reason=reason)


def gone(drop: DropReason) -> Outcome:
    return Outcome(ending=Ending.GONE, reason=str(drop), drop=drop)


def fault(reason: str) -> Outcome:
    return Outcome(ending=Ending.FAULT, reason=reason)


class Channel(Protocol):
    """A way to reach somebody. `send` raises nothing: whatever happens is an outcome.

    It is called by several threads at once, and never inside a database transaction.
    """

    def send(self, message: Message, recipient: Recipient, *, dry_run: bool = False) -> Outcome:
        """Try once. `dry_run`: have the service check it and send nothing, where it can."""
        ...


_open: Mapping[ChannelName, Channel] = {}


def use(found: Mapping[ChannelName, Channel]) -> None:
    """Make these the channels that are open in this process. Called once, where a worker begins."""
    global _open  # noqa: PLW0603 - one process, one set of channels
    _open = found


def current() -> Mapping[ChannelName, Channel]:
    """The channels that are open in this process: none outside a worker."""
    return _open
