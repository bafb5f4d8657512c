"""Who an actor is, and the accounts and roles behind that."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypedDict

import sqlalchemy as sa

from hub_api import clock, db, reads, tokens
from hub_api.access import Role
from hub_api.accounts import invites, policy, queries, sessions
from hub_api.accounts.models import Account, EndReason, RoleGrant
from hub_api.accounts.passwords import hash_password
from hub_api.audit import service as audit
from hub_api.errors import Conflict, Forbidden, Unauthenticated
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row

# --- the actor -------------------------------------------------------------------------------


def authenticate(authorization: str) -> Actor:
    """The actor behind an `Authorization` header. Raises `Unauthenticated`."""
    account_id, session_id = tokens.read_access_token(authorization)
    actor = queries.find_actor(account_id, session_id)
    if actor is None:
        raise Unauthenticated
    return actor


def set_scope(actor: Actor) -> None:
    """Set row-level security to what the actor may see, until the transaction ends."""
    db.set_scope(
        actor.account_id, actor.constellations(), oversees_service=actor.oversees_service()
    )


def get_own_account(actor: Actor) -> dict[str, Any]:
    """The actor's own account, with the roles they hold today."""
    account = queries.OWN_ACCOUNT.one(actor, actor.account_id)
    return {**account, "roles": [asdict(grant) for grant in actor.grants]}


def change_own_account(actor: Actor, seen_version: int, display_name: str) -> dict[str, Any]:
    """Change one's own name. Raises `StaleVersion`."""
    account = db.session().get_one(Account, actor.account_id)
    db.lock_seen(account, seen_version)
    account.display_name = display_name
    db.session().flush()
    _audit(actor, "change", account.id, ["display_name"])
    return get_own_account(actor)


def accounts_holding(
    role: Role, *, constellation_id: UUID | None = None, household_id: UUID | None = None
) -> list[UUID]:
    """The accounts that hold a role today for a constellation or a household."""
    return queries.accounts_holding(
        role,
        clock.london_today(),
        constellation_id=constellation_id,
        household_id=household_id,
    )


def constellations_of(account_id: UUID, *roles: Role) -> list[UUID]:
    """The constellations where somebody holds one of these roles today; a satellite carer, where
    the household belongs."""
    return queries.constellations_of(account_id, roles, clock.london_today())


def names_holding(role: Role, constellation_id: Any) -> sa.ScalarSelect[Any]:
    """For another slice's select: who holds a role for its constellation today, by name."""
    return queries.names_holding(role, constellation_id)


def name_of(account_id: Any) -> sa.ScalarSelect[Any]:
    """For another slice's select: the name of the account its column holds, if any."""
    return queries.name_of(account_id)


def people_to_name(
    roles: Sequence[Role], shown: Callable[[Any], sa.ColumnElement[bool]]
) -> reads.Select:
    """For another slice's select: who holds one of these roles today, where they are `shown`."""
    return queries.people_to_name(roles, shown)


# --- accounts --------------------------------------------------------------------------------


class RoleIn(TypedDict):
    """A role to give: `schemas.RoleIn`."""

    role: Role
    constellation_id: UUID | None
    household_id: UUID | None
    starts_on: date | None


def create_account(email: str, display_name: str, password: str | None = None) -> Account:
    """Add somebody; without a password they log in once they have answered an invitation."""
    account = Account(
        email=email.strip().lower(),
        display_name=display_name,
        password_hash=hash_password(password) if password else None,
    )
    db.session().add(account)
    db.session().flush()
    return account


def invite_account(
    actor: Actor, email: str, display_name: str, roles: Sequence[RoleIn]
) -> dict[str, Any]:
    """Add somebody with their roles, and invite them to set a password.

    The code is in this answer alone: only its fingerprint is kept.
    """
    account = create_account(email, display_name)
    _audit(actor, "create", account.id)
    for role in roles:
        _grant(actor, account.id, role)
    code = invites.invite(account.id, invited_by=actor.account_id)
    return {**get_account(actor, account.id), "invite_code": code}


def invite_from_the_command_line(email: str, display_name: str, role: Role) -> str:
    """Add one of the first people, whom nobody is there to invite. Returns the code."""
    account = create_account(email, display_name)
    grant_role(account.id, role, starts_on=clock.london_today())
    audit.record("account:create", subject_id=account.id, changed=[role])
    return invites.invite(account.id, invited_by=None)


def invite_again(actor: Actor, account_id: UUID, seen_version: int) -> dict[str, Any]:
    """A new invitation for somebody whose own ran out, or who forgot their password.

    The earlier ones stop working; the password and sessions last until this one is answered.
    """
    account = _manage(actor, account_id, seen_version)
    if not account.is_active:
        raise Conflict("This account is closed. Reopen it first.", code="wrong_state")
    code = invites.invite(account.id, invited_by=actor.account_id)
    return {**get_account(actor, account.id), "invite_code": code}


def get_invited_account(actor: Actor, account_id: UUID) -> dict[str, Any]:
    """An account as it was answered when it was invited; the code is not kept."""
    return {**get_account(actor, account_id), "invite_code": None}


def change_account(
    actor: Actor, account_id: UUID, seen_version: int, changes: dict[str, str]
) -> Row:
    """Change somebody's name or e-mail address. Raises `Conflict` when the address is taken."""
    account = _manage(actor, account_id, seen_version)
    if "email" in changes:
        invites.expire(account.id)
    for field, value in changes.items():
        setattr(account, field, value.strip().lower() if field == "email" else value)
    db.session().flush()
    _audit(actor, "change", account.id, [*changes])
    return get_account(actor, account.id)


def close_account(actor: Actor, account_id: UUID, seen_version: int) -> Row:
    """Let somebody log in no more; their sessions end at once."""
    account = _close_or_open(actor, account_id, seen_version)
    if not account.is_active:
        raise Conflict("This account is closed already.", code="wrong_state")
    account.is_active = False
    db.session().flush()
    invites.expire(account.id)
    sessions.end_all(account.id, EndReason.ACCOUNT_CLOSED)
    _audit(actor, "close", account.id, ["is_active"])
    return get_account(actor, account.id)


def reopen_account(actor: Actor, account_id: UUID, seen_version: int) -> Row:
    """Let somebody log in again."""
    account = _close_or_open(actor, account_id, seen_version)
    if account.is_active:
        raise Conflict("This account is open already.", code="wrong_state")
    account.is_active = True
    db.session().flush()
    _audit(actor, "reopen", account.id, ["is_active"])
    return get_account(actor, account.id)


def log_out_everywhere(actor: Actor, account_id: UUID) -> None:
    """End every session of somebody whose phone is lost."""
    _find(actor, account_id)
    sessions.end_all(account_id, EndReason.REVOKED)
    _audit(actor, "log_out", account_id)


def list_accounts(actor: Actor, page: PageArgs) -> Page:
    """The accounts the actor may see, newest first."""
    return queries.ACCOUNTS.page(actor, page)


def get_account(actor: Actor, account_id: UUID) -> Row:
    """One account with its roles. Raises `NotFound`."""
    return queries.ACCOUNTS.one(actor, account_id)


# --- roles -----------------------------------------------------------------------------------


def grant_role(
    account_id: UUID,
    role: Role,
    *,
    starts_on: date,
    constellation_id: UUID | None = None,
    household_id: UUID | None = None,
) -> RoleGrant:
    """Give somebody a role from a date on, for a constellation, a household or the service."""
    grant = RoleGrant(
        account_id=account_id,
        role=role,
        starts_on=starts_on,
        constellation_id=constellation_id,
        household_id=household_id,
    )
    db.session().add(grant)
    db.session().flush()
    return grant


def give_role(actor: Actor, account_id: UUID, seen_version: int, role: RoleIn) -> Row:
    """Give somebody one more role. Raises `Forbidden` for oneself, and for another's kind."""
    account = _manage(actor, account_id, seen_version)
    _grant(actor, account.id, role)
    _touch(account)
    return get_account(actor, account.id)


def end_role(actor: Actor, role_id: UUID, seen_version: int, ends_on: date | None) -> Row:
    """End a role on a day, by default today: from then on it no longer holds.

    `seen_version` is the account's. Raises `Conflict` when it has ended already.
    """
    found = sa.select(RoleGrant).join(Account, Account.id == RoleGrant.account_id)
    grant = reads.find(actor, found.where(RoleGrant.id == role_id, policy.visible_to(ASKING)))
    if not policy.can_grant(actor, Role(grant.role)):
        raise Forbidden
    account = _manage(actor, grant.account_id, seen_version)
    today = clock.london_today()
    db.session().refresh(grant)
    if grant.ends_on is not None and grant.ends_on <= today:
        raise Conflict("This role has ended already.", code="wrong_state")
    # One given by mistake ends on the day it starts: then it never held.
    last = ends_on or max(today, grant.starts_on)
    if last < max(today, grant.starts_on):
        raise Conflict("Please choose today or later.", code="ends_too_early")
    grant.ends_on = last
    db.session().flush()
    _touch(account)
    _audit(actor, "end_role", account.id, [grant.role], grant.constellation_id)
    return get_account(actor, account.id)


def _grant(actor: Actor, account_id: UUID, role: RoleIn) -> None:
    if not policy.can_grant(actor, Role(role["role"])):
        raise Forbidden
    grant_role(
        account_id,
        role["role"],
        starts_on=role["starts_on"] or clock.london_today(),
        constellation_id=role["constellation_id"],
        household_id=role["household_id"],
    )
    _audit(actor, "give_role", account_id, [role["role"]], role["constellation_id"])


def _touch(account: Account) -> None:
    """Raise the version of an account whose roles have changed."""
    account.version += 1
    db.session().flush()


def _close_or_open(actor: Actor, account_id: UUID, seen_version: int) -> Account:
    """An account to close or reopen, locked as it was seen."""
    account = _find(actor, account_id)
    if not policy.can_close(actor, account.id):
        raise Forbidden
    db.lock_seen(account, seen_version)
    return account


def _find(actor: Actor, account_id: UUID) -> Account:
    found = sa.select(Account).where(Account.id == account_id, policy.visible_to(ASKING))
    return reads.find(actor, found)


def _manage(actor: Actor, account_id: UUID, seen_version: int) -> Account:
    """An account to change, locked as it was seen."""
    account = _find(actor, account_id)
    if not policy.can_manage(actor, account.id, queries.roles_of(account.id)):
        raise Forbidden
    db.lock_seen(account, seen_version)
    return account


def _audit(
    actor: Actor,
    verb: str,
    account_id: UUID,
    changed: Sequence[str] = (),
    constellation_id: UUID | None = None,
) -> None:
    audit.record(
        f"account:{verb}",
        actor_id=actor.account_id,
        subject_id=account_id,
        changed=changed,
        constellation_id=constellation_id,
    )
