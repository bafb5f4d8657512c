"""The door of this slice: everything that can be done with a respite request.

Each step is told in the file of its noun: `asking`, `changing`, `deciding`, `overriding`,
`expiring`, `emergencies`; what they share is in `requests`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.reads import PageArgs
from hub_api.respite import queries
from hub_api.respite.asking import RequestIn, ask, submit_request, try_asking
from hub_api.respite.changing import ChangeIn, change_request
from hub_api.respite.deciding import (
    accept_request,
    approve_request,
    decline_request,
    withdraw_request,
)
from hub_api.respite.emergencies import (
    Plea,
    Sought,
    ask_in_emergency,
    place_in_emergency,
)
from hub_api.respite.models import RequestReason as Reason
from hub_api.respite.overriding import get_override, list_overrides, override_check
from hub_api.respite.queries import SYNCED
from hub_api.respite.requests import children_to_decide_on, get_request
from hub_api.sleepovers import service as sleepovers

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page
    from hub_api.respite.models import RequestState

__all__ = [
    "SYNCED",
    "ChangeIn",
    "Plea",
    "Query",
    "Reason",
    "RequestIn",
    "Sought",
    "accept_request",
    "approve_request",
    "ask",
    "ask_in_emergency",
    "change_request",
    "children_to_decide_on",
    "decline_request",
    "get_override",
    "get_request",
    "list_overrides",
    "list_requests",
    "override_check",
    "place_in_emergency",
    "submit_request",
    "try_asking",
    "withdraw_request",
]


class Query(PageArgs):
    """A page of what is looked for: `schemas.RespiteRequestsIn`."""

    state: RequestState | None
    household_id: UUID | None
    first_night: date | None
    until: date | None


def list_requests(actor: Actor, query: Query) -> Page:
    """The respite requests the actor may see, newest first."""
    return queries.REQUESTS.page(
        actor,
        query,
        state=query["state"],
        household_id=query["household_id"],
        **sleepovers.night_instants(query["first_night"], query["until"]),
    )
