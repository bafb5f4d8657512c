"""The inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.notifications import service
from hub_api.notifications.schemas import NotificationSchema, WebPushKeySchema
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from hub_api.reads import PageArgs

blp = Blueprint(
    "notifications", __name__, url_prefix="/notifications", description="What I should know."
)


@blp.route("", methods=["GET"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(NotificationSchema))
def list_notifications(page: PageArgs) -> Any:
    """List my notifications, newest first."""
    return page_response(service.inbox(current_actor(), page))


@blp.route("/web-push-key", methods=["GET"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.response(200, WebPushKeySchema)
@blp.refuses(not_found=True)
def get_web_push_key() -> Any:
    """Get the key a browser subscribes to. 404 `web_push_off` while there is none."""
    return {"application_server_key": service.web_push_key()}
