"""Where a cell of the table is played: one request, answered for real, that leaves nothing behind.

The app is given one connection in place of its engine, with a transaction open that is rolled back
whatever happens. The connection is a superuser's that takes on the API's role for the request, so
that what was written can be read before it is undone.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from hub_api import tokens
from hub_api.embedded import API, OWNER
from tests.authorisation.world import World
from tests.phone import contract

PREFIX = "/api/v1"
BOTH_WALLS, FIRST_WALL_ALONE = API, OWNER
"""The role a request is answered under. The owner of the tables is above the policies on them."""

LEFT_BEHIND = {
    "audit_events": "outcome <> 'refused' and action not in"
    " ('audit:read', 'child:read_pack', 'child:read_summary', 'concern:read')",
    "throttles": "false",
}
"""Table → which of its rows count as saved, where a refusal is meant to leave some."""


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    id: str
    method: str
    path: str
    body: dict[str, Any] | None
    """The schema of its body."""
    example: Any
    statuses: set[str]
    needs_login: bool
    sees_version: bool
    parameters: set[str]

    @property
    def is_list(self) -> bool:
        """Whether it answers with a page."""
        return self.id.startswith("list")


@cache
def operations() -> dict[str, Operation]:
    """Every operation of the document, by its id."""
    found = [
        _operation(method, path, operation)
        for path, of_path in contract()["paths"].items()
        for method, operation in of_path.items()
        if "operationId" in operation
    ]
    return {operation.id: operation for operation in found}


def _operation(method: str, path: str, operation: dict[str, Any]) -> Operation:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    references = {str(parameter.get("$ref")) for parameter in operation.get("parameters", [])}
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path.removeprefix(PREFIX),
        body=resolve(content["schema"]) if content else None,
        example=content.get("example"),
        statuses=set(operation["responses"]),
        needs_login=operation.get("security") != [],
        sees_version=any(reference.endswith("/IfMatch") for reference in references),
        parameters={p["name"] for p in operation.get("parameters", []) if p.get("in") == "query"},
    )


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema of the document, by what it says or what it refers to."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return contract()["components"]["schemas"][name] if name else schema


@dataclass(frozen=True)
class Answer:
    """What came back, and what would have stayed."""

    status: int
    json: Any
    text: str
    """Head and body."""
    saved: list[str]
    """The rows that were written, as text; `gone` and the table where one went."""


class Stage:
    """The app, held so that nothing it does lasts."""

    def __init__(self, app: Any, engine: sa.Engine, world: World) -> None:
        self.app, self.world = app, world
        self.role = BOTH_WALLS
        self._client = app.test_client()
        self._connection = engine.connect()
        tables = self._connection.execute(sa.text(
            "select schemaname || '.' || tablename from pg_tables"
            " where schemaname = 'public' or tablename = 'procrastinate_jobs' order by 1"
        )).scalars()  # fmt: skip
        self._where = {
            table: LEFT_BEHIND.get(table.removeprefix("public."), "true") for table in tables
        }
        self._rows, self._sums = self.rows(self._where), self._checksums(self._where)
        self.versions = self._read_versions()
        self._emails = dict(self.execute("select id, email from accounts").all())
        self._connection.rollback()

    def renew_logins(self) -> None:
        """Fresh access tokens: they live for minutes, the stage for the whole run."""
        with self.app.app_context():
            self.access_tokens = {
                who: tokens.issue_access_token(self.world.people[who], session)
                for who, session in self.world.sessions.items()
            }

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def rest(self) -> None:
        """End what a look at the database began: it may be a while until the next test."""
        self._connection.rollback()

    # --- looking at the database ---

    def execute(self, statement: str) -> Any:
        return self._connection.execute(sa.text(statement))

    def select(self, statement: sa.Select[Any]) -> Any:
        return self._connection.execute(statement)

    def rows(self, tables: Iterable[str]) -> dict[str, set[str]]:
        """Every row as text, by table."""
        return {
            table: set(
                self.execute(f"select t::text from {table} t where {self._where[table]}").scalars()
            )
            for table in tables
        }

    def everything(self) -> dict[str, set[str]]:
        """The rows as they are between two requests."""
        with self.undone():
            return self.rows(self._where)

    def _checksums(self, tables: Iterable[str]) -> dict[str, Any]:
        sums = (
            f"select '{table}', count(*), sum(hashtextextended(t::text, 0))"
            f" from {table} t where {self._where[table]}"
            for table in tables
        )
        return {table: sum_ for table, *sum_ in self.execute(" union all ".join(sums))}

    def _touched(self) -> list[str]:
        """The tables that were written to: the server's own count, which may lag behind with the
        tables of a transaction before but never leaves one out."""
        written = self.execute(
            "select schemaname || '.' || relname from pg_stat_xact_all_tables"
            " where n_tup_ins + n_tup_upd + n_tup_del > 0"
        ).scalars()
        return [table for table in written if table in self._where]

    def _read_versions(self) -> dict[str, int]:
        tables = self.execute(
            "select table_name from information_schema.columns"
            " where table_schema = 'public' and column_name in ('id', 'version')"
            " group by table_name having count(*) = 2"
        ).scalars()
        return {
            str(id_): version
            for table in tables
            for id_, version in self.execute(f"select id, version from {table}")
        }

    def _saved(self) -> list[str]:
        touched = self._touched()
        if not touched:
            return []
        sums = self._checksums(touched)
        changed = [table for table in touched if sums[table] != self._sums[table]]
        saved = []
        for table, rows in self.rows(changed).items():
            saved += sorted(rows - self._rows[table])
            if len(rows) < len(self._rows[table]):
                saved.append(f"gone {table}")
        return saved

    def email(self, who: str) -> str:
        """What somebody logs in with."""
        return self._emails.get(self.world.people[who], "nobody@test.example")

    # --- asking ---

    @contextmanager
    def answering_as(self, role: str) -> Iterator[None]:
        """Answer requests under another role of the database."""
        usual, self.role = self.role, role
        try:
            yield
        finally:
            self.role = usual

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever is done to the database in here is undone at the end."""
        inside = self._connection.in_transaction()
        transaction = self._connection.begin_nested() if inside else self._connection.begin()
        try:
            yield
        finally:
            transaction.rollback()

    def ask(self, who: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send one request as somebody."""
        with self.undone():
            return self._ask(who, method, path, body, headers)

    def _ask(self, who: str, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if who in self.access_tokens:
            sent["Authorization"] = f"Bearer {self.access_tokens[who]}"
        self.execute(f"set local role {self.role}")
        savepoint = self._connection.begin_nested()
        engine, self.app.engine = self.app.engine, self._connection
        try:
            response = self._client.open(f"{PREFIX}{path}", method=method, json=body, headers=sent)
        finally:
            self.app.engine = engine
            self.execute("set local role none")
        answer = Answer(
            response.status_code,
            response.json if response.is_json else None,
            f"{response.headers}{response.get_data(as_text=True)}",
            self._saved(),
        )
        savepoint.rollback()
        return answer
