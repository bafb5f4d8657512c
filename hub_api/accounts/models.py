"""Accounts, role grants, sessions and refresh tokens."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.access import Role
from hub_api.db import Base, EffectiveDated, HasId, Versioned, in_words
from hub_api.errors import on_constraint


class AccountState(StrEnum):
    """Invited: no password yet. Closed: logs in no more."""

    INVITED = "invited"
    ACTIVE = "active"
    CLOSED = "closed"


class Account(HasId, Versioned, Base):
    """A person who can log in, once they have answered their invitation.

    The e-mail address is kept in lower case. Without a password hash nobody can log in.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        sa.UniqueConstraint("email", name="uq_account_email"),
        sa.CheckConstraint("email = lower(email)", name="account_email_lower_case"),
    )

    email: Mapped[str]
    display_name: Mapped[str]
    password_hash: Mapped[str | None]
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
        sa.CheckConstraint("ends_on >= starts_on", name="role_grant_ends_after_start"),
        sa.Index("ix_role_grants_account_id", "account_id"),
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    role: Mapped[str]
    constellation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("households.id"))


class EndReason(StrEnum):
    """Why a session ended."""

    LOGOUT = "logout"
    REVOKED = "revoked"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason
    ACCOUNT_CLOSED = "account_closed"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105 - a reason


class LoginSession(HasId, Base):
    """One logged-in phone or browser: the family its refresh tokens belong to."""

    __tablename__ = "sessions"
    __table_args__ = (
        sa.CheckConstraint(
            "(ended_at is null) = (end_reason is null)", name="session_end_has_reason"
        ),
        sa.CheckConstraint(
            in_words("end_reason", list(EndReason)),
            name="session_end_reason_known",
        ),
        sa.Index("ix_sessions_account_id", "account_id"),
        sa.Index("ix_sessions_network_hash", "network_hash"),
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    device: Mapped[str] = mapped_column(server_default="")
    """What the phone or browser calls itself, so that its owner can tell it from another."""
    network_hash: Mapped[bytes | None]
    """Of the e-mail address and the network it began from: known there, known here."""
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now, server_default=sa.func.now())
    """When it last logged in or refreshed its tokens."""
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]

    @classmethod
    def is_alive(cls, now: Any) -> sa.ColumnElement[bool]:
        """The SQL condition that it has neither been ended nor run out."""
        return sa.and_(cls.ended_at.is_(None), cls.expires_at > now)

    def end(self, reason: EndReason) -> None:
        """End the session; every token of it stops working with the next request."""
        if self.ended_at is None:
            self.ended_at = clock.now()
            self.end_reason = reason


class Invite(HasId, Base):
    """An invitation to set a password, known by its SHA-256 only. It can be answered once."""

    __tablename__ = "invites"
    __table_args__ = (
        sa.UniqueConstraint("code_hash", name="uq_invite_code_hash"),
        sa.Index("ix_invites_account_id", "account_id"),
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    invited_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    """None: from the command line."""
    code_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


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


on_constraint(
    "uq_account_email", "email_taken", "There is already an account with that e-mail address."
)
on_constraint("fk_role_grants_constellation_id", "no_such_place", "There is no such constellation.")
on_constraint("fk_role_grants_household_id", "no_such_place", "There is no such household.")
on_constraint(
    "ck_role_grant_satellite_carer_has_household",
    "wrong_place",
    "A satellite carer is a carer of one household, and nobody else is.",
)
on_constraint(
    "ck_role_grant_hub_and_liaison_have_constellation",
    "wrong_place",
    "A hub carer or liaison worker works for one constellation, and nobody else does.",
)
