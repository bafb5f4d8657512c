"""Writing down concerns about people, and looking into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response, to_response
from hub_api.concerns import service
from hub_api.concerns.schemas import (
    AddendumIn,
    AddendumSchema,
    ConcernDetailSchema,
    ConcernIn,
    ConcernSchema,
    ConcernsIn,
    OutcomeIn,
    PersonSchema,
    WhoSeesSchema,
    WritingIn,
    WrittenSchema,
)
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.reads import PageArgs

blp = Blueprint(
    "concerns",
    __name__,
    url_prefix="/concerns",
    description="Concerns about people, hidden from the person and their household.",
)

_CONCERN = {
    "about_adult_id": "01920000-0000-7000-8000-000000000003",
    "children": ["01920000-0000-7000-8000-000000000002"],
    "what_happened": "What was seen and heard, in plain words.",
    "happened_at": "2026-11-20T16:30:00Z",
}


@blp.route("", methods=["GET"])
@blp.allow(Permission.CONCERN_READ)
@blp.arguments(ConcernsIn(), location="query")
@blp.response(200, page_of(ConcernSchema))
def list_concerns(query: service.Query) -> Any:
    """List the concerns I wrote or handle, newest first."""
    return page_response(service.list_concerns(current_actor(), query))


@blp.route("", methods=["POST"])
@blp.allow(Permission.CONCERN_RAISE)
@blp.refuses("about_oneself", "child_erased", "different_constellations", "in_the_future")
@blp.refuses("nobody_to_tell", not_found=True)
@blp.arguments(WritingIn(), location="query")
@blp.arguments(ConcernIn(), example=_CONCERN)
@blp.alt_response(200, schema=WhoSeesSchema)
@blp.response(201, WrittenSchema, replay=service.as_written)
def create_concern(query: dict[str, bool], body: service.ConcernIn) -> Any:
    """Write a concern down; with `dry_run`, be told who would see it."""
    if query["dry_run"]:
        return to_response(service.try_raising(current_actor(), body), 200)
    return service.raise_concern(current_actor(), body)


@blp.route("/people", methods=["GET"])
@blp.allow(Permission.CONCERN_RAISE)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(PersonSchema))
def list_people(page: PageArgs) -> Any:
    """List whom I may write about."""
    return page_response(service.list_people(current_actor(), page))


@blp.route("/<uuid:concern_id>", methods=["GET"])
@blp.allow(Permission.CONCERN_READ)
@blp.response(200, ConcernDetailSchema)
def get_concern(concern_id: UUID) -> Any:
    """Show a concern with what was written. That I read it is recorded."""
    return service.get_concern(current_actor(), concern_id)


@blp.route("/<uuid:concern_id>/addenda", methods=["GET"])
@blp.allow(Permission.CONCERN_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(AddendumSchema))
def list_addenda(page: PageArgs, concern_id: UUID) -> Any:
    """List what was added to a concern, newest first; its writer sees their own."""
    return page_response(service.list_addenda(current_actor(), concern_id, page))


# Unversioned: what is added overwrites nothing.
@blp.route("/<uuid:concern_id>/addenda", methods=["POST"])
@blp.allow(Permission.CONCERN_READ)
@blp.refuses("child_erased")
@blp.unversioned
@blp.arguments(AddendumIn(), example={"words": "She told me the same again this morning."})
@blp.response(201, AddendumSchema, replay=service.get_addendum)
def create_addendum(body: dict[str, str], concern_id: UUID) -> Any:
    """Add to a concern."""
    return service.add(current_actor(), concern_id, body["words"])


@blp.route("/<uuid:concern_id>/outcome", methods=["POST"])
@blp.allow(Permission.CONCERN_FOLLOW_UP)
@blp.refuses("child_erased", "in_the_future")
@blp.if_match
@blp.arguments(
    OutcomeIn(),
    example={
        "outcome": "lado_referral",
        "referred_on": "2026-11-21",
        "words": "Referred after the strategy discussion.",
    },
)
@blp.response(200, ConcernDetailSchema, replay=service.get_concern)
def record_outcome(body: service.OutcomeIn, concern_id: UUID, seen_version: int) -> Any:
    """Say what came of a concern."""
    return service.record_outcome(current_actor(), concern_id, seen_version, body)
