"""Who sees an emergency, and who sees and answers what a hub is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import OVERSEEING, Role
from hub_api.emergencies.models import Emergency, EmergencyAsk

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Asking


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """One's own household's; for those who oversee a constellation and whoever is on call, all."""
    return sa.or_(
        sa.and_(
            asking.is_carer_of(Emergency.household_id),
            # What happened in a constellation stays with it when the household moves.
            asking.holds(Emergency.constellation_id),
        ),
        asking.holds(Emergency.constellation_id, *OVERSEEING, Role.ON_CALL_MANAGER),
    )


def asks_visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """What one's own hub is asked: its hub carers, who answer."""
    return asking.holds(EmergencyAsk.hosting_constellation_id, Role.HUB_CARER)


def can_set_terms_aside(actor: Actor, constellation_id: UUID) -> bool:
    """A named manager (domain.md, section 3)."""
    return constellation_id in actor.constellations(Role.ON_CALL_MANAGER, Role.PROGRAMME_MANAGER)
