"""The audit trail: ids, states, dates and names of changed fields; never values or free text."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, HasId, in_words

CURRENT_XID = sa.text("(pg_current_xact_id()::text)::bigint")


class AuditOutcome(StrEnum):
    """Whether it was done."""

    DONE = "done"
    REFUSED = "refused"


class AuditEvent(HasId, Base):
    """One thing somebody did, or was refused."""

    __tablename__ = "audit_events"
    __table_args__ = (
        sa.CheckConstraint(in_words("outcome", list(AuditOutcome)), name="audit_outcome_known"),
        sa.Index("ix_audit_events_subject_id_id", "subject_id", "id"),
        sa.Index("ix_audit_events_constellation_id_id", "constellation_id", "id"),
        sa.Index("ix_audit_events_actor_id_id", "actor_id", "id"),
        sa.Index("ix_audit_events_action_id", "action", "id"),
        sa.Index("ix_audit_events_refused", "id", postgresql_where=sa.text("outcome = 'refused'")),
        sa.Index(
            "ix_audit_events_of_the_service",
            "id",
            postgresql_where=sa.text("constellation_id is null"),
        ),
        sa.Index("ix_audit_events_xid_id", "xid", "id"),
        sa.Index(
            "ix_audit_events_hidden",
            "subject_id",
            postgresql_where=sa.text("hidden_from is not null"),
        ),
    )
    # The API may not read every row it adds, so it must not ask for what the database filled in.
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - SQLAlchemy reads it from the class

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
    xid: Mapped[int] = mapped_column(sa.BigInteger, server_default=CURRENT_XID)
    """The transaction that wrote it, by the database's own count; nobody may set it."""
    hidden_from: Mapped[list[UUID] | None] = mapped_column(sa.ARRAY(sa.Uuid()))
    """Accounts and households that must not see it. Left out, it is what is hidden about its
    subject already (migration 0031), so that nobody has to remember."""


class AuditSeal(Base):
    """One event's place in the chain: `mac` covers the event and the seal before it.

    Written by the worker alone, and never changed; the API can't even read it.
    """

    __tablename__ = "audit_seals"
    __table_args__ = (sa.UniqueConstraint("event_id", name="uq_audit_seal_event"),)

    seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    """1, 2, 3 … without gaps."""
    event_id: Mapped[UUID] = mapped_column(sa.ForeignKey("audit_events.id"))
    xid: Mapped[int] = mapped_column(sa.BigInteger)
    """The event's: `(xid, event_id)` grows along the chain, and sealing goes on behind it."""
    key_id: Mapped[int] = mapped_column(sa.SmallInteger)
    mac: Mapped[bytes]
    sealed_at: Mapped[datetime]
