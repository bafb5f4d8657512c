"""The two homes of a stay, telling both, and for how long the hub reads of the child."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, settings
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.notifications import service as notifications
from hub_api.sleepovers.models import Sleepover

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime
    from uuid import UUID

    from hub_api.notifications.categories import Category

RUN_BY: sa.ColumnElement[UUID] = sa.func.coalesce(
    Sleepover.hosting_constellation_id, Sleepover.constellation_id
).label("run_by")
"""The constellation whose hub carers run a stay: `Sleepover.run_by` in SQL."""


@dataclass(frozen=True, slots=True)
class Homes:
    """Who has to do with a stay: the child's household, its constellation, and the one whose hub
    carers run it, which is another where the child was taken in in an emergency."""

    household_id: UUID
    constellation_id: UUID
    run_by: UUID

    def tell(
        self,
        category: Category,
        subject_id: UUID,
        *,
        also: Iterable[UUID] = (),
        but: Collection[UUID] = (),
    ) -> None:
        """Tell the child's carers, the hub's, and `also` others of the child's constellation: each
        where it happened for them, as long as they have to do with it."""
        own = {*self._carers(), *also}
        hub = {*accounts.accounts_holding(Role.HUB_CARER, constellation_id=self.run_by)}
        if self.run_by != self.constellation_id:
            told = hub - own - {*but}
            notifications.notify(told, category, subject_id, constellation_id=self.run_by)
        else:
            own |= hub
        notifications.notify(
            own - {*but},
            category,
            subject_id,
            constellation_id=self.constellation_id,
            household_id=self.household_id,
        )

    def tell_carers(self, category: Category, subject_id: UUID) -> None:
        """Tell those with whom the child lives."""
        notifications.notify(
            self._carers(),
            category,
            subject_id,
            constellation_id=self.constellation_id,
            household_id=self.household_id,
        )

    def _carers(self) -> Iterable[UUID]:
        return accounts.accounts_holding(Role.SATELLITE_CARER, household_id=self.household_id)


def hub_window() -> dict[str, datetime]:
    """The parameter that `policy.is_in_hub_window()` asks for."""
    return {"ended_after": clock.now() - settings.current().packs.open_after_return}
