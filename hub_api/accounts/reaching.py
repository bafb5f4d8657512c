"""What other slices may know about reaching somebody: their roles, and where they are logged in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from hub_api import clock, db
from hub_api.access import Role
from hub_api.accounts.models import Account, LoginSession, RoleGrant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID


class Held(NamedTuple):
    """A role, and for which constellation or household; neither: for the whole service."""

    role: Role
    constellation_id: UUID | None
    household_id: UUID | None

    def is_for(self, constellation_id: UUID | None, household_id: UUID | None) -> bool:
        """Whether it counts there. What has no place is for whoever holds the role anywhere."""
        if constellation_id is None and household_id is None:
            return True
        if self.household_id is not None:
            return self.household_id == household_id
        return self.constellation_id in {None, constellation_id}


def roles_held(account_ids: Iterable[UUID]) -> dict[UUID, list[Held]]:
    """Which roles those of these accounts that are open hold today, in one statement."""
    held = sa.and_(RoleGrant.account_id == Account.id, RoleGrant.holds_on(clock.london_today()))
    rows = (
        sa.select(Account.id, RoleGrant.role, RoleGrant.constellation_id, RoleGrant.household_id)
        .outerjoin(RoleGrant, held)
        .where(Account.id.in_(set(account_ids)), Account.is_active)
    )
    found: dict[UUID, list[Held]] = {}
    for account_id, role, *place in db.connection().execute(rows):
        roles = found.setdefault(account_id, [])
        if role is not None:
            roles.append(Held(Role(role), *place))
    return found


def names_of(account_ids: Iterable[UUID]) -> dict[UUID, str]:
    """What these people are called, in one statement."""
    found = sa.select(Account.id, Account.display_name).where(Account.id.in_(set(account_ids)))
    return {row.id: row.display_name for row in db.connection().execute(found)}


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether somebody could be logged in at all, and where they are."""

    account_id: UUID
    is_open: bool
    has_password: bool
    """False: the invitation is not answered."""
    logins: int
    """Phones and browsers on which they are logged in."""


def standing(email: str, now: datetime) -> Standing | None:
    """Of whoever has this e-mail address, in whatever case; None where nobody has."""
    is_theirs = sa.and_(LoginSession.account_id == Account.id, LoginSession.is_alive(now))
    found = (
        sa.select(
            Account.id,
            Account.is_active,
            Account.password_hash.is_not(None).label("has_password"),
            sa.func.count(LoginSession.id).label("logins"),
        )
        .outerjoin(LoginSession, is_theirs)
        .where(Account.email == email.strip().lower())
        .group_by(Account.id)
    )
    row = db.connection().execute(found).one_or_none()
    return None if row is None else Standing(*row)
