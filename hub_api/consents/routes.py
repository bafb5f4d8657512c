"""Consents to nights away: what is on record, recording, ending and withdrawing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.consents import links, schemas, service
from hub_api.households.schemas import RecordEndIn
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.reads import PageArgs

blp = Blueprint(
    "consents",
    __name__,
    description="Who has said that a child may sleep away.",
)

_OF_CHILD = "/children/<uuid:child_id>"
_CONSENT = "/consents/<uuid:consent_id>"
_GIVEN = {
    "giver": "delegated_by_parent",
    "parent": "mother",
    "how": "placement_plan",
    "starts_on": "2026-01-05",
}


@blp.route(f"{_OF_CHILD}/consents", methods=["GET"])
@blp.allow(Permission.CHILD_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.ConsentSchema))
def list_consents(page: PageArgs, child_id: UUID) -> Any:
    """List who has said that a child may sleep away, past consents included."""
    return page_response(service.list_consents(current_actor(), child_id, page))


# Adding to a child's records overwrites nothing that anybody may have seen.
@blp.route(f"{_OF_CHILD}/consents", methods=["POST"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.unversioned
@blp.arguments(schemas.ConsentIn(), example=_GIVEN)
@blp.response(201, schemas.ConsentSchema, replay=service.get_consent)
def record_consent(body: service.ConsentIn, child_id: UUID) -> Any:
    """Record that somebody has said yes to a child's nights away."""
    return service.record_consent(current_actor(), child_id, body)


@blp.route(_CONSENT, methods=["PATCH"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.refuses("ends_too_early", "wrong_state", "not_asked_about")
@blp.if_match
@blp.arguments(schemas.ConsentEndIn(), example={"ends_on": "2027-01-04"})
@blp.response(200, schemas.ConsentSchema)
def end_consent(body: dict[str, date | None], consent_id: UUID, seen_version: int) -> Any:
    """Record the first day on which a consent no longer holds."""
    return service.end_consent(current_actor(), consent_id, seen_version, **body)


@blp.route(f"{_CONSENT}/withdraw", methods=["POST"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.refuses("wrong_state")
@blp.if_match
@blp.response(200, schemas.ConsentSchema, replay=service.get_consent)
def withdraw_consent(consent_id: UUID, seen_version: int) -> Any:
    """Record that a consent was taken back: it counts for no night from tonight on."""
    return service.withdraw_consent(current_actor(), consent_id, seen_version)


@blp.route(f"{_OF_CHILD}/consent-flags", methods=["GET"])
@blp.allow(Permission.CHILD_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.ConsentFlagSchema))
def list_consent_flags(page: PageArgs, child_id: UUID) -> Any:
    """List what makes a child's social worker the one to ask, past flags included."""
    return page_response(service.list_flags(current_actor(), child_id, page))


@blp.route(f"{_OF_CHILD}/consent-flags", methods=["POST"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.unversioned
@blp.refuses("already_recorded")
@blp.arguments(
    schemas.ConsentFlagIn(), example={"kind": "care_proceedings", "starts_on": "2026-12-01"}
)
@blp.response(201, schemas.ConsentFlagSchema, replay=service.get_flag)
def record_consent_flag(body: service.FlagIn, child_id: UUID) -> Any:
    """Record that the child's social worker is the one to ask, and why."""
    return service.record_flag(current_actor(), child_id, body)


@blp.route("/consent-flags/<uuid:flag_id>", methods=["PATCH"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.refuses("ends_too_early")
@blp.if_match
@blp.arguments(RecordEndIn(), example={"ends_on": "2027-01-04"})
@blp.response(200, schemas.ConsentFlagSchema)
def end_consent_flag(body: dict[str, date], flag_id: UUID, seen_version: int) -> Any:
    """Record the day from which the placement plan decides again."""
    return service.end_flag(current_actor(), flag_id, seen_version, **body)


@blp.route(f"{_OF_CHILD}/consent-links", methods=["GET"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.ConsentLinkSchema))
def list_consent_links(page: PageArgs, child_id: UUID) -> Any:
    """List the links that asked somebody for consent, and what they answered."""
    return page_response(links.list_links(current_actor(), child_id, page))


@blp.route(f"{_OF_CHILD}/consent-links", methods=["POST"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.unversioned
@blp.refuses("in_the_past", "child_erased")
@blp.arguments(
    schemas.ConsentLinkIn(),
    example={"giver": "social_worker", "first_night": "2026-12-04", "last_night": "2026-12-05"},
)
@blp.response(201, schemas.ConsentLinkSchema, replay=links.get_link)
def create_consent_link(body: links.LinkIn, child_id: UUID) -> Any:
    """Make a link, to be passed on, behind which somebody without an account can consent."""
    return links.ask_by_link(current_actor(), child_id, body)


# Whoever sent a link to the wrong person should be able to stop it at once.
@blp.route("/consent-links/<uuid:link_id>", methods=["DELETE"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.unversioned
@blp.refuses("wrong_state")
@blp.response(204)
def take_back_consent_link(link_id: UUID) -> None:
    """Let a link end now, unanswered."""
    links.take_back(current_actor(), link_id)
