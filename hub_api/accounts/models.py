"""Accounts, role grants, sessions and refresh tokens."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.access import Role
from hub_api.db import Base, EffectiveDated, HasId, in_words


class Account(HasId, Base):
    """A person who can log in. The e-mail address is kept in lower case."""

    __tablename__ = "accounts"
    __table_args__ = (
        sa.UniqueConstraint("email", name="uq_account_email"),
        sa.CheckConstraint("email = lower(email)", name="account_email_lower_case"),
    )

    email: Mapped[str]
    display_name: Mapped[str]
    password_hash: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class RoleGrant(HasId, EffectiveDated, Base):
    """A role somebody holds, effective-dated.

    A satellite carer holds it for a household, a hub carer or liaison worker for a constellation,
    everybody else for the whole service.
    """

    __tablename__ = "role_grants"
    __table_args__ = (
        sa.CheckConstraint(in_words("role", list(Role)), name="role_grant_role_known"),
        sa.CheckConstraint(
            "(role = 'satellite_carer') = (household_id is not null)",
            name="role_grant_satellite_carer_has_household",
        ),
        sa.CheckConstraint(
            "(role in ('hub_carer', 'liaison_worker')) = (constellation_id is not null)",
            name="role_grant_hub_and_liaison_have_constellation",
        ),
        sa.CheckConstraint("ends_on > starts_on", name="role_grant_ends_after_start"),
        sa.Index("ix_role_grants_account_id", "account_id"),
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    role: Mapped[str]
    constellation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("households.id"))


class LoginSession(HasId, Base):
    """One logged-in phone or browser: the family its refresh tokens belong to."""

    __tablename__ = "sessions"
    __table_args__ = (
        sa.CheckConstraint(
            "(ended_at is null) = (end_reason is null)", name="session_end_has_reason"
        ),
        sa.CheckConstraint(
            in_words("end_reason", ["logout", "refresh_token_reused"]),
            name="session_end_reason_known",
        ),
        sa.Index("ix_sessions_account_id", "account_id"),
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]

    def end(self, reason: str) -> None:
        """End the session; every token of it stops working with the next request."""
        if self.ended_at is None:
            self.ended_at = clock.now()
            self.end_reason = reason


class RefreshToken(HasId, Base):
    """A refresh token, known by its SHA-256 only. Its parent is the token it was exchanged for."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        sa.UniqueConstraint("token_hash", name="uq_refresh_token_hash"),
        sa.Index("ix_refresh_tokens_session_id", "session_id"),
        sa.Index("ix_refresh_tokens_parent_id", "parent_id"),
    )

    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("sessions.id"))
    parent_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("refresh_tokens.id"))
    token_hash: Mapped[bytes]
    issued_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]
