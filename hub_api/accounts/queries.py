"""The actor query: one statement finds account, live session, roles held today and their scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api import clock, db
from hub_api.access import Actor, Grant, Role
from hub_api.accounts.models import Account, RoleGrant

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

_ACTOR = sa.text("""
    select g.role,
           coalesce(g.constellation_id, m.constellation_id, every.id) as constellation_id,
           g.household_id
      from sessions s
      join accounts a on a.id = s.account_id and a.is_active
      left join role_grants g
        on g.account_id = a.id
       and g.starts_on <= :today and (g.ends_on is null or g.ends_on > :today)
      left join memberships m
        on m.household_id = g.household_id
       and m.starts_on <= :today and (m.ends_on is null or m.ends_on > :today)
      left join lateral every_constellation_id() as every(id) on g.role = 'programme_manager'
     where s.id = :session_id and a.id = :account_id
       and s.ended_at is null and s.expires_at > :now
""").bindparams(
    sa.bindparam("session_id", type_=sa.Uuid()), sa.bindparam("account_id", type_=sa.Uuid())
)


def find_actor(account_id: UUID, session_id: UUID) -> Actor | None:
    """The actor, or None when the account or the session is no longer alive."""
    rows = db.session().execute(
        _ACTOR,
        {
            "account_id": account_id,
            "session_id": session_id,
            "today": clock.london_today(),
            "now": clock.now(),
        },
    ).all()  # fmt: skip
    if not rows:
        return None
    grants = tuple(
        Grant(Role(row.role), row.constellation_id, row.household_id) for row in rows if row.role
    )
    return Actor(account_id, session_id, grants)


def accounts_holding(
    role: Role,
    on: date,
    *,
    constellation_id: UUID | None = None,
    household_id: UUID | None = None,
) -> list[UUID]:
    """The accounts that hold a role for this constellation or household on a day."""
    place = (
        RoleGrant.constellation_id == constellation_id
        if household_id is None
        else RoleGrant.household_id == household_id
    )
    holders = sa.select(RoleGrant.account_id).distinct().where(place, _holds(role, on))
    return list(db.session().scalars(holders.join(Account).order_by(RoleGrant.account_id)))


def names_holding(role: Role, constellation_id: Any, on: date) -> sa.ScalarSelect[Any]:
    """For another slice's select: who holds a role for its constellation, by name."""
    return (
        sa.select(db.json_list(sa.func.to_json(Account.display_name), Account.display_name))
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(RoleGrant.constellation_id == constellation_id, _holds(role, on))
        .scalar_subquery()
    )


def name_of(account_id: Any) -> sa.ScalarSelect[Any]:
    """For another slice's select: the name of the account its column holds, if any."""
    return sa.select(Account.display_name).where(Account.id == account_id).scalar_subquery()


def _holds(role: Role, on: date) -> sa.ColumnElement[bool]:
    return sa.and_(RoleGrant.role == role, RoleGrant.holds_on(on), Account.is_active)
