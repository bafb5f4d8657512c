"""The inbox."""

from __future__ import annotations

from typing import Any

from hub_api.access import Permission
from hub_api.api import Blueprint, PageArgs, current_actor, keyset_page
from hub_api.notifications import service
from hub_api.notifications.models import Notification
from hub_api.notifications.schemas import NotificationSchema
from hub_api.schemas import PageIn, page_of

blp = Blueprint(
    "notifications", __name__, url_prefix="/notifications", description="What I should know."
)


@blp.route("", methods=["GET"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(NotificationSchema))
def list_notifications(page: PageArgs) -> Any:
    """List my notifications, newest first."""
    return keyset_page(service.inbox(current_actor()), Notification.id, page)
