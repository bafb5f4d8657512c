"""Who sees which constellation: everybody with a role in it, and the programme manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.constellations.models import Bed, Constellation, Membership

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from hub_api.access import Actor


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The constellations the actor has a role in."""
    return Constellation.id.in_(actor.constellations())


def beds_visible_to(actor: Actor) -> ColumnElement[bool]:
    """The guest beds of those constellations' hub homes."""
    return Bed.constellation_id.in_(actor.constellations())


def memberships_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Which households belong to those constellations."""
    return Membership.constellation_id.in_(actor.constellations())
