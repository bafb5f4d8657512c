"""How I want to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor
from hub_api.notifications import preferences
from hub_api.notifications.preferences_schemas import PreferencesIn, PreferencesSchema

if TYPE_CHECKING:
    from hub_api.notifications.preferences import Wanted

blp = Blueprint(
    "notification preferences",
    __name__,
    url_prefix="/me/notification-preferences",
    description="How I want to be told.",
)


@blp.route("", methods=["GET"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.response(200, PreferencesSchema)
def get_notification_preferences() -> Any:
    """Show how I am told of what, and when I am left alone."""
    return preferences.get_preferences(current_actor())


@blp.route("", methods=["PUT"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.if_match
@blp.arguments(
    PreferencesIn(),
    example={
        "quiet_hours": {"from": "22:00", "until": "07:00"},
        "time_zone": "Europe/London",
        "mobile": "+447700900123",
        "language": "en",
        "choices": [{"category": "request_withdrawn", "way": "push", "is_on": False}],
    },
)
@blp.response(200, PreferencesSchema)
def put_notification_preferences(body: Wanted, seen_version: int) -> Any:
    """Choose how I am told of what, and when I am left alone."""
    return preferences.put_preferences(current_actor(), seen_version, body)
