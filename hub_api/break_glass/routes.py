"""Opening a child's record in an emergency: with a reason, for an hour, and looked at by others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.break_glass import schemas, service
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.break_glass.models import Finding
    from hub_api.reads import PageArgs

blp = Blueprint(
    "break_glass",
    __name__,
    url_prefix="/access/break-glass",
    description="Opening a child's record in an emergency, and looking at why afterwards.",
)

_OPENING = "/<uuid:break_glass_id>"
_WHY = {
    "child_id": "01920000-0000-7000-8000-000000000002",
    "reason": "The hospital asks for allergies and nobody at the hub answers.",
}


@blp.route("", methods=["POST"])
@blp.allow(Permission.BREAK_GLASS)
@blp.refuses("nobody_to_tell", "child_erased", not_found=True)
@blp.arguments(schemas.BreakGlassIn(), example=_WHY)
@blp.response(201, schemas.BreakGlassSchema, replay=service.get_opening)
def break_glass(body: dict[str, Any]) -> Any:
    """Open a child's record in an emergency; others are told at once, and will look at why."""
    return service.open_record(current_actor(), **body)


@blp.route("", methods=["GET"])
@blp.allow(Permission.BREAK_GLASS_REVIEW)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.BreakGlassSchema))
def list_break_glass(page: PageArgs) -> Any:
    """List the records that were opened in an emergency, newest first."""
    return page_response(service.list_openings(current_actor(), page))


@blp.route(_OPENING, methods=["GET"])
@blp.allow(Permission.BREAK_GLASS_REVIEW)
@blp.response(200, schemas.BreakGlassSchema)
def get_break_glass(break_glass_id: UUID) -> Any:
    """Show who opened a record, why, and until when."""
    return service.get_opening(current_actor(), break_glass_id)


@blp.route(f"{_OPENING}/review", methods=["POST"])
@blp.allow(Permission.BREAK_GLASS_REVIEW)
@blp.refuses("wrong_state")
@blp.if_match
@blp.arguments(schemas.ReviewIn(), example={"finding": "justified"})
@blp.response(200, schemas.BreakGlassSchema, replay=service.get_opening)
def review_break_glass(body: dict[str, Finding], break_glass_id: UUID, seen_version: int) -> Any:
    """Say whether it was right that somebody else opened a record."""
    return service.review_opening(current_actor(), break_glass_id, seen_version, **body)
