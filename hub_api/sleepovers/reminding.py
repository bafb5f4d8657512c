"""Both homes are reminded of what comes next in a stay, once for each time agreed.

The stay holds the time that was told of: a job that runs again finds it, and a stay whose dates
have changed is told of anew. Told and noted in one transaction, so neither is lost nor done twice.
The version stays: nobody who is about to act on the stay is told that somebody changed it.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db
from hub_api.notifications.categories import Category
from hub_api.sleepovers.homes import RUN_BY, Homes
from hub_api.sleepovers.models import Sleepover, SleepoverState

if TYPE_CHECKING:
    from sqlalchemy.orm import InstrumentedAttribute

DAY = timedelta(days=1)
PACKING = time(17)
"""When the day before is far enough on to think of tomorrow, and there is time to pack."""
BREAKFAST = time(8)
"""When the day of departure begins for those who wait; a child who leaves earlier is there then."""


def remind() -> None:
    """Remind both homes of every stay for which it is time. Doing it again changes nothing."""
    now = clock.now()
    _of_tomorrow(now)
    _of_handovers(now)
    _of_returns(now)


def _of_tomorrow(now: datetime) -> None:
    """From five o'clock on, of the stays that begin tomorrow, but for those confirmed since."""
    today = clock.london_date(now)
    since = clock.london_instant(today, PACKING)
    if now < since:
        return
    tomorrow, after = (clock.london_instant(today + n * DAY, time(0)) for n in (1, 2))
    _tell(
        Category.SLEEPOVER_TOMORROW,
        Sleepover.tomorrow_told_for,
        Sleepover.arrives_at,
        _is(SleepoverState.CONFIRMED),
        Sleepover.arrives_at >= tomorrow,
        Sleepover.arrives_at < after,
        Sleepover.confirmed_at < since,
    )


def _of_handovers(now: datetime) -> None:
    """Of the children who should be there by now, while it is worth saying."""
    category = Category.HANDOVER_DUE
    _tell(
        category,
        Sleepover.handover_told_for,
        Sleepover.arrives_at,
        _is(SleepoverState.CONFIRMED),
        Sleepover.arrives_at <= now,
        Sleepover.arrives_at > now - category.lasts,
    )


def _of_returns(now: datetime) -> None:
    """On the day of departure from breakfast on, or at the time of departure where it is before."""
    category, today = Category.RETURN_DUE, clock.london_date(now)
    ends = clock.london_instant(today + DAY, time(0))
    has_begun = now >= clock.london_instant(today, BREAKFAST)
    _tell(
        category,
        Sleepover.return_told_for,
        Sleepover.departs_at,
        _is(SleepoverState.IN_STAY),
        Sleepover.departs_at < ends if has_begun else Sleepover.departs_at <= now,
        Sleepover.departs_at > now - category.lasts,
    )


def _is(state: SleepoverState) -> sa.ColumnElement[bool]:
    """A literal, so that the partial index on the state is used."""
    return Sleepover.state == sa.literal_column(f"'{state}'")


def _tell(
    category: Category,
    told_for: InstrumentedAttribute[datetime | None],
    agreed: InstrumentedAttribute[datetime],
    *conditions: sa.ColumnElement[bool],
) -> None:
    due = sa.select(Sleepover.id).where(told_for.is_distinct_from(agreed), *conditions)
    noted = (
        sa.update(Sleepover)
        .where(Sleepover.id.in_(due.with_for_update(skip_locked=True)))
        .values({told_for: agreed})
        .returning(Sleepover.id, Sleepover.household_id, Sleepover.constellation_id, RUN_BY)
    )
    for row in db.connection().execute(noted).all():
        homes = Homes(row.household_id, row.constellation_id, row.run_by)
        homes.tell(category, row.id)
