"""What a child is prescribed, in plain terms, for whoever records what is given. No words: names
and doses are sealed, and read in the pack alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import db
from hub_api.packs.models import Medicine

if TYPE_CHECKING:
    from datetime import date, time
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Prescribed:
    """One medicine of a child: from which day, up to and not including which, and at what times of
    the day by the clock in London; none where it is given as needed."""

    id: UUID
    starts_on: date
    ends_on: date | None
    times_of_day: tuple[time, ...]
    as_needed: bool

    def holds_on(self, day: date) -> bool:
        """Whether it is given on this day at all."""
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)


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
        )
        .where(Medicine.child_id == child_id)
        .order_by(Medicine.id)
    )
    return [
        Prescribed(row.id, row.starts_on, row.ends_on, tuple(row.times_of_day), row.as_needed)
        for row in db.session().execute(found)
    ]
