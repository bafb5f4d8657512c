"""Who sees a sleepover, and who may call it off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import OVERSEEING, Role
from hub_api.sleepovers.models import Sleepover

if TYPE_CHECKING:
    from hub_api.access import Actor
    from hub_api.reads import Asking


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """One's own household's; for those who oversee a constellation, all of its."""
    return sa.or_(
        sa.and_(
            asking.is_carer_of(Sleepover.household_id),
            # What happened in a constellation stays with it when the household moves.
            asking.holds(Sleepover.constellation_id),
        ),
        asking.holds(Sleepover.constellation_id, *OVERSEEING),
    )


def can_cancel(actor: Actor, sleepover: Sleepover) -> bool:
    """The household whose child it is, its hub carer, or its liaison worker."""
    return (
        sleepover.household_id in actor.households()
        or sleepover.constellation_id in actor.constellations(Role.HUB_CARER, Role.LIAISON_WORKER)
    )
