"""What a stay at another constellation's hub opens, for a while."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api.db import Base, HasId


class SharedAccess(HasId, Base):
    """For how long a child of one constellation is in another's sight, because of a stay there.

    Row-level security alone reads it, and a trigger has it end with the stay: see 0032.
    """

    __tablename__ = "shared_access"
    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="shared_access_ends_after_start"),
        sa.UniqueConstraint("sleepover_id", name="uq_shared_access_of_sleepover"),
        sa.ForeignKeyConstraint(
            ["sleepover_id", "child_id"],
            ["sleepovers.id", "sleepovers.child_id"],
            name="fk_shared_access_sleepover",
        ),
        sa.Index("ix_shared_access_constellation_id", "constellation_id"),
    )

    sleepover_id: Mapped[UUID]
    child_id: Mapped[UUID]
    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
