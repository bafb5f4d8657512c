"""Invitations to set a password: for somebody new, or who has forgotten theirs."""

from __future__ import annotations

import base64
import hashlib
import secrets
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db, settings, throttles
from hub_api.accounts import sessions
from hub_api.accounts.models import Account, EndReason, Invite, LoginSession
from hub_api.accounts.passwords import hash_password, is_password, refuse_weak
from hub_api.audit import service as audit
from hub_api.errors import Invalid, Unauthenticated

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.accounts.sessions import TokenPair

CODE_BYTES = 16
"""128 random bits: 26 letters and digits, in groups that can be read out on the telephone."""


def invite(account_id: UUID, *, invited_by: UUID | None) -> str:
    """Invite somebody; earlier invitations of theirs stop working. Returns the code, kept nowhere.

    It works once, for `settings.invite_lifetime`.
    """
    expire(account_id)
    code = _new_code()
    found = Invite(
        account_id=account_id,
        invited_by=invited_by,
        code_hash=_fingerprint(code),
        expires_at=clock.now() + settings.current().invite_lifetime,
    )
    db.session().add(found)
    db.session().flush()
    audit.record("account:invite", actor_id=invited_by, subject_id=account_id)
    return code


def expire(account_id: UUID) -> None:
    """Let the invitations somebody has not answered run out."""
    now = clock.now()
    db.connection().execute(
        sa.update(Invite)
        .where(Invite.account_id == account_id, Invite.used_at.is_(None), Invite.expires_at > now)
        .values(expires_at=now)
    )


def activate(code: str, password: str, *, device: str = "", address: str = "") -> TokenPair:
    """Set a password with the code of an invitation, and log in. Every other session ends.

    Raises `Unauthenticated` for a code that is unknown, used or out of date, `Invalid` for a weak
    password, `TooManyRequests` after many wrong codes.
    """
    taken = sessions.attempts("activate-address"), sessions.network_of(address)
    throttles.take(taken)
    found = db.session().scalar(
        sa.select(Invite).where(Invite.code_hash == _fingerprint(code)).with_for_update()
    )
    account = db.session().get(Account, found.account_id, with_for_update=True) if found else None
    now = clock.now()
    is_open = found is not None and found.used_at is None and found.expires_at > now
    if found is None or account is None or not is_open or not account.is_active:
        subject_id = account.id if account else None
        db.after_rollback(
            partial(audit.record, "account:activate", outcome="refused", subject_id=subject_id)
        )
        raise Unauthenticated(
            "That code doesn't work: please check each letter. If you have just chosen a password, "
            "try logging in with it. Otherwise it has run out: please ask for a new one.",
            code="invite_not_valid",
        )
    _set_password(account, password, field="password")
    found.used_at = now
    db.session().flush()
    sessions.end_all(account.id, EndReason.PASSWORD_CHANGED)
    throttles.give_back(taken)
    audit.record("account:activate", actor_id=account.id, subject_id=account.id)
    return sessions.start_session(account.id, device=device, address=address)


def change_password(actor: Actor, current_password: str, new_password: str) -> None:
    """Change one's own password; every other session ends.

    Raises `Invalid` for a wrong or a weak one.
    """
    account = db.session().get_one(Account, actor.account_id, with_for_update=True)
    if not is_password(current_password, account.password_hash):
        db.after_rollback(
            partial(
                audit.record,
                "account:change_password",
                outcome="refused",
                actor_id=actor.account_id,
                subject_id=actor.account_id,
            )
        )
        raise Invalid(errors={"current_password": ["That isn't your password at the moment."]})
    # The session may have been ended by another change while this one waited for its turn.
    login = db.session().get_one(LoginSession, actor.session_id, populate_existing=True)
    if login.ended_at is not None:
        raise Unauthenticated
    _set_password(account, new_password, field="new_password")
    db.session().flush()
    expire(account.id)
    sessions.end_all(account.id, EndReason.PASSWORD_CHANGED, but=actor.session_id)
    audit.record("account:change_password", actor_id=account.id, subject_id=account.id)


def _set_password(account: Account, password: str, *, field: str) -> None:
    refuse_weak(password, field=field, known=(account.email, account.display_name))
    account.password_hash = hash_password(password)


def _new_code() -> str:
    letters = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().rstrip("=")
    return "-".join(letters[start : start + 5] for start in range(0, len(letters), 5))


_LOOK_ALIKES = str.maketrans("018", "OIB")
"""Codes have no 0, 1 or 8, so that nobody need tell them from letters."""


def _fingerprint(code: str) -> bytes:
    """SHA-256 of the code however it was typed: the code is random, so nothing slower is needed."""
    plain = "".join(char for char in code.upper() if char.isalnum()).translate(_LOOK_ALIKES)
    return hashlib.sha256(plain.encode()).digest()
