"""`Idempotency-Key`: the same POST sent twice is done once.

The key's row is the first thing a request writes, in its own transaction. A second request with
the same key waits for it at the primary key: if the first commits, the second replays its answer;
if the first fails, its row is gone and the second does the work. The object is kept, not the body:
it is read again, with the authority of whoever asks now.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from psycopg.errors import LockNotAvailable
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock, db
from hub_api.accounts.passwords import slow_hash
from hub_api.db import Base
from hub_api.errors import Conflict, Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub_api.access import Actor

SHORTEST, LONGEST = 8, 100
"""Characters of a key; a UUID has 36."""


class IdempotencyKey(Base):
    """A key somebody sent with a POST, and what came of it."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        sa.PrimaryKeyConstraint("account_id", "key", name="uq_idempotency_key"),
        sa.Index("ix_idempotency_keys_created_at", "created_at"),
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    key: Mapped[str]
    fingerprint: Mapped[bytes]
    """Of method, path with query, and body."""
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    object_id: Mapped[UUID | None]
    """What the answer was about; none where it had no body."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it was sent."""

    method: str
    path: str
    body: bytes
    is_secret: bool = False
    """Its body holds a password: what is kept of it must be as hard to guess as the password."""

    def fingerprint(self, salt: bytes) -> bytes:
        """32 bytes that tell this request from any other."""
        whole = b"\0".join((self.method.encode(), self.path.encode(), self.body))
        return slow_hash(whole, salt) if self.is_secret else hashlib.sha256(whole).digest()


def once(
    actor: Actor,
    key: str,
    sent: Sent,
    *,
    work: Callable[[], Any],
    read: Callable[[Actor, UUID], Any],
) -> Any:
    """Do `work` unless this actor's key has done it before; then `read` what it answered about.

    Raises `Invalid` for a malformed key or one sent before with another request, and `Conflict`
    while the first is still at work.
    """
    if not (SHORTEST <= len(key) <= LONGEST and key.isascii() and key.isprintable()):
        raise Invalid(
            f"An Idempotency-Key is {SHORTEST} to {LONGEST} plain characters, such as a UUID.",
            code="malformed_key",
        )
    db.end_whole()
    fingerprint = sent.fingerprint(hashlib.sha256(f"{actor.account_id}{key}".encode()).digest())
    if not _claim(actor.account_id, key, fingerprint):
        kept = db.session().get_one(IdempotencyKey, (actor.account_id, key))
        if kept.fingerprint != fingerprint:
            raise Invalid(
                "This Idempotency-Key was sent before with another request.", code="key_reused"
            )
        return read(actor, kept.object_id) if kept.object_id else None
    content = work()
    if content is not None:
        _keep(actor.account_id, key, content["id"])
    return content


def _claim(account_id: UUID, key: str, fingerprint: bytes) -> bool:
    """Write the key's row; False when it has been written before."""
    statement = (
        insert(IdempotencyKey)
        .values(account_id=account_id, key=key, fingerprint=fingerprint, created_at=clock.now())
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    try:
        return db.session().scalar(statement) is not None
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        raise Conflict(
            "The hub is still working on this. Please wait a moment.",
            code="still_working",
            headers={"Retry-After": "3"},
        ) from None


def _keep(account_id: UUID, key: str, object_id: UUID) -> None:
    db.session().execute(
        sa.update(IdempotencyKey)
        .where(IdempotencyKey.account_id == account_id, IdempotencyKey.key == key)
        .values(object_id=object_id)
    )


def forget_before(instant: datetime) -> None:
    """Forget keys first sent before this instant: they are taken for new ones from then on."""
    db.session().execute(sa.delete(IdempotencyKey).where(IdempotencyKey.created_at < instant))
