"""Asking for sleepovers and deciding on the asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response, to_response
from hub_api.respite import service
from hub_api.respite.schemas import (
    ApproveIn,
    AskingIn,
    DeclineIn,
    OverrideIn,
    OverrideSchema,
    RespiteRequestChangeIn,
    RespiteRequestDetailSchema,
    RespiteRequestIn,
    RespiteRequestSchema,
    RespiteRequestsIn,
    TrialSchema,
    WithdrawIn,
)
from hub_api.schemas import PageIn, page_of
from hub_api.sleepovers import checks

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.reads import PageArgs
    from hub_api.respite.models import DeclineReason, WithdrawReason

blp = Blueprint(
    "respite",
    __name__,
    url_prefix="/respite-requests",
    description="Asking for sleepovers, and what becomes of the asking.",
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

_OVERRIDE = {"code": "length", "reason": "Mum is in hospital until Thursday."}

_IN_THE_WAY = ("in_the_past", *checks.REFUSALS)
"""The codes of a stay that isn't possible."""


@blp.route("", methods=["GET"])
@blp.allow(Permission.RESPITE_READ)
@blp.arguments(RespiteRequestsIn(), location="query")
@blp.response(200, page_of(RespiteRequestSchema))
def list_respite_requests(query: service.Query) -> Any:
    """List the respite requests I may see, newest first."""
    return page_response(service.list_requests(current_actor(), query))


@blp.route("", methods=["POST"])
@blp.allow(Permission.RESPITE_REQUEST)
@blp.refuses(
    *_IN_THE_WAY,
    "no_nights",
    "no_hub_home",
    "membership_ends",
    "constellation_closed",
    "too_far_ahead",
    "child_erased",
    not_found=True,
)
@blp.arguments(AskingIn(), location="query")
@blp.arguments(RespiteRequestIn(), example=_ASK)
@blp.alt_response(200, schema=TrialSchema)
@blp.response(201, RespiteRequestDetailSchema, replay=service.get_request)
def create_respite_request(query: dict[str, bool], body: service.RequestIn) -> Any:
    """Ask for a sleepover; with `draft`, save the asking for later; with `dry_run`, try it out."""
    if query["dry_run"]:
        return to_response(service.try_asking(current_actor(), body), 200)
    return service.ask(current_actor(), body)


@blp.route("/<uuid:request_id>", methods=["GET"])
@blp.allow(Permission.RESPITE_READ)
@blp.response(200, RespiteRequestDetailSchema)
def get_respite_request(request_id: UUID) -> Any:
    """Show a respite request with its children, checks and note."""
    return service.get_request(current_actor(), request_id)


@blp.route("/<uuid:request_id>", methods=["PATCH"])
# The household's carers change what they ask for, the hub's people the dates of an accepted stay:
# they share no permission but to read it, and the policy tells them apart.
@blp.allow(Permission.RESPITE_READ)
@blp.refuses(
    "wrong_state", "already_begun", "no_nights", "no_hub_home", "membership_ends", "too_far_ahead"
)
@blp.refuses("constellation_closed", "was_extended", "emergency")
@blp.refuses(*_IN_THE_WAY, "child_erased")
@blp.if_match
@blp.arguments(RespiteRequestChangeIn(), example={"departs_at": "2026-12-06T10:00:00Z"})
@blp.response(200, RespiteRequestDetailSchema)
def change_respite_request(body: service.ChangeIn, request_id: UUID, seen_version: int) -> Any:
    """Change what a request asks for; once it is accepted, its dates."""
    return service.change_request(current_actor(), request_id, seen_version, body)


@blp.route("/<uuid:request_id>/submit", methods=["POST"])
@blp.allow(Permission.RESPITE_REQUEST)
@blp.refuses("wrong_state", *_IN_THE_WAY)
@blp.refuses("no_hub_home", "membership_ends", "constellation_closed")
@blp.if_match
@blp.response(200, RespiteRequestDetailSchema, replay=service.get_request)
def submit_respite_request(request_id: UUID, seen_version: int) -> Any:
    """Send a saved draft to the hub."""
    return service.submit_request(current_actor(), request_id, seen_version)


@blp.route("/<uuid:request_id>/accept", methods=["POST"])
@blp.allow(Permission.RESPITE_DECIDE)
@blp.refuses("wrong_state", "emergency", *_IN_THE_WAY)
@blp.refuses("other_hub_home", "no_hub_home", "membership_ends", "constellation_closed")
@blp.if_match
@blp.response(200, RespiteRequestDetailSchema, replay=service.get_request)
def accept_respite_request(request_id: UUID, seen_version: int) -> Any:
    """Accept a respite request and book its beds; a longer stay then awaits approval."""
    return service.accept_request(current_actor(), request_id, seen_version)


@blp.route("/<uuid:request_id>/approve", methods=["POST"])
@blp.allow(Permission.RESPITE_DECIDE)
@blp.refuses("wrong_state", *_IN_THE_WAY, "child_erased")
@blp.if_match
@blp.arguments(ApproveIn(), example={"reason": "Mum is in hospital until Thursday."})
@blp.response(200, RespiteRequestDetailSchema, replay=service.get_request)
def approve_respite_request(body: dict[str, str], request_id: UUID, seen_version: int) -> Any:
    """Approve a longer stay that the hub carer has accepted."""
    return service.approve_request(current_actor(), request_id, seen_version, **body)


@blp.route("/<uuid:request_id>/decline", methods=["POST"])
@blp.allow(Permission.RESPITE_DECIDE)
@blp.refuses("wrong_state", "emergency")
@blp.if_match
@blp.arguments(DeclineIn(), example={"reason": "hub_unable"})
@blp.response(200, RespiteRequestDetailSchema, replay=service.get_request)
def decline_respite_request(
    body: dict[str, DeclineReason], request_id: UUID, seen_version: int
) -> Any:
    """Say no to a respite request, with the reason."""
    return service.decline_request(current_actor(), request_id, seen_version, **body)


@blp.route("/<uuid:request_id>/withdraw", methods=["POST"])
@blp.allow(Permission.RESPITE_REQUEST)
@blp.refuses("wrong_state")
@blp.if_match
@blp.arguments(WithdrawIn(), example={"reason": "no_longer_needed"})
@blp.response(200, RespiteRequestDetailSchema, replay=service.get_request)
def withdraw_respite_request(
    body: dict[str, WithdrawReason], request_id: UUID, seen_version: int
) -> Any:
    """Take a respite request back, with the reason."""
    return service.withdraw_request(current_actor(), request_id, seen_version, **body)


@blp.route("/<uuid:request_id>/overrides", methods=["GET"])
@blp.allow(Permission.RESPITE_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(OverrideSchema))
def list_overrides(page: PageArgs, request_id: UUID) -> Any:
    """List the checks that were set aside for a respite request, newest first."""
    return page_response(service.list_overrides(current_actor(), request_id, page))


@blp.route("/<uuid:request_id>/overrides", methods=["POST"])
@blp.allow(Permission.RESPITE_OVERRIDE)
@blp.refuses("wrong_state", "nothing_to_override", "child_erased")
@blp.if_match
@blp.arguments(OverrideIn(), example=_OVERRIDE)
@blp.response(201, OverrideSchema, replay=service.get_override)
def override_check(body: dict[str, Any], request_id: UUID, seen_version: int) -> Any:
    """Set a check aside for a respite request, with the reason."""
    return service.override_check(current_actor(), request_id, seen_version, **body)
