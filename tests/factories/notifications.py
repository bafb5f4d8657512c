"""Phones, notifications, and what became of them; each flushed in the running transaction."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid4, uuid7

from hub_api import clock, db
from hub_api.accounts.models import LoginSession
from hub_api.notifications.categories import Category
from hub_api.notifications.models import (
    Delivery,
    DeliveryState,
    Device,
    DeviceKind,
    Notification,
    NotificationPreferences,
    Platform,
    channel_of,
)

P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
"""The keys of a browser, of the length they have."""


def phone_body(**changes: Any) -> dict[str, Any]:
    """What an app sends to register a phone."""
    body = {"kind": "fid", "address": f"fid-{uuid4().hex}", "platform": "android"}
    return {**body, "app_version": "1.4.0", "locale": "en-GB", **changes}


def browser_body(**changes: Any) -> dict[str, Any]:
    """What a page sends to register a browser."""
    endpoint = f"https://updates.push.services.mozilla.com/wpush/v2/{uuid4().hex}"
    keys = {"p256dh": P256DH, "auth": AUTH}
    return phone_body(kind="webpush", address=endpoint, keys=keys, platform="web", **changes)


def make_session(account_id: UUID, **changes: Any) -> LoginSession:
    """A login of somebody."""
    lasts = {"expires_at": clock.now() + timedelta(days=30), **changes}
    login = LoginSession(account_id=account_id, **lasts)
    return _saved(login)


def make_device(account_id: UUID, session_id: UUID | None = None, **changes: Any) -> Device:
    """A phone somebody is logged in on; without a session, by a login of its own."""
    return _saved(
        Device(
            account_id=account_id,
            session_id=session_id or make_session(account_id).id,
            **{
                "installation_id": str(uuid4()),
                "kind": DeviceKind.FID,
                "address": f"fid-{uuid4().hex}",
                "platform": Platform.ANDROID,
                "locale": "en-GB",
                **changes,
            },
        )
    )


def make_notification(
    account_id: UUID, category: Category = Category.REQUEST_ACCEPTED, **changes: Any
) -> Notification:
    """Something somebody should know, about nothing in particular, and no job for it."""
    now = clock.now()
    lasts = {"created_at": now, "expires_at": now + category.lasts, "subject_id": uuid7()}
    return _saved(
        Notification(
            account_id=account_id,
            category=category,
            severity=category.severity,
            **{**lasts, **changes},
        )
    )


def make_delivery(notification: Notification, device: Device, **changes: Any) -> Delivery:
    """A notification on its way to a device: queued, or as its changes say."""
    state = changes.get("state", DeliveryState.QUEUED)
    now, fits = clock.now(), {}
    if state == DeliveryState.QUEUED:
        fits = {"next_attempt_at": now}
    elif state == DeliveryState.SENDING:
        fits = {"sending_since": now, "attempts": 1}
    elif state == DeliveryState.ACCEPTED:
        fits = {"accepted_at": now, "attempts": 1}
    return _saved(
        Delivery(
            notification_id=notification.id,
            account_id=notification.account_id,
            device_id=device.id,
            channel=channel_of(device.kind),
            **{**fits, **changes},
        )
    )


def make_preferences(account_id: UUID, **changes: Any) -> NotificationPreferences:
    """What somebody wants: text messages to a number that is nobody's."""
    return _saved(
        NotificationPreferences(account_id=account_id, **{"mobile": "+447700900123", **changes})
    )


def _saved(row: Any) -> Any:
    db.session().add(row)
    db.session().flush()
    return row
