"""The database: base class, column types, and one transaction per unit of work.

Only `transaction()` commits. Services call `session()` and flush; raising rolls everything back,
deferred jobs and notifications included. What a refusal must leave behind is registered with
`after_rollback()`.
"""

from __future__ import annotations

import select
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

from hub_api.errors import StaleVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import psycopg
    from sqlalchemy.engine import Dialect, Engine
    from sqlalchemy.exc import DBAPIError

OUTSIDE_POLICIES = frozenset(
    {
        # Read before anybody is known, so that the actor can be found at all.
        "accounts",
        "sessions",
        "refresh_tokens",
        "invites",
        "role_grants",
        # Fingerprints and instants only.
        "throttles",
        # Words and instants of the hub's own channels.
        "channel_faults",
        # Numbers of transactions, and when.
        "sync_marks",
        # Ids and dates only.
        "memberships",
        "hub_appointments",
        # Written by the migrations.
        "alembic_version",
    }
)
"""The tables without row-level security. Every other table has it; a test walks the catalogue."""


class UtcDateTime(TypeDecorator[datetime]):
    """`timestamptz` that refuses a naive datetime instead of guessing its zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is not None and value.tzinfo is None:
            raise ValueError("A naive datetime reached the database: instants carry their zone.")
        return value


class Base(DeclarativeBase):
    """Every model. Names of constraints say the rule, so that a violation can be told by name."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        UUID: sa.Uuid(),
        datetime: UtcDateTime(),
        date: sa.Date(),
        str: sa.Text(),
        list[date]: sa.ARRAY(sa.Date()),
    }


class HasId:
    """A UUIDv7 primary key: ordered by time, so the key is also the page key."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7, sort_order=-2)


class Versioned:
    """A `version` that every update raises; it is the ETag, and a lost update is an error."""

    version: Mapped[int] = mapped_column(default=1, sort_order=-1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - a class-level directive
        return {"version_id_col": cls.version}


class EffectiveDated:
    """Something that holds from one date up to, and not including, another, or without end."""

    starts_on: Mapped[date]
    ends_on: Mapped[date | None]

    @classmethod
    def holds_on(cls, day: date | sa.BindParameter[date]) -> sa.ColumnElement[bool]:
        """The SQL condition that it holds on a day."""
        return sa.and_(cls.starts_on <= day, sa.or_(cls.ends_on.is_(None), cls.ends_on > day))


def in_words(column: str, allowed: Sequence[str]) -> str:
    """The SQL of a check constraint: this column holds one of these words."""
    return f"{column} in ({', '.join(repr(str(word)) for word in allowed)})"


# --- connections -----------------------------------------------------------------------------

SEARCH_PATH = "public,jobs"
CONNECTION_OPTIONS = (
    f"-csearch_path={SEARCH_PATH} -ctimezone=UTC -cstatement_timeout=5s -clock_timeout=3s "
    "-cidle_in_transaction_session_timeout=10s"
)
"""Every connection of the API and of the worker's jobs (security.md, Edges)."""


def make_engine(url: str, *, connections: int = 4, options: str = CONNECTION_OPTIONS) -> Engine:
    """An engine that holds at most `connections` and never waits for more than one of them."""
    engine = sa.create_engine(
        sa.make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=5,
        json_deserializer=orjson.loads,
        hide_parameters=True,  # an error may be printed somewhere; what it was about must not be
        connect_args={"options": options, "connect_timeout": 5},
    )
    sa.event.listen(engine, "checkout", _refuse_hung_up)
    return engine


def _refuse_hung_up(connection: Any, *_: Any) -> None:
    """Have the pool take another connection when the server has closed this one.

    A closed socket is readable, an idle one is not: asking the socket costs no round trip, as
    `pool_pre_ping` would for every request.
    """
    if select.select([connection.fileno()], [], [], 0)[0]:
        raise DisconnectionError


def reason(error: DBAPIError) -> str:
    """The driver's own words on one line. They may quote data: for the command line only."""
    return " ".join(str(error.orig).split()).rstrip(".")


# --- the unit of work ------------------------------------------------------------------------


@dataclass(slots=True)
class _Unit:
    session: Session
    scope: dict[str, str] | None = None
    ends_whole: bool = False
    after_rollback: list[Callable[[], None]] = field(default_factory=list)


_unit: ContextVar[_Unit | None] = ContextVar("hub_unit_of_work", default=None)


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One unit of work: commits when the block ends, rolls back when it raises.

    Reads end with a commit too: psycopg forgets its prepared statements on a rollback
    (performance.md). The connection is taken at the first statement, so a block that never asks
    the database for anything costs it nothing.
    """
    with Session(engine, expire_on_commit=False) as session:
        unit = _Unit(session)
        token = _unit.set(unit)
        try:
            yield session
            _commit(session)
        except BaseException:
            session.rollback()
            if unit.after_rollback:
                _run_after_rollback(unit)
            raise
        finally:
            _unit.reset(token)


def _commit(session: Session) -> None:
    """The end of a unit of work that went well."""
    session.commit()


def _run_after_rollback(unit: _Unit) -> None:
    """Leave behind what was asked for, under the same scope, all of it or none.

    If it can't be written, that error takes the place of the refusal: what must be recorded and
    can't be is not done either.
    """
    if unit.scope is not None:
        _execute_scope(unit)
    for leave_behind in unit.after_rollback:
        leave_behind()
    unit.session.commit()


def session() -> Session:
    """The session of the running unit of work."""
    return _running_unit().session


def keep() -> None:
    """Commit what has been written so far; the rest follows in a transaction of its own.

    For counting an attempt before it is made: the count must outlive a refusal, and must hold no
    lock while the work goes on. The scope of row-level security is set anew.
    """
    unit = _running_unit()
    if unit.ends_whole:
        raise RuntimeError("Something was written that must stand or fall with the rest.")
    unit.session.commit()
    if unit.scope is not None:
        _execute_scope(unit)


def end_whole() -> None:
    """From here on, everything in the running unit of work is committed together or not at all."""
    _running_unit().ends_whole = True


def connection() -> sa.Connection:
    """The connection of the running unit of work, with all that the session holds written to it."""
    found = session()
    found.flush()
    return found.connection()


def _running_unit() -> _Unit:
    unit = _unit.get()
    if unit is None:
        raise RuntimeError("No transaction is open: wrap the work in db.transaction(engine).")
    return unit


def after_rollback(leave_behind: Callable[[], None]) -> None:
    """Run this in a second transaction if the running one is rolled back.

    For what a refusal must leave behind: its audit row, the end of a token family after reuse.
    """
    _running_unit().after_rollback.append(leave_behind)


def driver_connection() -> psycopg.Connection[Any]:
    """The psycopg connection under the running transaction, for jobs deferred inside it."""
    return cast("psycopg.Connection[Any]", connection().connection.driver_connection)


def set_scope(
    account_id: UUID, constellation_ids: Sequence[UUID], *, oversees_service: bool = False
) -> None:
    """Tell row-level security who asks, until this transaction ends.

    `oversees_service` opens the audit events that belong to no constellation.
    """
    unit = _running_unit()
    unit.scope = {
        "account": str(account_id),
        "constellations": "{" + ",".join(map(str, constellation_ids)) + "}",
        "oversees_service": "true" if oversees_service else "",
    }
    _execute_scope(unit)


_SET_SCOPE = (
    "select set_config('hub.account', %(account)s, true),"
    " set_config('hub.constellations', %(constellations)s, true),"
    " set_config('hub.oversees_service', %(oversees_service)s, true)"
)


def _execute_scope(unit: _Unit) -> None:
    unit.session.connection().exec_driver_sql(_SET_SCOPE, unit.scope)


def lock(row: Base) -> None:
    """Lock a row and read it again: nothing read before the lock is trusted after it."""
    session().refresh(row, with_for_update=True)


def lock_seen(row: Versioned, seen_version: int) -> None:
    """Lock a row for somebody who has seen it.

    Raises `StaleVersion` when it has changed since its caller saw `seen_version`.
    """
    lock(cast("Base", row))
    if row.version != seen_version:
        raise StaleVersion
