"""Asking for sleepovers and deciding on the asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.respite import service
from hub_api.respite.schemas import (
    RespiteRequestDetailSchema,
    RespiteRequestIn,
    RespiteRequestSchema,
)
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.reads import PageArgs

blp = Blueprint(
    "respite",
    __name__,
    url_prefix="/respite-requests",
    description="Asking for sleepovers, and the hub carer's decision.",
)

_ASK = {
    "household_id": "01920000-0000-7000-8000-000000000001",
    "children": ["01920000-0000-7000-8000-000000000002"],
    "kind": "planned",
    "arrives_at": "2026-12-04T17:00:00Z",
    "departs_at": "2026-12-05T10:00:00Z",
    "reason": "rest_for_carer",
    "note": "Sleeps with the landing light on.",
}


@blp.route("", methods=["GET"])
@blp.allow(Permission.RESPITE_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(RespiteRequestSchema))
def list_respite_requests(page: PageArgs) -> Any:
    """List the respite requests I may see, newest first."""
    return page_response(service.list_requests(current_actor(), page))


@blp.route("", methods=["POST"])
@blp.allow(Permission.RESPITE_REQUEST)
@blp.refuses(
    "child_already_away",
    "stay_too_long",
    "no_nights",
    "no_hub_home",
    "in_the_past",
    "too_far_ahead",
    "child_erased",
    not_found=True,
)
@blp.arguments(RespiteRequestIn(), example=_ASK)
@blp.response(201, RespiteRequestDetailSchema, replay=service.get_request)
def create_respite_request(body: service.RequestIn) -> Any:
    """Ask for a sleepover; with `draft`, save the asking for later."""
    return service.ask(current_actor(), body)


@blp.route("/<uuid:request_id>", methods=["GET"])
@blp.allow(Permission.RESPITE_READ)
@blp.response(200, RespiteRequestDetailSchema)
def get_respite_request(request_id: UUID) -> Any:
    """Show a respite request with its children, checks and note."""
    return service.get_request(current_actor(), request_id)


@blp.route("/<uuid:request_id>/submit", methods=["POST"])
@blp.allow(Permission.RESPITE_REQUEST)
@blp.refuses("wrong_state", "child_already_away", "stay_too_long", "in_the_past")
@blp.if_match
@blp.response(200, RespiteRequestDetailSchema, replay=service.get_request)
def submit_respite_request(request_id: UUID, seen_version: int) -> Any:
    """Send a saved draft to the hub."""
    return service.submit_request(current_actor(), request_id, seen_version)


@blp.route("/<uuid:request_id>/accept", methods=["POST"])
@blp.allow(Permission.RESPITE_DECIDE)
@blp.refuses("wrong_state", "nights_taken", "child_already_away", "stay_too_long", "in_the_past")
@blp.if_match
@blp.response(200, RespiteRequestDetailSchema, replay=service.get_request)
def accept_respite_request(request_id: UUID, seen_version: int) -> Any:
    """Accept a respite request and book its beds."""
    return service.accept_request(current_actor(), request_id, seen_version)
