"""Shapes of the inbox."""

from __future__ import annotations

from marshmallow import fields

from hub_api.notifications.categories import Category
from hub_api.schemas import Instant, Schema, one_of


class NotificationSchema(Schema):
    id = fields.UUID(required=True)
    category = fields.String(required=True, validate=one_of(Category))
    words = fields.String(required=True, metadata={"description": "What to show the person."})
    subject_id = fields.UUID(required=True, metadata={"description": "What it is about."})
    created_at = Instant(required=True)
    ready_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "When it was made ready for delivery."},
    )


class WebPushKeySchema(Schema):
    application_server_key = fields.String(
        required=True,
        metadata={
            "description": "For `PushManager.subscribe()`: an uncompressed P-256 point, base64url."
        },
    )
