"""Every child's own data key, wrapped by the ring `children`, and the texts sealed under it.

Rotation wraps the keys anew and leaves the texts alone. Erasure destroys a child's key: what was
written about the child is unreadable from then on, and the row that stays keeps any new key away.
The API may add keys and read them; changing them is for the owner of the database.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock, data_keys, db, encryption
from hub_api.db import Base
from hub_api.encryption import EncryptedText, Unreadable
from hub_api.errors import Conflict, NotFound
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from sqlalchemy.orm import InstrumentedAttribute

    from hub_api.encryption import Ciphertext
    from hub_api.settings import Settings

BATCH = 500
"""Keys wrapped anew in one transaction: a fraction of a second, whose locks nobody waits for."""


class ChildKey(Base):
    """A child's wrapped data key, or the mark that it was erased."""

    __tablename__ = "child_keys"
    __table_args__ = (
        sa.CheckConstraint("num_nonnulls(wrapped_key, erased_at) = 1", name="child_key_or_erased"),
        sa.CheckConstraint(
            "(wrapped_key is null) = (key_id is null)", name="child_key_names_its_ring_key"
        ),
        sa.CheckConstraint("key_id between 1 and 255", name="child_key_id_is_a_byte"),
        # A key belongs to its child's constellation and moves with the child.
        sa.ForeignKeyConstraint(
            ["child_id", "constellation_id"],
            ["children.id", "children.constellation_id"],
            name="fk_child_key_child",
            onupdate="CASCADE",
        ),
    )

    child_id: Mapped[UUID] = mapped_column(primary_key=True)
    constellation_id: Mapped[UUID]
    wrapped_key: Mapped[bytes | None]
    key_id: Mapped[int | None] = mapped_column(sa.SmallInteger())
    """Which key of the ring wraps it."""
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    erased_at: Mapped[datetime | None]


_STORED = sa.select(ChildKey.child_id, ChildKey.wrapped_key, ChildKey.key_id)

_ANYTHING_STORED = sa.text(
    "select exists (select from child_keys) or exists (select from audit_seals)"
)
"""What can be opened or checked with the data keys alone."""

_WRAP_ANEW = sa.update(ChildKey).where(ChildKey.child_id == sa.bindparam("whose"))
"""For a connection: a session would want the models of every slice to be there."""

_children = sa.table(
    "children", sa.column("id", sa.Uuid()), sa.column("constellation_id", sa.Uuid())
)

_SEEN = _STORED.add_columns(_children.c.id).select_from(
    _children.outerjoin(ChildKey, ChildKey.child_id == _children.c.id)
)
"""A key is in sight where its child is: the two have one constellation."""


def make(child_ids: Iterable[UUID]) -> None:
    """Give each of these children a key, unless it has one or had one that was erased.

    Two at once make one key: the second waits for the first at the primary key.
    """
    # In order of id, so that two requests never wait for each other.
    found = db.session().execute(
        sa.select(_children.c.id, _children.c.constellation_id)
        .where(_children.c.id.in_([*child_ids]))
        .order_by(_children.c.id)
    )
    new = [
        {
            "child_id": child_id,
            "constellation_id": constellation_id,
            "created_at": clock.now(),
            **_wrapped(child_id, os.urandom(data_keys.KEY_BYTES)),
        }
        for child_id, constellation_id in found
    ]
    if new:
        db.session().execute(insert(ChildKey).values(new).on_conflict_do_nothing())


def protect(
    column: InstrumentedAttribute[Any], row_id: UUID, child_ids: Iterable[UUID], text: str
) -> Ciphertext:
    """Seal a text about these children for one column of one row.

    Raises `Conflict` when a child's key was erased, and `NotFound` for a child not to be seen here.
    """
    ids = sorted(set(child_ids))
    keys = _keys(ids)
    if missing := [child_id for child_id in ids if child_id not in keys]:
        make(missing)
        keys = _keys(ids)
    if len(keys) < len(ids):
        raise NotFound
    known = [key for child_id in ids if (key := keys[child_id]) is not None]
    if len(known) < len(ids):
        raise _erased()
    return encryption.seal_text(known, _place(column, row_id), text)


def refuse_erased(child_ids: Iterable[UUID]) -> None:
    """Raise `Conflict` when one of these children's keys was erased, as `protect()` would; makes no
    key, so that what only tries something out saves nothing."""
    if None in _keys([*child_ids]).values():
        raise _erased()


def _erased() -> Conflict:
    return Conflict(
        "What was written about this child has been erased for good, so nothing new can be "
        "written down. The liaison worker can help.",
        code="child_erased",
    )


def reveal(
    column: InstrumentedAttribute[Any],
    row_id: UUID,
    child_ids: Iterable[UUID],
    ciphertext: Ciphertext | None,
) -> str | None:
    """The text again; None when there is none, when any of the children's keys was erased, or when
    one of the children has moved out of the asker's sight, as the text then has.

    Raises `Unreadable` when it was damaged or moved here, or when the key of a child who can be
    seen is missing: that is no erasure and must not look like one.
    """
    return reveal_all(column, [(row_id, child_ids, ciphertext)])[0]


def reveal_all(
    column: InstrumentedAttribute[Any],
    sealed: Sequence[tuple[UUID, Iterable[UUID], Ciphertext | None]],
) -> list[str | None]:
    """The texts of several rows by row id, children and ciphertext: as `reveal()`, at one
    statement for all of them."""
    wanted = {
        child_id for _, child_ids, text in sealed if text is not None for child_id in child_ids
    }
    seen, keys = _seen(sorted(wanted)) if wanted else (set(), {})
    return [
        None
        if text is None
        else _open(_place(column, row_id), sorted({*child_ids}), text, seen, keys)
        for row_id, child_ids, text in sealed
    ]


def _open(
    place: str,
    ids: list[UUID],
    ciphertext: Ciphertext,
    seen: set[UUID],
    keys: dict[UUID, bytes | None],
) -> str | None:
    if any(child_id in keys and keys[child_id] is None for child_id in ids):
        return None
    if any(child_id in seen and child_id not in keys for child_id in ids):
        raise Unreadable
    known = [key for child_id in ids if (key := keys.get(child_id)) is not None]
    if len(known) < len(ids):
        return None
    return encryption.open_text(known, place, ciphertext)


def _place(column: InstrumentedAttribute[Any], row_id: UUID) -> str:
    (stored,) = column.property.columns
    if not isinstance(stored.type, EncryptedText):
        raise TypeError(f"{stored} is no column for sealed text.")
    return f"{stored}:{row_id}"


def _keys(child_ids: list[UUID]) -> dict[UUID, bytes | None]:
    """These children's data keys, None where erased; children without one are left out."""
    _, keys = _seen(child_ids)
    return keys


def _seen(child_ids: list[UUID]) -> tuple[set[UUID], dict[UUID, bytes | None]]:
    """Which of these children can be seen here, and their data keys as in `_keys`."""
    rows = db.session().execute(_SEEN.where(_children.c.id.in_(child_ids))).all()
    keys = {
        row.child_id: None if row.key_id is None else _unwrapped(row)
        for row in rows
        if row.child_id is not None
    }
    return {row.id for row in rows}, keys


def _key_place(child_id: UUID) -> str:
    return f"{ChildKey.__tablename__}.wrapped_key:{child_id}"


def _wrapped(child_id: UUID, key: bytes) -> dict[str, Any]:
    """The columns that hold a data key, wrapped under the current key of the ring."""
    ring = data_keys.ring(data_keys.CHILDREN)
    wrapped = encryption.wrap(ring.key(ring.current_id), _key_place(child_id), key)
    return {"wrapped_key": wrapped, "key_id": ring.current_id}


def _unwrapped(row: Any) -> bytes:
    """The data key of a row of `_STORED`."""
    wrapping_key = data_keys.key(data_keys.CHILDREN, row.key_id)
    return encryption.unwrap(wrapping_key, _key_place(row.child_id), row.wrapped_key)


# --- for the owner of the database ---------------------------------------------------------------


def erase(child_id: UUID, constellation_id: UUID) -> bool:
    """Destroy a child's key for good, one that was never made included. False if it was before."""
    gone = {"wrapped_key": None, "key_id": None, "erased_at": clock.now()}
    statement = (
        insert(ChildKey)
        .values(
            child_id=child_id, constellation_id=constellation_id, created_at=clock.now(), **gone
        )
        .on_conflict_do_update(
            index_elements=[ChildKey.child_id], set_=gone, where=ChildKey.erased_at.is_(None)
        )
        .returning(ChildKey.child_id)
    )
    return db.session().scalar(statement) is not None


def rotate(settings: Settings) -> tuple[int, int]:
    """Add a key to the ring and wrap every child's key under it. Returns its id and how many.

    The file is on the disk before any row needs the new key. Each run adds a key, so that a run
    after one that was stopped also finishes what that one began. Raises `SettingsError`.
    """
    provide_secrets(settings)
    key_id = data_keys.rotate_secret(settings.data_keys_path, data_keys.CHILDREN)
    data_keys.forget()
    engine = db.make_engine(settings.required_database().migration, connections=1)
    try:
        return key_id, rewrap(engine)
    finally:
        engine.dispose()


def rewrap(engine: sa.Engine) -> int:
    """Wrap every key that is not under the ring's current key anew. Returns how many.

    In batches, each a transaction: stopped anywhere, every key is readable and another run goes
    on. Raises `Unreadable`.
    """
    count = 0
    while done := _rewrap_batch(engine):
        count += done
    return count


def _rewrap_batch(engine: sa.Engine) -> int:
    current = data_keys.ring(data_keys.CHILDREN).current_id
    with db.transaction(engine) as session:
        rows = session.execute(
            _STORED.where(ChildKey.wrapped_key.is_not(None), ChildKey.key_id != current)
            .order_by(ChildKey.child_id)
            .limit(BATCH)
            .with_for_update()
        ).all()
        if rows:
            anew = [
                {"whose": row.child_id, **_wrapped(row.child_id, _unwrapped(row))} for row in rows
            ]
            session.connection().execute(_WRAP_ANEW, anew)
        return len(rows)


def provide_secrets(settings: Settings) -> None:
    """Make the file of data keys for a database that stores nothing of theirs; then hold on to it.

    Raises `SettingsError` when the file is lost, damaged or not this database's: new keys would
    only hide that what was written can't be read any more.
    """
    path = settings.data_keys_path
    engine = db.make_engine(settings.required_database().migration, connections=1)
    try:
        with db.transaction(engine) as session:
            is_new = not session.scalar(_ANYTHING_STORED)
            if is_new and not path.exists():
                data_keys.make_secrets(path)
            refuse_wrong_secrets(path)
    finally:
        engine.dispose()


def refuse_wrong_secrets(path: Path) -> None:
    """Raise `SettingsError` unless this file opens the newest child key, as seen by the owner."""
    ring = data_keys.load_secrets(path).ring(data_keys.CHILDREN)
    newest = db.session().execute(
        _STORED.where(ChildKey.wrapped_key.is_not(None))
        .order_by(ChildKey.created_at.desc(), ChildKey.child_id.desc())
        .limit(1)
    )
    for row in newest:
        try:
            encryption.unwrap(ring.key(row.key_id), _key_place(row.child_id), row.wrapped_key)
        except (Unreadable, data_keys.UnknownKey):
            raise SettingsError(
                f"The data keys at {path} are not those of this database: they don't open the "
                "newest child's key. Restore the right file from its backup."
            ) from None
