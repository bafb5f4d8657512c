"""Households and children: looking at them, and keeping their records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.households import adults, children, moving, pairs, schemas, service, terms
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.reads import PageArgs

blp = Blueprint(
    "households",
    __name__,
    url_prefix="/households",
    description="Households with their adults, children and terms of approval.",
)
records_blp = Blueprint(
    "children",
    __name__,
    description="Children's facts, and each of a family's records by its own id.",
)

_HOUSEHOLD = "/<uuid:household_id>"
_CHILD = "/children/<uuid:child_id>"
_SOMEBODY = "01920000-0000-7000-8000-000000000002"
_APPROVED = {
    "starts_on": "2026-01-05",
    "max_children": 3,
    "min_age": 5,
    "max_age": 17,
    "genders": ["female", "male", "non_binary", "not_said"],
    "review_due_on": "2027-01-04",
}
_BORN = {
    "first_name": "Amira",
    "born_on": "2014-05-06",
    "gender": "female",
    "legal_status": "section_20",
}
_ENDS = {"ends_on": "2027-01-04"}
_ODD = ("in_the_future", "too_old", "dates_out_of_order")
_OVER = ("fostering_limit", "approval_terms")
"""What a hub home with guests booked may be refused for."""


# --- households --------------------------------------------------------------------------------


@blp.route("", methods=["GET"])
@blp.allow(Permission.HOUSEHOLD_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.HouseholdSchema))
def list_households(page: PageArgs) -> Any:
    """List the households I may see: my own, or those of the constellations I oversee."""
    return page_response(service.list_households(current_actor(), page))


@blp.route("", methods=["POST"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.refuses("constellation_closed", not_found=True)
@blp.arguments(
    schemas.HouseholdIn(),
    example={"constellation_id": _SOMEBODY, "name": "Whitlock household"},
)
@blp.response(201, schemas.HouseholdSchema, replay=service.get_household)
def create_household(body: dict[str, Any]) -> Any:
    """Let a new household join a constellation from today."""
    return service.create_household(current_actor(), **body)


@blp.route(_HOUSEHOLD, methods=["GET"])
@blp.allow(Permission.HOUSEHOLD_READ)
@blp.response(200, schemas.HouseholdSchema)
def get_household(household_id: UUID) -> Any:
    """Show a household with its adults and children."""
    return service.get_household(current_actor(), household_id)


@blp.route(_HOUSEHOLD, methods=["PATCH"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.if_match
@blp.arguments(schemas.HouseholdNameIn(), example={"name": "Whitlock household"})
@blp.response(200, schemas.HouseholdSchema)
def change_household(body: dict[str, str], household_id: UUID, seen_version: int) -> Any:
    """Change a household's name."""
    return service.rename_household(current_actor(), household_id, seen_version, **body)


@blp.route(f"{_HOUSEHOLD}/close", methods=["POST"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.refuses("household_closed", "is_hub_home", "joined_today", "stays_ahead")
@blp.if_match
@blp.response(200, schemas.HouseholdSchema, replay=service.get_household)
def close_household(household_id: UUID, seen_version: int) -> Any:
    """Let a household leave the service today."""
    return moving.close_household(current_actor(), household_id, seen_version)


@blp.route(f"{_HOUSEHOLD}/move", methods=["POST"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.refuses(
    "wrong_state",
    "household_closed",
    "is_hub_home",
    "joined_today",
    "constellation_closed",
    "stays_ahead",
)
@blp.if_match
@blp.arguments(schemas.MoveIn(), example={"constellation_id": _SOMEBODY})
@blp.response(200, schemas.HouseholdSchema, replay=service.get_household)
def move_household(body: dict[str, UUID], household_id: UUID, seen_version: int) -> Any:
    """Let a household belong to another constellation from today."""
    to_id = body["constellation_id"]
    return moving.move_household(current_actor(), household_id, seen_version, to_id)


# --- adults ------------------------------------------------------------------------------------


@blp.route(f"{_HOUSEHOLD}/adults", methods=["GET"])
@blp.allow(Permission.HOUSEHOLD_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.AdultDetailSchema))
def list_adults(page: PageArgs, household_id: UUID) -> Any:
    """List a household's adults with their DBS dates."""
    return page_response(adults.list_adults(current_actor(), household_id, page))


# Adding to a household's records overwrites nothing that anybody may have seen.
@blp.route(f"{_HOUSEHOLD}/adults", methods=["POST"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.unversioned
@blp.refuses("household_closed", "in_the_future")
@blp.arguments(schemas.AdultIn(), example={"name": "Maureen", "dbs_issued_on": "2025-03-02"})
@blp.response(201, schemas.AdultDetailSchema, replay=adults.get_adult)
def create_adult(body: adults.AdultIn, household_id: UUID) -> Any:
    """Record an adult who lives in a household."""
    return adults.add_adult(current_actor(), household_id, body)


@records_blp.route("/adults/<uuid:adult_id>", methods=["PATCH"])
@records_blp.allow(Permission.HOUSEHOLD_MANAGE)
@records_blp.refuses("in_the_future", "not_its_carer", "account_taken")
@records_blp.if_match
@records_blp.arguments(schemas.AdultChangeIn(), example={"dbs_issued_on": "2026-03-02"})
@records_blp.response(200, schemas.AdultDetailSchema)
def change_adult(body: adults.AdultIn, adult_id: UUID, seen_version: int) -> Any:
    """Change an adult's name, DBS date, day of leaving, or the account they log in with."""
    return adults.change_adult(current_actor(), adult_id, seen_version, body)


# --- children ----------------------------------------------------------------------------------


@blp.route(f"{_HOUSEHOLD}/children", methods=["GET"])
@blp.allow(Permission.CHILD_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.ChildSchema))
def list_children(page: PageArgs, household_id: UUID) -> Any:
    """List a household's children with their legal status and dates."""
    return page_response(children.list_children(current_actor(), household_id, page))


@blp.route(f"{_HOUSEHOLD}/children", methods=["POST"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.unversioned
@blp.refuses("household_closed", *_ODD, *_OVER)
@blp.arguments(schemas.ChildIn(), example=_BORN)
@blp.response(201, schemas.ChildSchema, replay=children.get_child)
def create_child(body: children.ChildIn, household_id: UUID) -> Any:
    """Record a child who lives in a household."""
    return children.add_child(current_actor(), household_id, body)


@records_blp.route(_CHILD, methods=["GET"])
@records_blp.allow(Permission.CHILD_READ)
@records_blp.response(200, schemas.ChildSchema)
def get_child(child_id: UUID) -> Any:
    """Show a child's legal status and dates."""
    return children.get_child(current_actor(), child_id)


@records_blp.route(_CHILD, methods=["PATCH"])
@records_blp.allow(Permission.HOUSEHOLD_MANAGE)
@records_blp.refuses(*_ODD, *_OVER)
@records_blp.if_match
@records_blp.arguments(schemas.ChildChangeIn(), example={"legal_status": "special_guardianship"})
@records_blp.response(200, schemas.ChildSchema)
def change_child(body: children.ChildIn, child_id: UUID, seen_version: int) -> Any:
    """Change a child's facts."""
    return children.change_child(current_actor(), child_id, seen_version, body)


@records_blp.route(f"{_CHILD}/leave", methods=["POST"])
@records_blp.allow(Permission.HOUSEHOLD_MANAGE)
@records_blp.refuses("wrong_state", "stays_ahead", "dates_out_of_order", *_OVER)
@records_blp.if_match
@records_blp.arguments(schemas.LeaveIn(), example={"left_on": "2026-12-31"})
@records_blp.response(200, schemas.ChildSchema, replay=children.get_child)
def let_child_leave(body: dict[str, date], child_id: UUID, seen_version: int) -> Any:
    """Record the day from which a child no longer lives in the household."""
    return children.let_child_leave(current_actor(), child_id, seen_version, body["left_on"])


@records_blp.route(f"{_CHILD}/siblings", methods=["PUT"])
@records_blp.allow(Permission.HOUSEHOLD_MANAGE)
@records_blp.refuses("same_child", *_OVER)
@records_blp.if_match
@records_blp.arguments(schemas.SiblingsIn(), example={"children": [_SOMEBODY]})
@records_blp.response(200, schemas.ChildSchema)
def set_siblings(body: dict[str, list[UUID]], child_id: UUID, seen_version: int) -> Any:
    """Say who a child's brothers and sisters are, wherever they live."""
    others = body["children"]
    return children.make_siblings(current_actor(), child_id, seen_version, others)


# --- terms of approval, exemptions -------------------------------------------------------------


@blp.route(f"{_HOUSEHOLD}/approvals", methods=["GET"])
@blp.allow(Permission.HOUSEHOLD_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.ApprovalSchema))
def list_approvals(page: PageArgs, household_id: UUID) -> Any:
    """List a household's terms of approval, past ones included."""
    return page_response(terms.list_approvals(current_actor(), household_id, page))


@blp.route(f"{_HOUSEHOLD}/approvals", methods=["POST"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.unversioned
@blp.refuses("household_closed", "approval_overlaps", *_OVER)
@blp.arguments(schemas.ApprovalIn(), example=_APPROVED)
@blp.response(201, schemas.ApprovalSchema, replay=terms.get_approval)
def create_approval(body: terms.ApprovalIn, household_id: UUID) -> Any:
    """Record new terms of approval; those without end, end when these begin."""
    return terms.approve(current_actor(), household_id, body)


@records_blp.route("/approvals/<uuid:approval_id>", methods=["PATCH"])
@records_blp.allow(Permission.HOUSEHOLD_MANAGE)
@records_blp.refuses("approval_overlaps", "ends_too_early", "ages_out_of_order", *_OVER)
@records_blp.if_match
@records_blp.arguments(schemas.ApprovalChangeIn(), example={"review_due_on": "2028-01-04"})
@records_blp.response(200, schemas.ApprovalSchema)
def change_approval(body: terms.ApprovalIn, approval_id: UUID, seen_version: int) -> Any:
    """Change terms of approval, or end them."""
    return terms.change_approval(current_actor(), approval_id, seen_version, body)


@blp.route(f"{_HOUSEHOLD}/fostering-exemptions", methods=["GET"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.FosteringExemptionSchema))
def list_fostering_exemptions(page: PageArgs, household_id: UUID) -> Any:
    """List a household's exemptions from the fostering limit, past ones included."""
    return page_response(terms.list_exemptions(current_actor(), household_id, page))


@blp.route(f"{_HOUSEHOLD}/fostering-exemptions", methods=["POST"])
@blp.allow(Permission.HOUSEHOLD_MANAGE)
@blp.unversioned
@blp.refuses("household_closed", "wrong_authority")
@blp.arguments(
    schemas.FosteringExemptionIn(),
    example={"authority": "Kent", "children": [_SOMEBODY], "starts_on": "2026-12-01"},
)
@blp.response(201, schemas.FosteringExemptionSchema, replay=terms.get_exemption)
def create_fostering_exemption(body: terms.ExemptionIn, household_id: UUID) -> Any:
    """Record a written exemption from the fostering limit for named children."""
    return terms.exempt(current_actor(), household_id, body)


@records_blp.route("/fostering-exemptions/<uuid:exemption_id>", methods=["PATCH"])
@records_blp.allow(Permission.HOUSEHOLD_MANAGE)
@records_blp.refuses("ends_too_early", *_OVER)
@records_blp.if_match
@records_blp.arguments(schemas.RecordEndIn(), example=_ENDS)
@records_blp.response(200, schemas.FosteringExemptionSchema)
def end_fostering_exemption(body: dict[str, date], exemption_id: UUID, seen_version: int) -> Any:
    """End an exemption."""
    return terms.end_exemption(current_actor(), exemption_id, seen_version, **body)


# --- two children ------------------------------------------------------------------------------


@records_blp.route(f"{_CHILD}/kept-apart", methods=["GET"])
@records_blp.allow(Permission.HOUSEHOLD_MANAGE)
@records_blp.arguments(PageIn(), location="query")
@records_blp.response(200, page_of(schemas.KeptApartSchema))
def list_kept_apart(page: PageArgs, child_id: UUID) -> Any:
    """List the children whom a child is not to be together with."""
    return page_response(pairs.list_kept_apart(current_actor(), child_id, page))


@records_blp.route(f"{_CHILD}/kept-apart", methods=["POST"])
@records_blp.allow(Permission.HOUSEHOLD_MANAGE)
@records_blp.unversioned
@records_blp.refuses("same_child", "already_recorded")
@records_blp.arguments(
    schemas.KeptApartIn(), example={"other_child_id": _SOMEBODY, "reason": "risk_assessment"}
)
@records_blp.response(201, schemas.KeptApartSchema, replay=pairs.get_kept_apart)
def keep_apart(body: pairs.KeptApartIn, child_id: UUID) -> Any:
    """Record that two children are not to be together."""
    return pairs.keep_apart(current_actor(), child_id, body)


@records_blp.route("/kept-apart/<uuid:kept_apart_id>", methods=["PATCH"])
@records_blp.allow(Permission.HOUSEHOLD_MANAGE)
@records_blp.refuses("ends_too_early")
@records_blp.if_match
@records_blp.arguments(schemas.RecordEndIn(), example=_ENDS)
@records_blp.response(200, schemas.KeptApartSchema)
def end_kept_apart(body: dict[str, date], kept_apart_id: UUID, seen_version: int) -> Any:
    """Record the day from which two children may be together again."""
    return pairs.end_kept_apart(current_actor(), kept_apart_id, seen_version, **body)


@records_blp.route(f"{_CHILD}/sharing-agreements", methods=["GET"])
@records_blp.allow(Permission.HOUSEHOLD_MANAGE)
@records_blp.arguments(PageIn(), location="query")
@records_blp.response(200, page_of(schemas.SharingAgreementSchema))
def list_sharing_agreements(page: PageArgs, child_id: UUID) -> Any:
    """List the children a child may share a bedroom with, by its authority's word."""
    return page_response(pairs.list_agreements(current_actor(), child_id, page))


@records_blp.route(f"{_CHILD}/sharing-agreements", methods=["POST"])
@records_blp.allow(Permission.HOUSEHOLD_MANAGE)
@records_blp.unversioned
@records_blp.refuses("same_child", "already_recorded", "wrong_authority")
@records_blp.arguments(
    schemas.SharingAgreementIn(),
    example={"with_child_id": _SOMEBODY, "authority": "Southwark", "starts_on": "2026-12-01"},
)
@records_blp.response(201, schemas.SharingAgreementSchema, replay=pairs.get_agreement)
def create_sharing_agreement(body: pairs.AgreementIn, child_id: UUID) -> Any:
    """Record an authority's word that its child may share a bedroom with another."""
    return pairs.agree_to_sharing(current_actor(), child_id, body)


@records_blp.route("/sharing-agreements/<uuid:agreement_id>", methods=["PATCH"])
@records_blp.allow(Permission.HOUSEHOLD_MANAGE)
@records_blp.refuses("ends_too_early")
@records_blp.if_match
@records_blp.arguments(schemas.RecordEndIn(), example=_ENDS)
@records_blp.response(200, schemas.SharingAgreementSchema)
def end_sharing_agreement(body: dict[str, date], agreement_id: UUID, seen_version: int) -> Any:
    """End an agreement to share a bedroom."""
    return pairs.end_agreement(current_actor(), agreement_id, seen_version, **body)
