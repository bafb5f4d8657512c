"""How much of the database a request looks at: blocks, which no busy machine disturbs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def _explained(engine: sa.Engine) -> Iterator[list[int]]:
    """The blocks that each select reads, in the order in which they are sent."""
    found: list[int] = []

    def explain(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.lstrip().lower().startswith(("select", "with")):
            return
        if "set_config" in statement:
            return
        with cursor.connection.cursor() as other:
            other.execute(f"explain (analyze, buffers, format json) {statement}", parameters)
            plan = other.fetchone()[0][0]["Plan"]
        found.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

    sa.event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", explain)


def blocks_of(engine: sa.Engine, work: Callable[[], Any]) -> int:
    """Blocks read by all the selects of one request."""
    work()  # once without: statements are built, the catalogue is known
    with _explained(engine) as found:
        work()
    return sum(found)
