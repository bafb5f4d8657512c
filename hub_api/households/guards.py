"""Which household may come to a constellation, of which the slice below knows the id alone.

Listeners of `hub_api.changes`; `hub_api.guards` imports them.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub_api import changes, db
from hub_api.constellations.changes import HouseholdComes
from hub_api.errors import Conflict, NotFound
from hub_api.households.models import Household


@changes.on(HouseholdComes)
def refuse_a_household_of_elsewhere(change: HouseholdComes) -> None:
    """`NotFound` unless it is in this constellation: it moves instead. `household_closed` when it
    has left the service."""
    found = sa.select(Household.closed_on).where(
        Household.id == change.household_id, Household.constellation_id == change.constellation_id
    )
    # Whoever closes or moves it waits, or has done so.
    household = db.session().execute(found.with_for_update(read=True, key_share=True)).first()
    if household is None:
        raise NotFound
    if household.closed_on is not None:
        raise Conflict("This household has left the service.", code="household_closed")
