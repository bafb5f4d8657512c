"""Who sees which constellation: everybody with a role in it, and the programme manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import Role
from hub_api.constellations.models import (
    Bed,
    Constellation,
    HubAbsence,
    HubAppointment,
    HubHome,
    Membership,
)
from hub_api.reads import TODAY

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import ColumnElement

    from hub_api.access import Actor
    from hub_api.reads import Asking


def visible_to(asking: Asking) -> ColumnElement[bool]:
    """The constellations the actor has a role in."""
    return asking.holds(Constellation.id)


def beds_visible_to(asking: Asking) -> ColumnElement[bool]:
    """The guest beds of those constellations' own hub homes, and of the hub homes that serve them
    today: an interim one may be the next constellation's."""
    serves = sa.exists().where(
        HubAppointment.hub_home_id == Bed.hub_home_id,
        HubAppointment.holds_on(TODAY),
        asking.holds(HubAppointment.constellation_id),
    )
    return sa.or_(asking.holds(Bed.constellation_id), serves)


def memberships_visible_to(asking: Asking) -> ColumnElement[bool]:
    """Which households belong to those constellations."""
    return asking.holds(Membership.constellation_id)


def appointments_visible_to(asking: Asking) -> ColumnElement[bool]:
    """Which hub home serves when, past and future: for whoever appoints them."""
    return asking.holds(HubAppointment.constellation_id, Role.PROGRAMME_MANAGER)


def hub_homes_visible_to(asking: Asking) -> ColumnElement[bool]:
    """A hub home's own particulars: for whoever appoints it, where it belongs."""
    return asking.holds(HubHome.constellation_id, Role.PROGRAMME_MANAGER)


def absences_visible_to(asking: Asking) -> ColumnElement[bool]:
    """When and why a hub home takes no guests: for its own hub carer and liaison worker. Those
    whom it only serves for a while learn no reasons."""
    return asking.holds(HubAbsence.constellation_id, Role.HUB_CARER, Role.LIAISON_WORKER)


def can_manage(actor: Actor, constellation_id: UUID) -> bool:
    """Whether the actor may change a constellation's members, or the beds of its hub homes."""
    return constellation_id in actor.constellations(Role.LIAISON_WORKER, Role.PROGRAMME_MANAGER)


def can_change_bed(actor: Actor, bed: Bed) -> bool:
    """A temporary bed is an override, so only a programme manager may make it last longer."""
    if bed.temporary_reason is not None:
        return bed.constellation_id in actor.constellations(Role.PROGRAMME_MANAGER)
    return can_manage(actor, bed.constellation_id)


def can_add_temporary_bed(actor: Actor, constellation_id: UUID) -> bool:
    """Whoever is on call, or a programme manager (domain.md, section 3)."""
    return constellation_id in actor.constellations(Role.PROGRAMME_MANAGER, Role.ON_CALL_MANAGER)


def can_block(actor: Actor, constellation_id: UUID) -> bool:
    """Whether the actor may say when a constellation's own hub homes take no guests."""
    return constellation_id in actor.constellations(Role.HUB_CARER, Role.LIAISON_WORKER)
