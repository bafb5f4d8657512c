"""The words that a check constraint allows, such as the kinds of tasks: more of them, and fewer.

Frozen once released, as rls.py is: what stands here is part of the migrations that call it.
"""

import re
from collections.abc import Sequence

from alembic import op

DEPENDANTS = {"notifications": (("deliveries", "notification_id"),)}
"""Of a table with words, those whose rows point at its own and go with them."""


def add_words(
    table: str, constraint: str, column: str, words: Sequence[str], *, before: str | None = None
) -> None:
    """Allow these words as well, in the order of the code: before this one, or at the end."""
    known = _words_of(table, constraint)
    at = len(known) if before is None else known.index(before)
    _allow(table, constraint, column, [*known[:at], *words, *known[at:]])


def remove_words(table: str, constraint: str, column: str, words: Sequence[str]) -> None:
    """Allow these words no more. What was written with them goes, and what points at that: the
    release before has no word for it."""
    gone = f"{column} in ({_listed(words)})"
    for other, pointer in DEPENDANTS.get(table, ()):
        op.execute(f"delete from {other} where {pointer} in (select id from {table} where {gone})")  # noqa: S608 - names of ours
    op.execute(f"delete from {table} where {gone}")  # noqa: S608 - names of ours
    known = _words_of(table, constraint)
    _allow(table, constraint, column, [word for word in known if word not in words])


def _words_of(table: str, constraint: str) -> list[str]:
    written = op.get_bind().exec_driver_sql(
        "select pg_get_constraintdef(oid) from pg_constraint"  # noqa: S608 - names of ours
        f" where conname = '{constraint}' and conrelid = '{table}'::regclass"
    )
    return re.findall(r"'(\w+)'", written.scalar_one())


def _allow(table: str, constraint: str, column: str, words: Sequence[str]) -> None:
    op.drop_constraint(op.f(constraint), table)
    op.create_check_constraint(op.f(constraint), table, f"{column} in ({_listed(words)})")


def _listed(words: Sequence[str]) -> str:
    return ", ".join(map(repr, words))
