"""A message as the channels are given it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from uuid_utils.compat import uuid7

from hub_api.notifications.categories import Topic
from hub_api.notifications.channels import Message


def a_message(**changes: Any) -> Message:
    message = Message(
        notification_id=uuid7(),
        topic=Topic.BOOKING,
        title="Booking",
        body="You have a new update.",
        lasts=timedelta(days=2),
        is_urgent=False,
    )
    return replace(message, **changes)
