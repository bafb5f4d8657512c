"""The audit trail: ids, states, dates and names of changed fields; never values or free text."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, HasId, in_words


class AuditEvent(HasId, Base):
    """One thing somebody did, or was refused."""

    __tablename__ = "audit_events"
    __table_args__ = (
        sa.CheckConstraint(in_words("outcome", ["done", "refused"]), name="audit_outcome_known"),
        sa.Index("ix_audit_events_subject_id_id", "subject_id", "id"),
        sa.Index("ix_audit_events_constellation_id_id", "constellation_id", "id"),
    )

    at: Mapped[datetime] = mapped_column(default=clock.now)
    actor_id: Mapped[UUID | None]
    """The account; none for a login that was refused."""
    action: Mapped[str]
    """`resource:verb`, such as `respite_request:accept`."""
    outcome: Mapped[str]
    subject_id: Mapped[UUID | None]
    constellation_id: Mapped[UUID | None]
    request_id: Mapped[str]
    changed: Mapped[list[str]] = mapped_column(sa.ARRAY(sa.Text()))
    """Names of the fields that changed."""
