"""Whom care tells: whoever may know where a child is, and those who answer for the child."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.care.handover_models import Side

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.care.stays import Stay


def carers_and_liaison(household_id: UUID, constellation_id: UUID) -> set[UUID]:
    """The child's own carers, and the constellation's liaison workers."""
    return {
        *accounts.accounts_holding(Role.SATELLITE_CARER, household_id=household_id),
        *accounts.accounts_holding(Role.LIAISON_WORKER, constellation_id=constellation_id),
    }


def everybody(household_id: UUID, constellation_id: UUID) -> set[UUID]:
    """Both homes and the liaison workers."""
    hub = accounts.accounts_holding(Role.HUB_CARER, constellation_id=constellation_id)
    return {*carers_and_liaison(household_id, constellation_id), *hub}


def home(side: Side, stay: Stay) -> set[UUID]:
    """The carers of one of the two homes."""
    if side is Side.FAMILY:
        found = accounts.accounts_holding(Role.SATELLITE_CARER, household_id=stay.household_id)
    else:
        found = accounts.accounts_holding(Role.HUB_CARER, constellation_id=stay.constellation_id)
    return {*found}
