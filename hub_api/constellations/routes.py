"""Looking at constellations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.constellations import service
from hub_api.constellations.schemas import BedSchema, ConstellationSchema, MembershipSchema
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.reads import PageArgs

blp = Blueprint(
    "constellations",
    __name__,
    url_prefix="/constellations",
    description="Constellations, their hub homes, beds and members.",
)


@blp.route("", methods=["GET"])
@blp.allow(Permission.CONSTELLATION_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(ConstellationSchema))
def list_constellations(page: PageArgs) -> Any:
    """List the constellations I have a role in."""
    return page_response(service.list_constellations(current_actor(), page))


@blp.route("/<uuid:constellation_id>", methods=["GET"])
@blp.allow(Permission.CONSTELLATION_READ)
@blp.response(200, ConstellationSchema)
def get_constellation(constellation_id: UUID) -> Any:
    """Show a constellation with its hub home and liaison workers."""
    return service.get_constellation(current_actor(), constellation_id)


@blp.route("/<uuid:constellation_id>/beds", methods=["GET"])
@blp.allow(Permission.CONSTELLATION_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(BedSchema))
def list_beds(page: PageArgs, constellation_id: UUID) -> Any:
    """List a constellation's guest beds."""
    return page_response(service.list_beds(current_actor(), constellation_id, page))


@blp.route("/<uuid:constellation_id>/memberships", methods=["GET"])
@blp.allow(Permission.CONSTELLATION_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(MembershipSchema))
def list_memberships(page: PageArgs, constellation_id: UUID) -> Any:
    """List which households belong to a constellation, and since when."""
    return page_response(service.list_memberships(current_actor(), constellation_id, page))
