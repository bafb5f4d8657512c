"""Looking at households."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.households import service
from hub_api.households.schemas import HouseholdSchema
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.reads import PageArgs

blp = Blueprint(
    "households",
    __name__,
    url_prefix="/households",
    description="Households with their adults and children.",
)


@blp.route("", methods=["GET"])
@blp.allow(Permission.HOUSEHOLD_READ)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(HouseholdSchema))
def list_households(page: PageArgs) -> Any:
    """List the households I may see: my own, or those of the constellations I oversee."""
    return page_response(service.list_households(current_actor(), page))


@blp.route("/<uuid:household_id>", methods=["GET"])
@blp.allow(Permission.HOUSEHOLD_READ)
@blp.response(200, HouseholdSchema)
def get_household(household_id: UUID) -> Any:
    """Show a household with its adults and children."""
    return service.get_household(current_actor(), household_id)
