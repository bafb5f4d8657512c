"""Logging in, staying logged in, logging out, and who an actor is."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

import sqlalchemy as sa

from hub_api import clock, db, settings, tokens
from hub_api.accounts import policy, queries
from hub_api.accounts.models import Account, LoginSession, RefreshToken, RoleGrant
from hub_api.accounts.passwords import hash_password, is_password
from hub_api.audit import service as audit
from hub_api.errors import Unauthenticated

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor, Role


class TokenPair(TypedDict):
    """An access token, the refresh token for the next one, and the seconds until it is needed."""

    access_token: str
    refresh_token: str
    expires_in: int


def create_account(email: str, display_name: str, password: str) -> Account:
    """Add somebody who can log in."""
    account = Account(
        email=email.strip().lower(),
        display_name=display_name,
        password_hash=hash_password(password),
    )
    db.session().add(account)
    db.session().flush()
    return account


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


def log_in(email: str, password: str) -> TokenPair:
    """Start a session. An unknown address and a wrong password are answered alike, in like time."""
    account = db.session().scalar(
        sa.select(Account).where(Account.email == email.strip().lower(), Account.is_active)
    )
    known_hash = account.password_hash if account else None
    if not is_password(password, known_hash) or account is None:
        db.after_rollback(
            partial(
                audit.record,
                "session:start",
                outcome="refused",
                subject_id=account.id if account else None,
            )
        )
        raise Unauthenticated(
            "That e-mail address and password don't match. Please check both and try again.",
            code="wrong_login",
        )
    return start_session(account.id)


def start_session(account_id: UUID) -> TokenPair:
    """Open a session for somebody who has proved who they are."""
    now = clock.now()
    login = LoginSession(
        account_id=account_id, expires_at=now + settings.current().session_lifetime
    )
    db.session().add(login)
    db.session().flush()
    audit.record("session:start", actor_id=account_id, subject_id=login.id)
    return _token_pair(login, parent_id=None)


def refresh(refresh_token: str) -> TokenPair:
    """Exchange a refresh token for a new pair.

    Each token is for one exchange. The same token sent again within the grace period, while what it
    was exchanged for is unused, is an honest double tap and gets a pair of its own. Anything else
    means that somebody copied it: the whole session ends, even though this request is refused.
    """
    token = db.session().scalar(
        sa.select(RefreshToken).where(RefreshToken.token_hash == _fingerprint(refresh_token))
    )
    if token is None:
        _leave_behind_refused_refresh(token)
        raise Unauthenticated
    # The session row is the lock of its token family: nothing read before it is trusted after it.
    login = db.session().scalars(
        sa.select(LoginSession)
        .join(Account, Account.id == LoginSession.account_id)
        .where(LoginSession.id == token.session_id, Account.is_active)
        .with_for_update(of=LoginSession)
    ).one_or_none()  # fmt: skip
    now = clock.now()
    if login is None or login.ended_at is not None or login.expires_at <= now:
        _leave_behind_refused_refresh(token)
        raise Unauthenticated
    db.session().refresh(token)
    if _is_replayed(token):
        db.after_rollback(partial(_end_after_reuse, login.account_id, login.id))
        raise Unauthenticated
    token.used_at = token.used_at or now
    login.expires_at = now + settings.current().session_lifetime
    return _token_pair(login, parent_id=token.id)


def _is_replayed(token: RefreshToken) -> bool:
    """Whether this token, or one that stands in its place, was already used to move on."""
    if token.used_at is None:
        if token.parent_id is None:  # the first of its session has no siblings
            return False
        sibling = sa.and_(
            RefreshToken.parent_id == token.parent_id,
            RefreshToken.id != token.id,
            RefreshToken.used_at.is_not(None),
        )
        return bool(db.session().scalar(sa.select(sa.exists().where(sibling))))
    if clock.now() - token.used_at > settings.current().refresh_grace:
        return True
    used_child = sa.and_(RefreshToken.parent_id == token.id, RefreshToken.used_at.is_not(None))
    return bool(db.session().scalar(sa.select(sa.exists().where(used_child))))


def _end_after_reuse(account_id: UUID, session_id: UUID) -> None:
    _end_session(session_id, "refresh_token_reused")
    audit.record("session:refresh", outcome="refused", actor_id=account_id, subject_id=session_id)


def _leave_behind_refused_refresh(token: RefreshToken | None) -> None:
    """Record a token nobody was given, or one of a session that has ended."""
    db.after_rollback(
        partial(
            audit.record,
            "session:refresh",
            outcome="refused",
            subject_id=token.session_id if token else None,
        )
    )


def log_out(actor: Actor) -> None:
    """End the actor's session: its tokens stop working with the next request."""
    _end_session(actor.session_id, "logout")
    audit.record("session:end", actor_id=actor.account_id, subject_id=actor.session_id)


def _end_session(session_id: UUID, reason: str) -> None:
    login = db.session().get_one(LoginSession, session_id, with_for_update=True)
    login.end(reason)
    db.session().flush()


def _token_pair(login: LoginSession, parent_id: UUID | None) -> TokenPair:
    refresh_token = secrets.token_urlsafe(32)
    db.session().add(
        RefreshToken(
            session_id=login.id, parent_id=parent_id, token_hash=_fingerprint(refresh_token)
        )
    )
    db.session().flush()
    return TokenPair(
        access_token=tokens.issue_access_token(login.account_id, login.id),
        refresh_token=refresh_token,
        expires_in=int(settings.current().access_token_lifetime.total_seconds()),
    )


def _fingerprint(refresh_token: str) -> bytes:
    """SHA-256: the token is 256 random bits, so a slow hash would protect nothing more."""
    return hashlib.sha256(refresh_token.encode()).digest()


def authenticate(authorization: str) -> Actor:
    """The actor behind an `Authorization` header, with row-level security set to their scope."""
    account_id, session_id = tokens.read_access_token(authorization)
    actor = queries.find_actor(account_id, session_id)
    if actor is None:
        raise Unauthenticated
    db.set_scope(
        actor.account_id, actor.constellations(), oversees_service=actor.oversees_service()
    )
    return actor


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


def names_holding(role: Role, constellation_id: Any) -> sa.ScalarSelect[Any]:
    """For another slice's select: who holds a role for its constellation today, by name."""
    return queries.names_holding(role, constellation_id, clock.london_today())


def name_of(account_id: Any) -> sa.ScalarSelect[Any]:
    """For another slice's select: the name of the account its column holds, if any."""
    return queries.name_of(account_id)


def get_own_account(actor: Actor) -> dict[str, Any]:
    """The actor's own account, with the roles they hold today."""
    account = (
        db.session()
        .execute(
            sa.select(Account.id, Account.email, Account.display_name).where(
                policy.visible_to(actor)
            )
        )
        .mappings()
        .one()
    )
    return {**account, "roles": [asdict(grant) for grant in actor.grants]}
