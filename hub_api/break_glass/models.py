"""Who opened which child's record, why, until when, and who looked at it afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, HasId, Versioned, in_words
from hub_api.encryption import Ciphertext, EncryptedText
from hub_api.errors import Conflict


class Finding(StrEnum):
    """What the second person says of it."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"


class BreakGlass(HasId, Versioned, Base):
    """One opening of one child's record by one person (security.md, Audit).

    It stays where it happened when the child moves, as every event does.
    """

    __tablename__ = "break_glass"
    __table_args__ = (
        sa.CheckConstraint("expires_at > opened_at", name="break_glass_expires_later"),
        sa.CheckConstraint(in_words("finding", list(Finding)), name="break_glass_finding_known"),
        sa.CheckConstraint(
            "num_nulls(reviewed_at, reviewed_by, finding) in (0, 3)",
            name="break_glass_review_is_signed",
        ),
        sa.CheckConstraint(
            "reviewed_by <> opened_by", name="break_glass_is_reviewed_by_somebody_else"
        ),
        sa.Index("ix_break_glass_constellation_id_id", "constellation_id", "id"),
        sa.Index("ix_break_glass_child_id_opened_by", "child_id", "opened_by"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    child_id: Mapped[UUID] = mapped_column(sa.ForeignKey("children.id"))
    opened_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    reason: Mapped[Ciphertext] = mapped_column(EncryptedText())
    """In their own words, sealed under the child's key."""
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    finding: Mapped[str | None]

    def review(self, finding: Finding, account_id: UUID) -> None:
        """Somebody has looked at it; what wasn't right ends there and then. Raises `Conflict` when
        somebody else has looked before."""
        if self.finding is not None:
            raise Conflict("Somebody has looked at this already.", code="wrong_state")
        now = clock.now()
        self.finding, self.reviewed_by, self.reviewed_at = finding, account_id, now
        if finding == Finding.NOT_JUSTIFIED:
            # Found in the very moment of opening, it still ends after it began.
            over = max(now, self.opened_at + timedelta(microseconds=1))
            self.expires_at = min(self.expires_at, over)
