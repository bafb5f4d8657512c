"""The inbox, what a phone says of it, and the phones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, no_object, page_response
from hub_api.notifications import devices, receipts, service
from hub_api.notifications.receipts import Receipt
from hub_api.notifications.schemas import (
    UNREAD_COUNT,
    DeviceIn,
    DeviceSchema,
    NotificationSchema,
    WebPushKeySchema,
)
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.notifications.devices import Registration
    from hub_api.reads import PageArgs

blp = Blueprint(
    "notifications", __name__, url_prefix="/notifications", description="What I should know."
)
devices_blp = Blueprint(
    "devices", __name__, url_prefix="/devices", description="The phones I am reached by."
)


@blp.route("", methods=["GET"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(NotificationSchema, unread_count=UNREAD_COUNT))
def list_notifications(page: PageArgs) -> Any:
    """List my notifications, newest first."""
    actor = current_actor()
    found = service.inbox(actor, page)
    return page_response(found, unread_count=service.unread_count(actor))


@blp.route("/web-push-key", methods=["GET"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.response(200, WebPushKeySchema)
@blp.refuses(not_found=True)
def get_web_push_key() -> Any:
    """Get the key a browser subscribes to. 404 `web_push_off` while there is none."""
    return {"application_server_key": service.web_push_key()}


# --- receipts --------------------------------------------------------------------------------

# Unversioned: nobody should meet a 428 at three in the morning, and a receipt can't overwrite
# anything: it only ever adds to what is known.


@blp.route("/<uuid:notification_id>/received", methods=["POST"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.unversioned
@blp.response(204, replay=no_object)
def receive_notification(notification_id: UUID) -> None:
    """Say that it is on my phone."""
    receipts.confirm(current_actor(), notification_id, Receipt.RECEIVED)


@blp.route("/<uuid:notification_id>/opened", methods=["POST"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.unversioned
@blp.response(204, replay=no_object)
def open_notification(notification_id: UUID) -> None:
    """Say that I have looked at it."""
    receipts.confirm(current_actor(), notification_id, Receipt.OPENED)


@blp.route("/<uuid:notification_id>/acknowledged", methods=["POST"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.unversioned
@blp.response(204, replay=no_object)
def acknowledge_notification(notification_id: UUID) -> None:
    """Say that I see to it."""
    receipts.confirm(current_actor(), notification_id, Receipt.ACKNOWLEDGED)


# --- phones ----------------------------------------------------------------------------------

_PHONE = {
    "kind": "fid",
    "address": "dXv1kPq0R2WbN4sT7yZ3aB",
    "platform": "android",
    "app_version": "1.4.0",
    "locale": "en-GB",
}


@devices_blp.route("", methods=["GET"])
@devices_blp.allow(Permission.OWN_ACCOUNT)
@devices_blp.arguments(PageIn(), location="query")
@devices_blp.response(200, page_of(DeviceSchema))
def list_devices(page: PageArgs) -> Any:
    """List my phones and browsers, and whether they receive."""
    return page_response(devices.list_devices(current_actor(), page))


# Unversioned: an app says what is so of itself, and nobody else could have changed that.
@devices_blp.route("/<uuid:installation_id>", methods=["PUT"])
@devices_blp.allow(Permission.OWN_ACCOUNT)
@devices_blp.refuses("registered_meanwhile")
@devices_blp.unversioned
@devices_blp.arguments(DeviceIn(), example=_PHONE)
@devices_blp.response(204)
def register_device(given: Registration, installation_id: UUID) -> None:
    """Have this phone receive for me while I am logged in on it."""
    devices.register(current_actor(), installation_id, given)


# Unversioned: whatever it has become meanwhile, its person wants nothing sent to it.
@devices_blp.route("/<uuid:installation_id>", methods=["DELETE"])
@devices_blp.allow(Permission.OWN_ACCOUNT)
@devices_blp.unversioned
@devices_blp.response(204)
def remove_device(installation_id: UUID) -> None:
    """Have nothing sent to one of my phones any more."""
    devices.remove(current_actor(), installation_id)
