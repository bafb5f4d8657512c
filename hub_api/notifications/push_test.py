"""A test that pulls at a person's chain (`push_chain.py`), and what becomes of it.

For the operator (`hub push-test`), in plain words.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.audit import service as audit
from hub_api.notifications import push_chain, service, words
from hub_api.notifications.categories import Category
from hub_api.notifications.channels import Ending, Outcome, Recipient
from hub_api.notifications.models import (
    ChannelName,
    Delivery,
    DeliveryState,
    Device,
    Notification,
    channel_of,
)
from hub_api.notifications.push_chain import Chain, end_of
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from sqlalchemy.engine import Engine

    from hub_api.settings import Channels

WAITS = 30.0
"""Seconds for which the test is followed."""
LOOKS_EVERY = 0.5


def pull(
    engine: Engine, given: Channels, email: str, say: Callable[[str], None], *, dry_run: bool
) -> bool:
    """Say how every link is, then send a test, and follow it. Whether anything reached anybody.

    `dry_run`: Firebase Cloud Messaging checks the message for each phone and sends nothing.
    """
    with db.transaction(engine):
        chain = push_chain.examine(email, given)
    for link in chain.links:
        say(str(link))
    if chain.account_id is None:
        return False
    if dry_run:
        return _checked(chain, given, say)
    if not chain.phones:
        say("There is no phone to send a test to.")
        return False
    with db.transaction(engine):
        audit.record("notification:test", subject_id=chain.account_id)
        told = service.put({chain.account_id: chain.account_id}, Category.PUSH_TEST)
    say("A test is on its way.")
    return _followed(engine, told[chain.account_id], say)


def _checked(chain: Chain, given: Channels, say: Callable[[str], None]) -> bool:
    """Have every phone's message checked and not sent."""
    phones = [phone for phone in chain.phones if channel_of(phone.kind) is ChannelName.FCM]
    for _ in range(len(chain.phones) - len(phones)):
        say("A browser: nothing can be checked without sending.")
    if not phones:
        say("There is no phone to check a message for.")
        return False
    from hub_api.notifications import fcm

    try:
        channel = fcm.from_settings(given)
    except SettingsError as error:
        say(str(error))
        return False
    if channel is None:
        say("HUB_FCM_CREDENTIALS_FILE is not set.")
        return False
    try:
        checked = [_check(channel.send, phone, say) for phone in phones]
    finally:
        channel.close()
    return any(checked)


def _check(send: Callable[..., Outcome], phone: Device, say: Callable[[str], None]) -> bool:
    test = Category.PUSH_TEST
    message = words.message(uuid7(), test, test.severity, phone.locale)
    recipient = Recipient(kind=phone.kind, address=phone.address)
    outcome = send(message, recipient, dry_run=True)
    is_right = outcome.ending is Ending.ACCEPTED
    says = "would be accepted" if is_right else f"would not be ({outcome.ending}: {outcome.reason})"
    say(f"{phone.platform.capitalize()}{end_of(phone.address)}: a message {says}.")
    return is_right


_STATES = {
    DeliveryState.QUEUED: "waits for its turn",
    DeliveryState.SENDING: "is being sent",
    DeliveryState.ACCEPTED: "was accepted by the service; the phone has not confirmed it yet",
    DeliveryState.RECEIVED: "was received by the phone",
    DeliveryState.OPENED: "was opened",
    DeliveryState.FAILED: "failed",
    DeliveryState.DROPPED: "found nobody there: the phone is sent to no more",
    DeliveryState.EXPIRED: "came too late to be sent",
    DeliveryState.SUPPRESSED: "was not sent, on purpose",
}
_UNDER_WAY = {DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.ACCEPTED}
_ARRIVED = {DeliveryState.ACCEPTED, DeliveryState.RECEIVED, DeliveryState.OPENED}


def _followed(engine: Engine, notification_id: UUID, say: Callable[[str], None]) -> bool:
    """Say what becomes of each delivery, as it becomes so, until all are over or time is up."""
    said: dict[UUID, str] = {}
    is_ready = False
    rows: list[Any] = []
    for rows, is_ready in _looks(engine, notification_id):
        for row in rows:
            reason = f" ({row.reason})" if row.reason else ""
            says = f"{_name(row)} {_STATES[DeliveryState(row.state)]}{reason}."
            if said.get(row.id) != says:
                said[row.id] = says
                say(says)
        if is_ready and not any(row.state in _UNDER_WAY for row in rows):
            break
    if not is_ready:
        say(f"No worker took it up within {WAITS:.0f} seconds: is `hub worker` running?")
    elif not rows:
        say("There was no way to send it.")
    has_arrived = any(row.state in _ARRIVED for row in rows)
    say("They can be reached." if has_arrived else "It reached nobody.")
    return has_arrived


def _looks(engine: Engine, notification_id: UUID) -> Iterator[tuple[list[Any], bool]]:
    found = (
        sa.select(
            Delivery.id,
            Delivery.channel,
            Delivery.state,
            Delivery.reason,
            Device.platform,
            Device.address,
        )
        .outerjoin(Device, Device.id == Delivery.device_id)
        .where(Delivery.notification_id == notification_id)
        .order_by(Delivery.id)
    )
    ready = sa.select(Notification.ready_at).where(Notification.id == notification_id)
    ends_at = time.monotonic() + WAITS
    while True:
        with db.transaction(engine) as session:
            is_ready = session.scalar(ready) is not None
            rows = [*session.execute(found)]
        yield rows, is_ready
        if time.monotonic() >= ends_at:
            return
        time.sleep(LOOKS_EVERY)


def _name(row: Any) -> str:
    if row.platform is None:
        return f"The {row.channel}"
    return f"{row.platform.capitalize()}{end_of(row.address)}: the push"
