"""Who sees which constellation: everybody with a role in it, and the programme manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.constellations.models import Bed, Constellation, Membership

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from hub_api.reads import Asking


def visible_to(asking: Asking) -> ColumnElement[bool]:
    """The constellations the actor has a role in."""
    return asking.holds(Constellation.id)


def beds_visible_to(asking: Asking) -> ColumnElement[bool]:
    """The guest beds of those constellations' hub homes."""
    return asking.holds(Bed.constellation_id)


def memberships_visible_to(asking: Asking) -> ColumnElement[bool]:
    """Which households belong to those constellations."""
    return asking.holds(Membership.constellation_id)
