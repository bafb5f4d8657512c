"""What is said to people, in their language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.notifications.categories import Category, Severity, Topic
from hub_api.notifications.channels import Message

if TYPE_CHECKING:
    from uuid import UUID

TITLES = {Topic.BOOKING: "Booking", Topic.PHONE: "Your phone", Topic.DIGEST: "Your inbox"}
LOOK = "You have a new update."


def message(notification_id: UUID, category: Category, severity: str, language: str) -> Message:  # noqa: ARG001 - one language so far
    """What leaves the house about a notification, in one language."""
    return Message(
        notification_id=notification_id,
        topic=category.topic,
        title=TITLES[category.topic],
        body=LOOK,
        lasts=category.lasts,
        is_urgent=severity == Severity.URGENT,
    )
