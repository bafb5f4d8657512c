"""A child's pack: reading it, writing it section by section, and the child's medicines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response, render_template

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.packs import schemas, service
from hub_api.packs.models import Section
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.reads import PageArgs

blp = Blueprint(
    "packs",
    __name__,
    template_folder="templates",
    description="What whoever looks after a child must know. Every reading is audited.",
)

_CHILD = "/children/<uuid:child_id>"
_SECTION = f"{_CHILD}/pack/<any({', '.join(Section)}):section>"
_ALLERGIC = {"says": "details", "text": "Peanuts, even in traces: the EpiPen is in the red bag."}
_MEDICINE = {
    "name": "Melatonin",
    "dose": "2 mg",
    "instructions": "With a little water, half an hour before bed.",
    "times_of_day": ["20:00"],
}
_BAD_DATES = ("ends_too_early", "in_the_past")


@blp.route(f"{_CHILD}/pack", methods=["GET"])
@blp.allow(Permission.PACK_READ)
@blp.response(200, schemas.PackSchema)
def get_pack(child_id: UUID) -> Any:
    """Show a child's pack, while one may, and what is missing in it."""
    return service.get_pack(current_actor(), child_id)


@blp.route(f"{_CHILD}/pack/page", methods=["GET"])
@blp.allow(Permission.PACK_READ)
@blp.response(200, {"type": "string"}, content_type="text/html")
def get_pack_page(child_id: UUID) -> Any:
    """Show a child's pack as one page to print, without an address in it."""
    found = service.get_page(current_actor(), child_id)
    page = Response(render_template("pack.html", **found), content_type="text/html; charset=utf-8")
    page.headers["Content-Security-Policy"] = service.PAGE_POLICY
    return page


@blp.route(_SECTION, methods=["PUT"])
@blp.allow(Permission.PACK_WRITE)
@blp.refuses("child_erased", "written_meanwhile", "moved_meanwhile")
@blp.if_match
@blp.arguments(schemas.PackSectionIn(), example=_ALLERGIC)
@blp.response(200, schemas.PackSectionSchema)
def put_pack_section(
    body: service.SectionIn, child_id: UUID, section: str, seen_version: int
) -> Any:
    """Write a section of a child's pack; the version seen is 0 where nobody has written it."""
    return service.put_section(current_actor(), child_id, Section(section), seen_version, body)


@blp.route(f"{_SECTION}/confirm", methods=["POST"])
@blp.allow(Permission.PACK_WRITE)
@blp.refuses("not_written", "child_erased", "written_meanwhile", "moved_meanwhile")
@blp.if_match
@blp.response(200, schemas.PackSectionSchema, replay=service.get_section)
def confirm_pack_section(child_id: UUID, section: str, seen_version: int) -> Any:
    """Say that a section of a child's pack is right today."""
    return service.confirm_section(current_actor(), child_id, Section(section), seen_version)


@blp.route(f"{_SECTION}/versions", methods=["GET"])
@blp.allow(Permission.PACK_WRITE)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(schemas.PackSectionSchema))
def list_pack_section_versions(page: PageArgs, child_id: UUID, section: str) -> Any:
    """List what a section of a child's pack has said, newest first, for those who write it."""
    return page_response(service.list_versions(current_actor(), child_id, Section(section), page))


# Adding a medicine overwrites nothing that anybody may have seen.
@blp.route(f"{_CHILD}/medicines", methods=["POST"])
@blp.allow(Permission.PACK_WRITE)
@blp.unversioned
@blp.refuses("ends_too_early", "child_erased", "moved_meanwhile")
@blp.arguments(schemas.MedicineIn(), example=_MEDICINE)
@blp.response(201, schemas.MedicineSchema, replay=service.get_medicine)
def create_medicine(body: service.MedicineIn, child_id: UUID) -> Any:
    """Record a medicine of a child."""
    return service.add_medicine(current_actor(), child_id, body)


@blp.route("/medicines/<uuid:medicine_id>/end", methods=["POST"])
@blp.allow(Permission.PACK_WRITE)
@blp.refuses("wrong_state", *_BAD_DATES)
@blp.if_match
@blp.arguments(schemas.MedicineEndIn(), example={"ends_on": "2027-01-04"})
@blp.response(200, schemas.MedicineSchema, replay=service.get_medicine)
def end_medicine(body: dict[str, date], medicine_id: UUID, seen_version: int) -> Any:
    """Say from which day a child is no longer given a medicine."""
    return service.end_medicine(current_actor(), medicine_id, seen_version, **body)


@blp.route("/respite-requests/<uuid:request_id>/matching-summary", methods=["GET"])
@blp.allow(Permission.RESPITE_DECIDE)
@blp.refuses("wrong_state")
@blp.response(200, schemas.MatchingSummarySchema)
def get_matching_summary(request_id: UUID) -> Any:
    """Show what I need to know of the children before I decide on a request."""
    return service.get_matching_summary(current_actor(), request_id)
