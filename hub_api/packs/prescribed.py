"""What a child is prescribed, in plain terms, for whoever records what is given. No words: names
and doses are sealed, and read in the pack alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db
from hub_api.packs.models import Medicine

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Prescribed:
    """One medicine of a child: from which day, up to and not including which, and at what times of
    the day by the clock in London; none where it is given as needed. And when somebody said that it
    ends, if anybody did."""

    id: UUID
    starts_on: date
    ends_on: date | None
    times_of_day: tuple[time, ...]
    as_needed: bool
    ended_at: datetime | None = None

    def holds_at(self, at: datetime) -> bool:
        """Whether it is given at this instant: on one of its days or, on the day that it ends,
        before anybody said so."""
        return self.holds_between(at, at)

    def holds_between(self, first: datetime, last: datetime) -> bool:
        """Whether it is given at any of these instants."""
        until = self._until()
        return _start(self.starts_on) <= last and (until is None or first < until)

    def _until(self) -> datetime | None:
        if self.ends_on is None:
            return None
        over = _start(self.ends_on)
        if self.ended_at is None or clock.london_date(self.ended_at) != self.ends_on:
            return over
        return max(over, self.ended_at)


def _start(day: date) -> datetime:
    return clock.london_instant(day, time(0))


def prescribed_to(child_id: UUID, medicine_id: UUID) -> Prescribed | None:
    """A medicine of this child; None for one that is another child's, or not there."""
    return next((found for found in medicines_of(child_id) if found.id == medicine_id), None)


def medicines_of(child_id: UUID) -> list[Prescribed]:
    """Everything that is or was prescribed to a child, oldest first."""
    found = (
        sa.select(
            Medicine.id,
            Medicine.starts_on,
            Medicine.ends_on,
            Medicine.times_of_day,
            Medicine.as_needed,
            Medicine.ended_at,
        )
        .where(Medicine.child_id == child_id)
        .order_by(Medicine.id)
    )
    return [
        Prescribed(
            row.id,
            row.starts_on,
            row.ends_on,
            tuple(row.times_of_day),
            row.as_needed,
            row.ended_at,
        )
        for row in db.session().execute(found)
    ]
