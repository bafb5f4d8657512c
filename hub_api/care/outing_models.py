"""A child who is out during a stay, and the time agreed to be back."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from hub_api.care.models import OfAStay, of_a_stay
from hub_api.db import Base
from hub_api.errors import Conflict


class Outing(OfAStay, Base):
    """A child goes out, and a time to be back is agreed. A later one of the same stay, another time
    agreed on the telephone, takes its place."""

    __tablename__ = "outings"
    __table_args__ = (
        sa.CheckConstraint("agreed_back_at > written_at", name="outing_ends_later"),
        of_a_stay("outing"),
        sa.Index("ix_outings_sleepover_id_id", "sleepover_id", "id"),
        sa.Index(
            "ix_outings_agreed_back_at",
            "agreed_back_at",
            postgresql_where=sa.text("back_at is null"),
        ),
    )

    agreed_back_at: Mapped[datetime]
    back_at: Mapped[datetime | None]

    def come_back(self, at: datetime) -> None:
        """The child is back. Raises `Conflict` when that is known, or the time can't be."""
        if self.back_at is not None:
            raise Conflict("It is on record already that the child is back.", code="wrong_state")
        if at < self.written_at:
            raise Conflict(
                "That is before the child went out. Please check the time.", code="too_early"
            )
        self.back_at = at
