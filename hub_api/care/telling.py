"""Whom care tells: whoever may know where a child is, and those who answer for the child."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.care.handover_models import Side

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from hub_api.care.stays import Stay
    from hub_api.notifications.categories import Category
    from hub_api.sleepovers.service import Homes


def carers_and_liaison(household_id: UUID, constellation_id: UUID) -> set[UUID]:
    """The child's own carers, and the constellation's liaison workers."""
    return {
        *accounts.accounts_holding(Role.SATELLITE_CARER, household_id=household_id),
        *accounts.accounts_holding(Role.LIAISON_WORKER, constellation_id=constellation_id),
    }


def tell_everybody(
    homes: Homes, category: Category, subject_id: UUID, *, but: Collection[UUID] = ()
) -> None:
    """Tell both homes and the liaison workers."""
    workers = accounts.accounts_holding(
        Role.LIAISON_WORKER, constellation_id=homes.constellation_id
    )
    homes.tell(category, subject_id, also=workers, but=but)


def home(side: Side, stay: Stay) -> set[UUID]:
    """The carers of one of the two homes."""
    if side is Side.FAMILY:
        found = accounts.accounts_holding(Role.SATELLITE_CARER, household_id=stay.household_id)
    else:
        found = accounts.accounts_holding(Role.HUB_CARER, constellation_id=stay.run_by)
    return {*found}
