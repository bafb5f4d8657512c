"""Rows made in memory and loaded by COPY, with ids that the dice decide.

What an ORM would ask the database for row by row is known here before: ids are UUIDv7 of the moment
each row was made at, so that lists come in the order in which things happened.
"""

from __future__ import annotations

from collections import defaultdict
from enum import Enum
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from psycopg import sql

from hub_api import db, models
from hub_api.encryption import Ciphertext

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta

    import sqlalchemy as sa


class Dice(Random):
    """Everything left to chance: the same number, the same town."""

    def id_at(self, instant: datetime) -> UUID:
        """A UUIDv7 of this instant (RFC 9562)."""
        milliseconds = int(instant.timestamp() * 1000)
        low, high = self.getrandbits(62), self.getrandbits(12)
        return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low)

    def chance(self, share: float) -> bool:
        return self.random() < share

    def between(self, shortest: timedelta, longest: timedelta) -> timedelta:
        return shortest + (longest - shortest) * self.random()

    def day_between(self, first: date, last: date) -> date:
        return first.fromordinal(self.randint(first.toordinal(), last.toordinal()))


class Rows:
    """Rows by table, until `copy()` has loaded them."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._rows: dict[sa.Table, list[dict[str, Any]]] = defaultdict(list)

    def add(self, model: type[db.Base], at: datetime, **values: Any) -> UUID:
        """A row that was made at this instant. Returns its id."""
        row_id = self._dice.id_at(at)
        self.add_keyed(model, id=row_id, **values)
        return row_id

    def add_keyed(self, model: type[db.Base], **values: Any) -> None:
        """A row whose whole key is among its values."""
        table: sa.Table = models.Base.metadata.tables[model.__tablename__]
        self._rows[table].append(values)

    def copy(self) -> None:
        """Load everything in the running unit of work, referenced tables first."""
        with db.driver_connection().cursor() as cursor:
            for table in models.Base.metadata.sorted_tables:
                rows = self._rows.pop(table, [])
                if not rows:
                    continue
                into = sql.SQL("copy {} ({}) from stdin").format(
                    sql.Identifier(table.name),
                    sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns),
                )
                defaults = {column.name: _default(column) for column in table.columns}
                with cursor.copy(into) as copying:
                    for row in rows:
                        copying.write_row([_plain(v) for v in {**defaults, **row}.values()])


def _default(column: sa.Column[Any]) -> Any:
    default = column.default
    return default.arg if default is not None and default.is_scalar else None  # type: ignore[attr-defined]


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Ciphertext):
        return value.sealed
    return value
