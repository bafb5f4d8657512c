"""What is to come in the pilot, asked for and decided through the services, as the people would.

Bellenden's nights of the second week ahead are left alone, for whoever tries the hub for the first
time (`make tour`).
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hub_api import clock
from hub_api.access import Actor, Grant, Role
from hub_api.concerns import service as concerns
from hub_api.concerns.schemas import ConcernIn
from hub_api.respite import service as respite
from hub_api.respite.models import RequestKind, RequestReason
from hub_api.respite.schemas import RespiteRequestIn
from seed.families import siblings_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub_api.sleepovers.facts import ChildFacts
    from seed.town import Home, Town

NO_SESSION = UUID(int=0)


def play(towns: Sequence[Town]) -> None:
    """In each constellation: a stay for one child and one for siblings are coming, two requests
    wait for the hub carer, one of them for longer than she may decide alone; one is a draft. In the
    last one somebody has written down a concern about another household's carer."""
    for town in towns:
        alone = [home for home in town.homes[1:] if len(home.children) == 1]
        together = next(home for home in town.homes[1:] if siblings_in(home.children))
        group = siblings_in(together.children)[0][:2]
        coming = _ask(town, alone[0], alone[0].children, 16, 2, RequestReason.REST_FOR_CARER)
        _accept(town, coming)
        _accept(town, _ask(town, together, group, 25, 1, RequestReason.FAMILY_EVENT))
        _ask(town, alone[1], alone[1].children, 30, 2, RequestReason.APPOINTMENT)
        _ask(town, alone[-1], alone[-1].children, 37, 5, RequestReason.CARERS_HOLIDAY)
        _ask(town, alone[0], alone[0].children, 44, 1, RequestReason.TREAT_FOR_CHILD, draft=True)
    _worry(towns[-1])


def _worry(town: Town) -> None:
    """It waits for whoever looks into it."""
    about, happened_at = town.homes[-1], clock.now() - timedelta(hours=5)
    body = ConcernIn().load(
        {
            "about_account_id": str(about.carer),
            "children": [str(about.children[0].id)],
            "what_happened": "Came to the door shouting, and the child flinched and ran upstairs.",
            "happened_at": happened_at.isoformat(),
        }
    )
    concerns.raise_concern(_hub_carer_of(town), body)


def _ask(
    town: Town,
    home: Home,
    children: Sequence[ChildFacts],
    days: int,
    nights: int,
    reason: RequestReason,
    **more: Any,
) -> dict[str, Any]:
    arrival = clock.london_today() + timedelta(days=days)
    body = RespiteRequestIn().load(
        {
            "household_id": str(home.id),
            "children": [str(child.id) for child in children],
            "kind": RequestKind.PLANNED.value,
            "arrives_at": clock.london_instant(arrival, time(17)).isoformat(),
            "departs_at": clock.london_instant(
                arrival + timedelta(days=nights), time(11)
            ).isoformat(),
            "reason": reason.value,
            **more,
        }
    )
    carer = Actor(home.carer, NO_SESSION, (Grant(Role.SATELLITE_CARER, town.id, home.id),))
    return respite.ask(carer, body)


def _accept(town: Town, request: dict[str, Any]) -> None:
    respite.accept_request(_hub_carer_of(town), request["id"], request["version"])


def _hub_carer_of(town: Town) -> Actor:
    return Actor(town.hub_carer, NO_SESSION, (Grant(Role.HUB_CARER, town.id, None),))
