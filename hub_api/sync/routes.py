"""Catching up in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor
from hub_api.sync import service
from hub_api.sync.schemas import SyncIn, SyncSchema

if TYPE_CHECKING:
    from hub_api.sync.service import Query

blp = Blueprint("sync", __name__, url_prefix="/sync", description="What has changed for me.")


@blp.route("", methods=["GET"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.arguments(SyncIn(), location="query")
@blp.response(200, SyncSchema)
def sync(query: Query) -> Any:
    """Tell a phone what has changed since it last asked."""
    return service.catch_up(current_actor(), query)
