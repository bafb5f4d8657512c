"""Looking at sleepovers and calling them off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.schemas import PageIn, page_of
from hub_api.sleepovers import service
from hub_api.sleepovers.schemas import CancelIn, SleepoverSchema

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.reads import PageArgs
    from hub_api.sleepovers.models import CancelReason

blp = Blueprint(
    "sleepovers",
    __name__,
    url_prefix="/sleepovers",
    description="Children's stays at the hub.",
)


@blp.route("", methods=["GET"])
@blp.allow(Permission.SLEEPOVER_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(SleepoverSchema))
def list_sleepovers(page: PageArgs) -> Any:
    """List the sleepovers I may see, newest first."""
    return page_response(service.list_sleepovers(current_actor(), page))


@blp.route("/<uuid:sleepover_id>", methods=["GET"])
@blp.allow(Permission.SLEEPOVER_READ)
@blp.response(200, SleepoverSchema)
def get_sleepover(sleepover_id: UUID) -> Any:
    """Show a sleepover and the nights it holds."""
    return service.get_sleepover(current_actor(), sleepover_id)


@blp.route("/<uuid:sleepover_id>/cancel", methods=["POST"])
@blp.allow(Permission.SLEEPOVER_CANCEL)
@blp.refuses("wrong_state", "already_begun")
@blp.if_match
@blp.arguments(CancelIn(), example={"reason": "child_unwell"})
@blp.response(200, SleepoverSchema, replay=service.get_sleepover)
def cancel_sleepover(body: dict[str, CancelReason], sleepover_id: UUID, seen_version: int) -> Any:
    """Call a sleepover off and free its nights."""
    return service.cancel_sleepover(current_actor(), sleepover_id, seen_version, **body)
