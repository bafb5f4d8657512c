"""What other slices may know about reaching somebody: their address, roles and live logins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api import clock, db
from hub_api.access import Role
from hub_api.accounts.models import Account, LoginSession, RoleGrant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose account is open."""

    email: str
    roles: frozenset[Role]
    """Those they hold today."""


def people(account_ids: Iterable[UUID]) -> dict[UUID, Person]:
    """Those of these accounts that are open, in one statement."""
    held = sa.and_(RoleGrant.account_id == Account.id, RoleGrant.holds_on(clock.london_today()))
    found = (
        sa.select(Account.id, Account.email, sa.func.array_agg(RoleGrant.role).label("roles"))
        .outerjoin(RoleGrant, held)
        .where(Account.id.in_(set(account_ids)), Account.is_active)
        .group_by(Account.id)
    )
    return {
        row.id: Person(row.email, frozenset(Role(role) for role in row.roles if role))
        for row in db.connection().execute(found)
    }


def is_live_session(session_id: Any, now: datetime) -> sa.ColumnElement[bool]:
    """For another slice's select: the login that its column names is not over."""
    return sa.exists().where(
        LoginSession.id == session_id,
        LoginSession.ended_at.is_(None),
        LoginSession.expires_at > now,
    )
