"""The actor query: one statement finds account, live session, roles held today and their scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api import clock, db, reads
from hub_api.access import Actor, Grant, Role
from hub_api.accounts import policy
from hub_api.accounts.models import Account, AccountState, RoleGrant
from hub_api.reads import ASKING, TODAY, json_list, json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from uuid import UUID

_ACTOR = """
    select g.role,
           coalesce(g.constellation_id, m.constellation_id, every.id) as constellation_id,
           g.household_id
      from sessions s
      join accounts a on a.id = s.account_id and a.is_active
      left join role_grants g
        on g.account_id = a.id
       and g.starts_on <= %(today)s and (g.ends_on is null or g.ends_on > %(today)s)
      left join memberships m
        on m.household_id = g.household_id
       and m.starts_on <= %(today)s and (m.ends_on is null or m.ends_on > %(today)s)
      left join lateral every_constellation_id() as every(id)
        on g.role in ('programme_manager', 'on_call_manager')
     where s.id = %(session_id)s and a.id = %(account_id)s
       and s.ended_at is null and s.expires_at > %(now)s
"""


def find_actor(account_id: UUID, session_id: UUID) -> Actor | None:
    """The actor, or None when the account or the session is no longer alive."""
    values = {
        "account_id": account_id,
        "session_id": session_id,
        "today": clock.london_today(),
        "now": clock.now(),
    }
    rows = db.connection().exec_driver_sql(_ACTOR, values).all()
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


def roles_of(account_id: UUID) -> set[Role]:
    """The roles somebody holds now or is to hold."""
    held = sa.select(RoleGrant.role).where(
        RoleGrant.account_id == account_id,
        sa.or_(RoleGrant.ends_on.is_(None), RoleGrant.ends_on > clock.london_today()),
    )
    return {Role(role) for role in db.session().scalars(held)}


_PLACES = """
    select distinct coalesce(g.constellation_id, m.constellation_id) as id
      from role_grants g
      left join memberships m
        on m.household_id = g.household_id
       and m.starts_on <= %(today)s and (m.ends_on is null or m.ends_on > %(today)s)
     where g.account_id = %(account_id)s and g.role = any(%(roles)s)
       and g.starts_on <= %(today)s and (g.ends_on is null or g.ends_on > %(today)s)
       and coalesce(g.constellation_id, m.constellation_id) is not null
     order by id
"""


def constellations_of(account_id: UUID, roles: Sequence[Role], on: date) -> list[UUID]:
    """The constellations where somebody holds one of these roles on a day, a carer by household."""
    values = {"account_id": account_id, "roles": [str(role) for role in roles], "today": on}
    return [row.id for row in db.connection().exec_driver_sql(_PLACES, values)]


def names_holding(role: Role, constellation_id: Any) -> sa.ScalarSelect[Any]:
    """For another slice's select: who holds a role for its constellation today, by name."""
    return (
        sa.select(json_list(sa.func.to_json(Account.display_name), Account.display_name))
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(RoleGrant.constellation_id == constellation_id, _holds(role, TODAY))
        .scalar_subquery()
    )


def name_of(account_id: Any) -> sa.ScalarSelect[Any]:
    """For another slice's select: the name of the account its column holds, if any."""
    return sa.select(Account.display_name).where(Account.id == account_id).scalar_subquery()


def people_to_name(
    roles: Sequence[Role], shown: Callable[[Any], sa.ColumnElement[bool]]
) -> reads.Select:
    """Who holds one of these roles today, in places that are `shown`: id, kind, name, household
    and role."""
    held = [_holds(role, TODAY) for role in roles]
    return (
        sa.select(
            Account.id,
            sa.literal_column("'account'").label("kind"),
            Account.display_name.label("name"),
            sa.cast(None, sa.Uuid()).label("household_id"),
            RoleGrant.role,
        )
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(sa.or_(*held), shown(RoleGrant.constellation_id))
        .distinct()
    )


def _holds(role: Role, on: Any) -> sa.ColumnElement[bool]:
    return sa.and_(RoleGrant.role == role, RoleGrant.holds_on(on), Account.is_active)


def _own_account() -> reads.Select:
    return sa.select(Account.id, Account.version, Account.email, Account.display_name).where(
        ASKING.is_account(Account.id)
    )


def _accounts() -> reads.Select:
    """Accounts with their roles, past ones included, oldest first."""
    role = json_object(
        id=RoleGrant.id,
        role=RoleGrant.role,
        constellation_id=RoleGrant.constellation_id,
        household_id=RoleGrant.household_id,
        starts_on=RoleGrant.starts_on,
        ends_on=RoleGrant.ends_on,
    )
    roles = (
        sa.select(json_list(role, RoleGrant.id))
        .where(RoleGrant.account_id == Account.id)
        .scalar_subquery()
    )
    state = sa.case(
        (sa.not_(Account.is_active), AccountState.CLOSED),
        (Account.password_hash.is_(None), AccountState.INVITED),
        else_=AccountState.ACTIVE,
    )
    return sa.select(
        Account.id,
        Account.version,
        Account.email,
        Account.display_name,
        state.label("state"),
        Account.created_at,
        roles.label("roles"),
    ).where(policy.visible_to(ASKING))


OWN_ACCOUNT = reads.Read(_own_account, key=Account.id)
ACCOUNTS = reads.Read(_accounts, key=Account.id)
