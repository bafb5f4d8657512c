"""What has changed, and for whom. Triggers write it (migration 0022); nothing here ever does."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api.db import Base

CURRENT_XID = sa.text("(pg_current_xact_id()::text)::bigint")


class SyncEntry(Base):
    """That an object has changed, for those at one address: ids only, and never what it says now.

    The address is an account, a household or a constellation; the audience, who of those there.
    """

    __tablename__ = "sync_entries"
    __table_args__ = (
        sa.Index("ix_sync_entries_address_audience_xid_id", "address", "audience", "xid", "id"),
        sa.Index("ix_sync_entries_xid", "xid"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    xid: Mapped[int] = mapped_column(sa.BigInteger, server_default=CURRENT_XID)
    """The transaction that changed it."""
    kind: Mapped[str]
    object_id: Mapped[UUID]
    audience: Mapped[str]
    address: Mapped[UUID]
    constellation_id: Mapped[UUID | None]
    """Where row-level security shows it; an account's own is found by the address."""
    hidden_from: Mapped[list[UUID] | None] = mapped_column(sa.ARRAY(sa.Uuid()))
    """Accounts and households that are not told: not even that something has gone."""


class SyncMark(Base):
    """Every transaction before `xid` was over at `taken_at`: how old an entry is."""

    __tablename__ = "sync_marks"

    xid: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    taken_at: Mapped[datetime]
