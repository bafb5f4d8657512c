"""Raising an emergency, and answering one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.emergencies import service
from hub_api.emergencies.schemas import (
    EmergenciesIn,
    EmergencyAskSchema,
    EmergencyAsksIn,
    EmergencyIn,
    EmergencySchema,
    TermsIn,
)
from hub_api.schemas import page_of
from hub_api.sleepovers import checks

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.emergencies.models import TermsReason

blp = Blueprint(
    "emergencies",
    __name__,
    url_prefix="/emergencies",
    description="When a child needs a bed now.",
)
asks_blp = Blueprint(
    "emergency_asks",
    __name__,
    url_prefix="/emergency-asks",
    description="What my hub is asked in an emergency.",
)

_ASK = {
    "household_id": "01920000-0000-7000-8000-000000000001",
    "children": ["01920000-0000-7000-8000-000000000002"],
    "until": "2026-12-05T10:00:00Z",
    "reason": "carer_unwell",
}

# Unversioned: nobody should meet a 428 at three in the morning. An answer is given once, and the
# first yes counts, whatever the others have seen.


@blp.route("", methods=["GET"])
@blp.allow(Permission.EMERGENCY_READ)
@blp.arguments(EmergenciesIn(), location="query")
@blp.response(200, page_of(EmergencySchema))
def list_emergencies(query: service.Query) -> Any:
    """List the emergencies I may see, newest first."""
    return page_response(service.list_emergencies(current_actor(), query))


@blp.route("", methods=["POST"])
@blp.allow(Permission.EMERGENCY_ASK)
@blp.refuses(
    "in_the_past",
    "child_already_away",
    "stay_too_long",
    "no_nights",
    "no_hub_home",
    "membership_ends",
    "constellation_closed",
    "too_far_ahead",
    "child_erased",
    not_found=True,
)
@blp.arguments(EmergencyIn(), example=_ASK)
@blp.response(201, EmergencySchema, replay=service.get_emergency)
def create_emergency(body: service.EmergencyIn) -> Any:
    """Look for a bed now: the hub is asked at once, and people are woken."""
    return service.raise_emergency(current_actor(), body)


@blp.route("/<uuid:emergency_id>", methods=["GET"])
@blp.allow(Permission.EMERGENCY_READ)
@blp.response(200, EmergencySchema)
def get_emergency(emergency_id: UUID) -> Any:
    """Show an emergency: who was asked, and what happens next."""
    return service.get_emergency(current_actor(), emergency_id)


@blp.route("/<uuid:emergency_id>/terms", methods=["POST"])
@blp.allow(Permission.EMERGENCY_SET_ASIDE)
@blp.refuses("already_settled", "stay_too_long")
@blp.unversioned
@blp.arguments(TermsIn(), example={"reason": "no_other_bed"})
@blp.response(200, EmergencySchema, replay=service.get_emergency)
def set_terms_aside(body: dict[str, TermsReason], emergency_id: UUID) -> Any:
    """Set terms of approval aside for an emergency, in my name and for a reason."""
    return service.set_terms_aside(current_actor(), emergency_id, **body)


@asks_blp.route("", methods=["GET"])
@asks_blp.allow(Permission.EMERGENCY_ANSWER)
@asks_blp.arguments(EmergencyAsksIn(), location="query")
@asks_blp.response(200, page_of(EmergencyAskSchema))
def list_emergency_asks(query: service.AskQuery) -> Any:
    """List what my hub was asked in emergencies, newest first."""
    return page_response(service.list_asks(current_actor(), query))


@asks_blp.route("/<uuid:ask_id>", methods=["GET"])
@asks_blp.allow(Permission.EMERGENCY_ANSWER)
@asks_blp.response(200, EmergencyAskSchema)
def get_emergency_ask(ask_id: UUID) -> Any:
    """Show what my hub is asked."""
    return service.get_ask(current_actor(), ask_id)


@asks_blp.route("/<uuid:ask_id>/accept", methods=["POST"])
@asks_blp.allow(Permission.EMERGENCY_ANSWER)
@asks_blp.refuses("already_settled", *checks.REFUSALS)
@asks_blp.unversioned
@asks_blp.response(200, EmergencyAskSchema, replay=service.get_ask)
def accept_emergency_ask(ask_id: UUID) -> Any:
    """Say yes: the children come to my hub. The first yes has them."""
    return service.accept_ask(current_actor(), ask_id)


@asks_blp.route("/<uuid:ask_id>/decline", methods=["POST"])
@asks_blp.allow(Permission.EMERGENCY_ANSWER)
@asks_blp.refuses("already_settled")
@asks_blp.unversioned
@asks_blp.response(200, EmergencyAskSchema, replay=service.get_ask)
def decline_emergency_ask(ask_id: UUID) -> Any:
    """Say no, so that others are asked the sooner."""
    return service.decline_ask(current_actor(), ask_id)
