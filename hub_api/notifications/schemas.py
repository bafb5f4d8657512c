"""Shapes of the inbox and of phones."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any

import marshmallow as ma
from marshmallow import fields, validate

from hub_api import settings
from hub_api.notifications import endpoints
from hub_api.notifications.categories import Category, Severity, Topic
from hub_api.notifications.conditions import Condition, StopReason
from hub_api.notifications.models import DeviceKind, Platform
from hub_api.schemas import Instant, Line, Schema, length, one_of

if TYPE_CHECKING:
    from hub_api.notifications.devices import Registration

# --- the inbox -------------------------------------------------------------------------------


class NotificationSchema(Schema):
    id = fields.UUID(required=True)
    category = fields.String(required=True, validate=one_of(Category))
    topic = fields.String(
        required=True,
        validate=one_of(Topic),
        metadata={"description": "What a locked screen may say that it is about."},
    )
    severity = fields.String(required=True, validate=one_of(Severity))
    words = fields.String(required=True, metadata={"description": "What to show the person."})
    subject_id = fields.UUID(required=True, metadata={"description": "What it is about."})
    created_at = Instant(required=True)
    ready_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "When it was made ready for delivery."},
    )
    opened_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "When I first looked at it, on whatever phone."},
    )
    acknowledged_at = Instant(
        required=True, allow_none=True, metadata={"description": "When I said that I see to it."}
    )


UNREAD_COUNT = fields.Integer(
    required=True,
    metadata={"description": "How many I have not opened; 100 means at least so many: show 99+."},
)


# --- phones ----------------------------------------------------------------------------------

LONGEST_ADDRESS = 2_000
"""What an index takes. Tokens and endpoints have some hundred characters."""

_ADDRESS = re.compile(r"[A-Za-z0-9_:.-]+", re.ASCII)

_POINT, _SECRET = 65, 16
"""Bytes of a public key, a point of P-256, and of the secret shared with a browser (RFC 8291)."""


class _Key(fields.String):
    """So many bytes in base64url without padding, as browsers write it."""

    def __init__(self, size: int, **kwargs: Any) -> None:
        longest = -(-size * 8 // 6)
        super().__init__(
            metadata={"minLength": longest, "maxLength": longest, "pattern": "^[A-Za-z0-9_-]+$"},
            **kwargs,
        )
        self._size = size

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        try:
            sent = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            sent = b""
        if len(sent) != self._size or "=" in text:
            raise ma.ValidationError("This isn't a key of a browser's subscription.")
        return text


class DeviceKeysIn(Schema):
    """The `keys` of a browser's push subscription."""

    p256dh = _Key(_POINT, required=True)
    auth = _Key(_SECRET, required=True)


class DeviceIn(Schema):
    """By what a phone or browser is reached."""

    kind = fields.String(required=True, validate=one_of(DeviceKind))
    address = Line(
        required=True,
        validate=length(10, LONGEST_ADDRESS, "Please give 10 to 2,000 characters."),
        metadata={
            "description": "The Firebase installation id or registration token, or the endpoint."
        },
    )
    keys = fields.Nested(
        DeviceKeysIn,
        load_default=None,
        allow_none=True,
        metadata={"description": "Of a browser (`webpush`), and of nothing else."},
    )
    platform = fields.String(required=True, validate=one_of(Platform))
    app_version = Line(
        load_default=None, allow_none=True, validate=length(1, 40, "Please keep this to 40.")
    )
    locale = fields.String(
        load_default="en-GB",
        validate=[
            length(2, 35, "Please keep this to 35 characters."),
            validate.Regexp(
                r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z",
                error="Please give a language such as en-GB.",
            ),
        ],
    )

    @ma.validates_schema
    def _fits_its_kind(self, given: Registration, **_: Any) -> None:
        is_browser = given["kind"] == DeviceKind.WEBPUSH
        if is_browser != (given["keys"] is not None):
            words = "A browser needs its keys." if is_browser else "Only a browser has keys."
            raise ma.ValidationError(words, "keys")
        if not (_is_endpoint if is_browser else _ADDRESS.fullmatch)(given["address"]):
            raise ma.ValidationError("This isn't an address the hub can send to.", "address")


def _is_endpoint(address: str) -> bool:
    """Whether it is at a push service we know: the hub sends there, and nowhere else."""
    hosts = settings.current().channels.web_push_hosts
    return endpoints.service_at(address, hosts) is not None


class DeviceSchema(Schema):
    id = fields.UUID(required=True)
    installation_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=one_of(DeviceKind))
    platform = fields.String(required=True, validate=one_of(Platform))
    app_version = fields.String(required=True, allow_none=True)
    locale = fields.String(required=True)
    state = fields.String(required=True, validate=one_of(Condition))
    reason = fields.String(
        required=True,
        allow_none=True,
        validate=one_of(StopReason),
        metadata={"description": "Why it has stopped."},
    )
    words = fields.String(required=True, metadata={"description": "What to show the person."})
    registered_at = Instant(required=True)
    proven_at = Instant(
        required=True, metadata={"description": "When it last registered or sent a receipt."}
    )
    received_at = Instant(
        required=True, allow_none=True, metadata={"description": "When it last sent a receipt."}
    )
    is_this_one = fields.Boolean(required=True, metadata={"description": "The one that is asking."})


class WebPushKeySchema(Schema):
    application_server_key = fields.String(
        required=True,
        metadata={
            "description": "For `PushManager.subscribe()`: an uncompressed P-256 point, base64url."
        },
    )
