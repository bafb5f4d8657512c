"""Who sees which household and child."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import OVERSEEING
from hub_api.households.models import Household

if TYPE_CHECKING:
    from hub_api.reads import Asking


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """One's own household; for those who oversee a constellation, every household in it."""
    return sa.or_(
        asking.is_carer_of(Household.id),
        asking.holds(Household.constellation_id, *OVERSEEING),
    )
