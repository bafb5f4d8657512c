"""Who sees a respite request, who may ask, and who may decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import OVERSEEING, Role
from hub_api.respite.models import RequestState, RespiteRequest

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Asking


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """One's own household's; for those who oversee a constellation, all that were sent."""
    return sa.or_(
        sa.and_(
            asking.is_carer_of(RespiteRequest.household_id),
            # What happened in a constellation stays with it when the household moves.
            asking.holds(RespiteRequest.constellation_id),
        ),
        sa.and_(
            asking.holds(RespiteRequest.constellation_id, *OVERSEEING),
            RespiteRequest.submitted_at.is_not(None),
        ),
    )


def can_ask(actor: Actor, household_id: UUID) -> bool:
    """The household's own carers."""
    return household_id in actor.households()


def can_ask_in_emergency(actor: Actor, household_id: UUID, constellation_id: UUID) -> bool:
    """The household's own carers; on their behalf, or for the emergency duty team that rang, the
    liaison worker and the programme manager."""
    return household_id in actor.households() or constellation_id in actor.constellations(
        Role.LIAISON_WORKER, Role.PROGRAMME_MANAGER
    )


def can_accept(actor: Actor, request: RespiteRequest) -> bool:
    """The hub carer of the constellation it was sent in."""
    return request.constellation_id in actor.constellations(Role.HUB_CARER)


def can_approve(actor: Actor, request: RespiteRequest) -> bool:
    """The liaison worker of the constellation it was sent in."""
    return request.constellation_id in actor.constellations(Role.LIAISON_WORKER)


def can_decline(actor: Actor, request: RespiteRequest) -> bool:
    """Whoever is to answer: the hub carer, then the liaison worker while approval is awaited."""
    answers = {
        RequestState.SUBMITTED: (Role.HUB_CARER,),
        RequestState.AWAITING_APPROVAL: (Role.LIAISON_WORKER,),
    }.get(RequestState(request.state), (Role.HUB_CARER, Role.LIAISON_WORKER))
    return request.constellation_id in actor.constellations(*answers)


def can_reschedule(actor: Actor, request: RespiteRequest) -> bool:
    """The hub carer and the liaison worker: the beds of an accepted stay are theirs to give."""
    return request.constellation_id in actor.constellations(Role.HUB_CARER, Role.LIAISON_WORKER)


def can_override(actor: Actor, constellation_id: UUID, role: Role) -> bool:
    """Who holds the one role that may set a check aside, where the check is theirs: the request's
    constellation, and for a hub carer's own leave that of the hub home."""
    return constellation_id in actor.constellations(role)


def can_read_note(actor: Actor, household_id: UUID, constellation_id: UUID) -> bool:
    """The household's own carers, and the hub carer and liaison worker of its constellation.

    Not the programme manager, who opens a child's record only by breaking the glass.
    """
    return household_id in actor.households() or constellation_id in actor.constellations(
        Role.HUB_CARER, Role.LIAISON_WORKER
    )
