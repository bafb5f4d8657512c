"""Reading: the one helper behind every list and every get.

A `Read` is a select of columns shaped like the schema of its answer. It is built and compiled once;
what differs from request to request (who asks, what day it is, which row) are its named parameters.
Rows go straight to JSON: nothing passes through the ORM or a marshmallow dump, which is most of
what a read costs (performance.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from hub_api import clock, db
from hub_api.access import Permission, Role
from hub_api.db import Base
from hub_api.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from sqlalchemy.engine import Dialect

    from hub_api.access import Actor

Select = sa.Select[*tuple[Any, ...]]
Row = dict[str, Any]
"""One row by column name. What the database wrote as JSON is passed on as it is."""

# --- parameters ------------------------------------------------------------------------------


def parameter(name: str, type_: Any) -> sa.BindParameter[Any]:
    """A named parameter, filled in when the statement runs."""
    return sa.bindparam(name, None, type_=type_)


TODAY = parameter("today", sa.Date())
"""Today in London."""

_IDS = sa.ARRAY(sa.Uuid())


class Asking:
    """Whoever asks, in the terms in which a slice's `policy.visible_to()` is written."""

    def is_account(self, account: Any) -> sa.ColumnElement[bool]:
        """The actor's own account."""
        return _is(account, parameter("actor_account", sa.Uuid()))

    def households(self) -> sa.ColumnElement[Any]:
        """The households the actor is a satellite carer of, as an array."""
        return parameter("actor_households", _IDS)

    def is_carer_of(self, household: Any) -> sa.ColumnElement[bool]:
        """A household the actor is a satellite carer of."""
        return _is(household, sa.any_(self.households()))

    def manages_accounts(self) -> sa.ColumnElement[bool]:
        """The actor manages accounts, whosever they are."""
        return parameter("actor_manages_accounts", sa.Boolean())

    def oversees_service(self) -> sa.ColumnElement[bool]:
        """The actor sees what belongs to the service and to no constellation."""
        return parameter("actor_oversees_service", sa.Boolean())

    def is_not_kept_from(self, hidden_from: Any) -> sa.ColumnElement[bool]:
        """A row that is hidden neither from the actor nor from their household. Its column holds
        ids of accounts and households, or nothing where it is hidden from nobody."""
        theirs = hidden_from.op("&&", is_comparison=True)(parameter("actor_known_as", _IDS))
        return sa.or_(hidden_from.is_(None), sa.not_(theirs))

    def constellations(self, *roles: Role) -> sa.ColumnElement[Any]:
        """The constellations where the actor holds one of these roles, as an array."""
        places = [parameter(f"actor_as_{role}", _IDS) for role in roles or Role]
        return sum(places[1:], places[0])

    def holds(self, constellation: Any, *roles: Role) -> sa.ColumnElement[bool]:
        """A constellation where the actor holds one of these roles; by default, any role."""
        return _is(constellation, sa.any_(self.constellations(*roles)))


ASKING = Asking()


def _constellations(actor: Actor, role: Role) -> list[UUID]:
    return actor.constellations(role)


def _is(column: Any, value: Any) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = column == value
    return found


_ASKED: dict[str, Callable[[Actor], Any]] = {
    "today": lambda _: clock.london_today(),
    "actor_account": lambda actor: actor.account_id,
    "actor_households": lambda actor: actor.households(),
    "actor_known_as": lambda actor: actor.known_as(),
    **{f"actor_as_{role}": partial(_constellations, role=role) for role in Role},
    "actor_manages_accounts": lambda actor: actor.may(Permission.ACCOUNT_MANAGE),
    "actor_oversees_service": lambda actor: actor.oversees_service(),
}
"""What stands behind the names of `ASKING` and `TODAY`."""


# --- one object to act on ------------------------------------------------------------------------

Found = TypeVar("Found", bound=Base)


def find(actor: Actor, statement: sa.Select[Found]) -> Found:
    """The one object of a select that the actor may see, to act on. Raises `NotFound`."""
    found = db.session().scalar(statement, {name: of(actor) for name, of in _ASKED.items()})
    if found is None:
        raise NotFound
    return found


# --- lists and gets --------------------------------------------------------------------------


class PageArgs(TypedDict):
    """Which page of a list: `schemas.PageIn`."""

    limit: int
    cursor: UUID | None


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, and the key of the last one when more follow."""

    rows: Sequence[Row]
    next_key: UUID | None


@dataclass(frozen=True, slots=True)
class FoundBy:
    """How an actor's rows are found without looking at others: see `Read`.

    Each way is a column, the array of its values that are the actor's, and what the policy asks of
    such a row beside. The planner takes conditions for independent, so these would have it expect
    hardly a row, and read and sort all of them for one page: it is not shown what they ask.
    """

    ways: Sequence[tuple[Any, sa.ColumnElement[Any], sa.ColumnElement[bool]]]

    def newest(self, key: Any, conditions: Sequence[sa.ColumnElement[bool]]) -> sa.Select[Any]:
        """The keys of the newest rows that the actor may see and that meet these conditions."""
        rows = parameter("rows", sa.Integer())
        found = []
        for column, values, beside in self.ways:
            holds = sa.case((beside, sa.true()), else_=sa.false())
            mine = sa.func.unnest(values).table_valued("value", name="mine").render_derived()
            newest = (
                sa.select(key.label("key"))
                .where(column == mine.c.value, holds, *conditions)
                .order_by(key.desc())
                .limit(rows)
                .correlate(mine)
                .lateral()
            )
            found.append(sa.select(newest.c.key).select_from(mine).join(newest, sa.true()))
        every = sa.union(*found).subquery()
        return sa.select(every.c.key).order_by(every.c.key.desc()).limit(rows)


class Query:
    """A select of columns that is built and compiled once, at its first use."""

    def __init__(self, build: Callable[[], Select]) -> None:
        self.build = build

    def rows(self, actor: Actor | None = None, **values: Any) -> list[Row]:
        """The rows for these parameters, and for an actor where the select asks who it is.

        Raises `KeyError` where a parameter is missing.
        """
        return compiled(self).rows(actor, values)


class Read:
    """A list anyone may page through, and each of its rows by its key.

    `build` makes the select, with the slice's `visible_to(ASKING)` in it. `filters` are conditions
    by the name of the parameter that a caller may leave out. Rows come newest first or, where
    there is a `soonest`, by that column, which must be in the key's own table and never change.

    `found_by` are the ways to an actor's rows in a table that grows for ever. Every row the policy
    shows must be found by one of them, and no other. Each value's newest rows are then read in the
    order of an index on column and key, so a page costs the same however many rows there are; a
    condition on several columns would have all of them read and sorted. Such a list is newest
    first: with a `soonest` beside it, a `Read` raises `ValueError`.
    """

    def __init__(
        self,
        build: Callable[[], Select],
        key: Any,
        *,
        soonest: Any = None,
        found_by: FoundBy | None = None,
        **filters: sa.ColumnElement[bool],
    ) -> None:
        if soonest is not None and found_by is not None:
            raise ValueError("Rows that are found newest first can't be listed soonest first.")
        self._build = build
        self._key, self._found_by = key, found_by
        cursor = parameter("cursor", sa.Uuid())
        if soonest is None:
            self._order, after = [key.desc()], key < cursor
        else:
            self._order, after = [soonest, key], _after(soonest, key, cursor)
        self._filters = {**filters, "cursor": after}
        self._one = Query(lambda: build().where(key == parameter("key", sa.Uuid())))
        self._some = Query(lambda: build().where(key == sa.any_(parameter("keys", _IDS))))
        self._pages: dict[frozenset[str], Query] = {}

    def one(self, actor: Actor, key: UUID, **values: Any) -> Row:
        """The row with this key. Raises `NotFound`, be it absent or not for the actor to see."""
        found = self._one.rows(actor, key=key, **values)
        if not found:
            raise NotFound
        return found[0]

    def some(self, actor: Actor, keys: Sequence[UUID], **values: Any) -> list[Row]:
        """The rows with these keys, in any order; those the actor may not see are left out."""
        return self._some.rows(actor, keys=[*keys], **values)

    def columns(self) -> list[str]:
        """The names of what each row shows."""
        return [column.name for column in self._build().selected_columns]

    def page(self, actor: Actor, page: PageArgs, **values: Any) -> Page:
        """The first rows, or those after the cursor: page 2,000 costs what page 1 costs."""
        limit = page["limit"]
        given = {**values, "cursor": page["cursor"]}
        used = frozenset(name for name in self._filters if given.get(name) is not None)
        rows = self._page(used).rows(actor, rows=limit + 1, **given)
        if len(rows) <= limit:
            return Page(rows, None)
        return Page(rows[:limit], rows[limit - 1]["id"])

    def _page(self, used: frozenset[str]) -> Query:
        """The query of a page by these filters and no others: each has a plan of its own."""
        if used not in self._pages:
            self._pages[used] = Query(partial(self._build_page, used))
        return self._pages[used]

    def _build_page(self, used: frozenset[str]) -> Select:
        conditions = [self._filters[name] for name in sorted(used)]
        if self._found_by is not None:
            newest = self._found_by.newest(self._key, conditions)
            # As an array, which is there first: joined to, the policy's rows might all be read.
            keys: sa.ColumnElement[Any] = sa.func.array(newest.scalar_subquery(), type_=_IDS)
            conditions = [self._key == sa.any_(keys)]
        return (
            self._build()
            .where(*conditions)
            .order_by(*self._order)
            .limit(parameter("rows", sa.Integer()))
        )


def _after(column: Any, key: Any, cursor: sa.BindParameter[Any]) -> sa.ColumnElement[bool]:
    """The rows behind the cursor's, in the order of a column; none, when its row can't be seen."""
    last = sa.alias(key.class_.__table__)
    reached = sa.select(last.c[column.key]).where(last.c[key.key] == cursor).scalar_subquery()
    return sa.tuple_(column, key) > sa.tuple_(reached, cursor)


_DIALECT: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]


class _Compiled:
    """The SQL of one statement, with the values that never change."""

    def __init__(self, statement: Select) -> None:
        json = [isinstance(column.type, sa.JSON) for column in statement.selected_columns]
        # As text, so that it reaches the answer without having been read and written again.
        statement = statement.with_only_columns(
            *(
                sa.cast(column, sa.Text()).label(column.name) if is_json else column
                for column, is_json in zip(statement.selected_columns, json, strict=True)
            )
        )
        written = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self._sql = str(written)
        # Plain ones: JSON has no keys of SQLAlchemy's own kind of name, which unions have.
        self._names = [str(column.name) for column in statement.selected_columns]
        self._json = [name for name, is_json in zip(self._names, json, strict=True) if is_json]
        self._given = {name for name, bind in written.binds.items() if not bind.unique}
        self._asked = self._given & _ASKED.keys()
        self._fixed = {k: v for k, v in written.params.items() if k not in self._given}

    def rows(self, actor: Actor | None, values: dict[str, Any]) -> list[Row]:
        if actor is not None:
            values = {**values, **{name: _ASKED[name](actor) for name in self._asked}}
        given = {**self._fixed, **{name: values[name] for name in self._given}}
        result = db.connection().exec_driver_sql(self._sql, given)
        # The driver's own tuples: nobody needs a row of SQLAlchemy's around them.
        found = result.cursor.fetchall() if result.cursor is not None else []
        result.close()
        rows = [dict(zip(self._names, row, strict=True)) for row in found]
        for name in self._json:
            for row in rows:
                if row[name] is not None:
                    row[name] = orjson.Fragment(row[name])
        return rows


@cache
def compiled(query: Query) -> _Compiled:
    """A query compiled once for the life of the process."""
    return _Compiled(query.build())


# --- parts of selects ------------------------------------------------------------------------

EMPTY_LIST: sa.ColumnElement[Any] = sa.literal_column("'[]'::json", sa.JSON())


def json_object(**fields: Any) -> sa.ColumnElement[Any]:
    """A JSON object of these columns, in this order."""
    pairs = [part for name, column in fields.items() for part in (sa.text(f"'{name}'"), column)]
    return sa.func.json_build_object(*pairs, type_=sa.JSON())


def json_list(element: sa.ColumnElement[Any], order_by: Any) -> sa.ColumnElement[Any]:
    """For a correlated sub-select: its rows as one ordered JSON array, empty for none."""
    rows = sa.func.json_agg(aggregate_order_by(element, order_by), type_=sa.JSON())
    return sa.func.coalesce(rows, EMPTY_LIST, type_=sa.JSON())
