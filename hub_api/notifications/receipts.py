"""What a phone says of a notification: received, opened, acknowledged.

In any order and as often as it likes: each receipt implies those before it, and none takes anything
back. A receipt is stronger than whatever the sender believes, since only the phone knows.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api import clock, db, reads
from hub_api.audit import service as audit
from hub_api.notifications import devices, policy
from hub_api.notifications.models import Delivery, DeliveryState, Device, Notification
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from hub_api.access import Actor


class Receipt(StrEnum):
    RECEIVED = "received"
    """It is on the phone."""
    OPENED = "opened"
    """The person has looked at it."""
    ACKNOWLEDGED = "acknowledged"
    """The person sees to it."""


def confirm(actor: Actor, notification_id: UUID, receipt: Receipt) -> None:
    """Note a receipt for one of the actor's own notifications. Raises `NotFound`.

    The phone is that of the actor's session, if it has registered one.
    """
    found = sa.select(Notification).where(
        Notification.id == notification_id, policy.visible_to(ASKING)
    )
    reads.find(actor, found)
    now = clock.now()
    if receipt is not Receipt.RECEIVED:
        _look_at(notification_id, now)
    if receipt is Receipt.ACKNOWLEDGED:
        _acknowledge(actor, notification_id, now)
    _move_delivery(actor, notification_id, now, is_opened=receipt is not Receipt.RECEIVED)
    devices.prove(actor, by_receipt=True)


def _look_at(notification_id: UUID, now: datetime) -> None:
    db.connection().execute(
        sa.update(Notification)
        .where(Notification.id == notification_id, Notification.opened_at.is_(None))
        .values(opened_at=now)
    )


def _acknowledge(actor: Actor, notification_id: UUID, now: datetime) -> None:
    """The first time is recorded: by it a person takes something on."""
    acknowledged = db.connection().execute(
        sa.update(Notification)
        .where(Notification.id == notification_id, Notification.acknowledged_at.is_(None))
        .values(acknowledged_at=now)
    )
    if acknowledged.rowcount:
        audit.record(
            "notification:acknowledge",
            actor_id=actor.account_id,
            subject_id=notification_id,
            changed=["acknowledged_at"],
        )


def _move_delivery(actor: Actor, notification_id: UUID, now: datetime, *, is_opened: bool) -> None:
    """The delivery to this phone has arrived, wherever the sender thinks it is.

    One that waits is not sent any more. One not sent on purpose stays what it is: the person found
    the notification in the inbox.
    """
    here = sa.select(Device.id).where(Device.session_id == actor.session_id)
    column = Delivery.opened_at if is_opened else Delivery.received_at
    values: dict[str, Any] = {
        "state": DeliveryState.OPENED if is_opened else DeliveryState.RECEIVED,
        "received_at": sa.func.coalesce(Delivery.received_at, now),
        "next_attempt_at": None,
        "sending_since": None,
        "ended_at": None,
        "reason": None,
    }
    db.connection().execute(
        sa.update(Delivery)
        .where(
            Delivery.notification_id == notification_id,
            Delivery.device_id.in_(here),
            Delivery.state != DeliveryState.SUPPRESSED,
            column.is_(None),
        )
        .values(values | ({"opened_at": now} if is_opened else {}))
    )
