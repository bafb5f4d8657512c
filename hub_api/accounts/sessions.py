"""Logging in, staying logged in, logging out, on as many phones as a person has."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

import sqlalchemy as sa

from hub_api import clock, db, reads, settings, throttles, tokens
from hub_api.accounts import policy
from hub_api.accounts.models import Account, EndReason, LoginSession, RefreshToken
from hub_api.accounts.passwords import is_password
from hub_api.audit import service as audit
from hub_api.errors import Unauthenticated
from hub_api.reads import ASKING
from hub_api.throttles import Limit

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs

LONGEST_DEVICE = 120
"""Characters kept of what a phone or browser calls itself."""


class TokenPair(TypedDict):
    """An access token, the refresh token for the next one, and the seconds until it is needed."""

    access_token: str
    refresh_token: str
    expires_in: int


# --- proving who one is ----------------------------------------------------------------------


def attempts(kind: str) -> Limit:
    """How often somebody may fail to prove who they are."""
    return Limit(kind, settings.current().login_attempts, timedelta(minutes=5))


def log_in(email: str, password: str, *, device: str = "", address: str = "") -> TokenPair:
    """Start a session. An unknown address and a wrong password are answered alike, in like time.

    Failures slow down the account and the network they come from, known or not; nobody is locked
    out: where somebody has logged in before, their failures are counted apart from a stranger's.
    Raises `Unauthenticated` or `TooManyRequests`.
    """
    email, network = email.strip().lower(), network_of(address)
    who = f"{email}\0{network}" if _is_known(email, network) else email
    taken = (attempts("login-account"), who), (attempts("login-address"), network)
    throttles.take(*taken)
    account = db.session().scalar(
        sa.select(Account).where(Account.email == email, Account.is_active)
    )
    known_hash = account.password_hash if account else None
    if not is_password(password, known_hash) or account is None or not _still_has(account):
        subject_id = account.id if account else None
        db.after_rollback(
            partial(audit.record, "session:start", outcome="refused", subject_id=subject_id)
        )
        raise Unauthenticated(
            "That e-mail address and password don't match. Please check both and try again.",
            code="wrong_login",
        )
    throttles.give_back(*taken)
    return start_session(account.id, device=device, address=address)


def _still_has(account: Account) -> bool:
    """Whether the account is open and its password the one just proved, until we commit.

    Proving takes a while: a password changed or an account closed meanwhile ends every session, and
    must not miss the one that begins now.
    """
    same = sa.select(Account.id).where(
        Account.id == account.id,
        Account.is_active,
        Account.password_hash == account.password_hash,
    )
    return db.session().scalar(same.with_for_update(read=True)) is not None


def network_of(address: str) -> str:
    """The network a request comes from: the address, or of IPv6 the /64 that one household has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False))


KNOWN_FOR = timedelta(days=90)
"""How long a network is remembered from which somebody has logged in."""


def _is_known(email: str, network: str) -> bool:
    known = sa.select(LoginSession.id).where(
        LoginSession.network_hash == _network_hash(email, network),
        LoginSession.started_at > clock.now() - KNOWN_FOR,
    )
    return bool(db.session().scalar(sa.select(sa.exists(known))))


def _network_hash(email: str, network: str) -> bytes:
    """Says nothing of the network to whoever doesn't know both."""
    return hashlib.sha256(f"{email}\0{network}".encode()).digest()


def start_session(account_id: UUID, *, device: str = "", address: str = "") -> TokenPair:
    """Open a session for somebody who has proved who they are."""
    now = clock.now()
    login = LoginSession(
        account_id=account_id,
        device=_plain(device),
        network_hash=_hash_for(account_id, address),
        expires_at=now + settings.current().session_lifetime,
    )
    db.session().add(login)
    db.session().flush()
    audit.record("session:start", actor_id=account_id, subject_id=login.id)
    return _token_pair(login, parent_id=None)


def _hash_for(account_id: UUID, address: str) -> bytes | None:
    if not address:
        return None
    email = db.session().scalar(sa.select(Account.email).where(Account.id == account_id))
    return _network_hash(str(email), network_of(address))


def _plain(device: str) -> str:
    return "".join(char for char in device if char.isprintable())[:LONGEST_DEVICE]


def refresh(refresh_token: str) -> TokenPair:
    """Exchange a refresh token for a new pair.

    Each token is for one exchange. The same token sent again within the grace period, while what it
    was exchanged for is unused, is an honest double tap and gets a pair of its own. Anything else
    means that somebody copied it: the whole session ends, even though this request is refused.
    """
    token = db.session().scalar(
        sa.select(RefreshToken).where(RefreshToken.token_hash == _fingerprint(refresh_token))
    )
    if token is None:  # of nobody's session: recorded, strangers could fill the trail with it
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
    login.seen_at = now
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
    _end(session_id, EndReason.REFRESH_TOKEN_REUSED)
    audit.record("session:refresh", outcome="refused", actor_id=account_id, subject_id=session_id)


def _leave_behind_refused_refresh(token: RefreshToken) -> None:
    """Record a token of a session that has ended."""
    db.after_rollback(
        partial(
            audit.record,
            "session:refresh",
            outcome="refused",
            subject_id=token.session_id,
        )
    )


# --- ending sessions -------------------------------------------------------------------------


def log_out(actor: Actor) -> None:
    """End the actor's session: its tokens stop working with the next request."""
    _end(actor.session_id, EndReason.LOGOUT)
    audit.record("session:end", actor_id=actor.account_id, subject_id=actor.session_id)


def revoke_session(actor: Actor, session_id: UUID) -> None:
    """End one of the actor's own sessions, that of a lost phone say. Raises `NotFound`."""
    found = sa.select(LoginSession).where(
        LoginSession.id == session_id, policy.sessions_visible_to(ASKING)
    )
    reads.find(actor, found)
    _end(session_id, EndReason.REVOKED)
    audit.record("session:end", actor_id=actor.account_id, subject_id=session_id)


def end_all(account_id: UUID, reason: EndReason, *, but: UUID | None = None) -> None:
    """End every session somebody has, but for one where named."""
    db.connection().execute(
        sa.update(LoginSession)
        .where(
            LoginSession.account_id == account_id,
            LoginSession.ended_at.is_(None),
            LoginSession.id.is_distinct_from(but),
        )
        .values(ended_at=clock.now(), end_reason=reason)
    )


def _end(session_id: UUID, reason: EndReason) -> None:
    login = db.session().get_one(LoginSession, session_id, with_for_update=True)
    login.end(reason)
    db.session().flush()


def is_alive(session_id: Any, now: Any) -> sa.ColumnElement[bool]:
    """For another slice's select: the session its column holds could still ask for something.

    The same rule as the actor query's: not ended, not run out, and its account is open.
    """
    return _has(session_id, LoginSession.is_alive(now))


def is_not_ended(session_id: Any) -> sa.ColumnElement[bool]:
    """The same, but one that has run out by itself counts too: nobody meant to end it."""
    return _has(session_id, LoginSession.ended_at.is_(None))


def _has(session_id: Any, *conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    found = sa.select(LoginSession.id).join(Account, Account.id == LoginSession.account_id)
    return sa.exists(found.where(LoginSession.id == session_id, Account.is_active, *conditions))


def _sessions() -> reads.Select:
    return sa.select(
        LoginSession.id,
        LoginSession.device,
        LoginSession.started_at,
        LoginSession.seen_at,
        LoginSession.expires_at,
        (LoginSession.id == reads.parameter("current", sa.Uuid())).label("is_this_one"),
    ).where(
        policy.sessions_visible_to(ASKING),
        LoginSession.expires_at > reads.parameter("now", sa.DateTime(timezone=True)),
    )


SESSIONS = reads.Read(_sessions, key=LoginSession.id)


def list_sessions(actor: Actor, page: PageArgs) -> Page:
    """Where the actor is logged in, newest first."""
    return SESSIONS.page(actor, page, current=actor.session_id, now=clock.now())


# --- tokens ----------------------------------------------------------------------------------


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
