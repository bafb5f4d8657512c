"""A PostgreSQL per xdist worker, built by the migrations, and what tests begin with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa

from hub_api import clock, create_app, data_keys, db, embedded, migrate, models, token_keys
from hub_api import settings as hub_settings
from hub_api.access import Role
from hub_api.accounts import service
from hub_api.notifications import vapid_keys
from hub_api.reads import compiled
from hub_api.settings import Channels, DatabaseUrls, Settings
from tests.factories.accounts import make_account
from tests.factories.world import Neighbourhood, make_neighbourhood
from tests.phone import Phone, in_days

QUEUE = ("events", "periodic_defers", "jobs", "workers")
"""What the job queue keeps, by the end of its tables' names."""

FAST = """
max_connections = 400
fsync = off
synchronous_commit = off
full_page_writes = off
"""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.EmbeddedServer]:
    """A PostgreSQL with a migrated template.

    Each xdist worker has its own: what runs long in one database of a server holds back what waits
    for finished transactions (sealing, `GET /sync`) in all of them.
    """
    running = embedded.start(tmp_path_factory.getbasetemp() / "pg" / "data", FAST)
    embedded.create_database(running.url(), "hub_template")
    migrate.move(running.urls("hub_template").migration)
    yield running
    running.release()


@pytest.fixture(scope="session")
def make_database(server: embedded.EmbeddedServer) -> Callable[[str], DatabaseUrls]:
    """Make a fresh, migrated database of this name."""

    def make(name: str) -> DatabaseUrls:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"drop database if exists {name} with (force)")
        embedded.create_database(server.url(), name, template="hub_template")
        return server.urls(name)

    return make


@pytest.fixture(scope="session")
def settings(
    make_database: Callable[[str], DatabaseUrls], tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    data_dir = tmp_path_factory.mktemp("var")
    token_keys.rotate_token_keys(data_dir / "keys.json")
    data_keys.make_secrets(data_dir / "data-keys.json")
    return Settings(
        database=make_database("hub_test"),
        data_dir=data_dir,
        api_threads=64,
        writes_allowed=100_000,
    )


@pytest.fixture(scope="session")
def nothing_off(settings: Settings) -> Settings:
    """The settings of a hub in which nothing that can be asked for is off."""
    path = settings.data_dir / "vapid.pem"
    vapid_keys.make(path)
    return replace(settings, channels=Channels(vapid_key_file=path))


@pytest.fixture(scope="session")
def owner(settings: Settings) -> Iterator[sa.Engine]:
    """The database as its owner sees it: every row, whatever the policies."""
    engine = db.make_engine(settings.required_database().migration, connections=8)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_app(settings: Settings) -> Iterator[Any]:
    app = create_app(settings)
    app.testing = False
    yield app
    app.engine.dispose()


class Contents:
    """All rows of the database, taken out and put back without a trigger or a foreign key asking.

    As the superuser: no row tells of its going or its coming.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._tables = [table.name for table in models.Base.metadata.sorted_tables]
        self._tables += [f"jobs.procrastinate_{kind}" for kind in QUEUE]
        self._deletion = "; ".join(f"delete from {table}" for table in self._tables)
        connection.execute("set session_replication_role = replica")

    def delete(self) -> None:
        """In a tenth of the time that truncating every table takes."""
        self._connection.execute(self._deletion)

    def read(self) -> dict[str, bytes]:
        """The rows by the name of their table, as `copy` writes them."""
        held = {}
        for table in self._tables:
            with self._connection.cursor().copy(f"copy {table} to stdout") as copy:
                held[table] = b"".join(bytes(part) for part in copy)
        return {table: rows for table, rows in held.items() if rows}

    def write(self, held: dict[str, bytes]) -> None:
        """Put back what was read."""
        for table, rows in held.items():
            with self._connection.cursor().copy(f"copy {table} from stdin") as copy:
                copy.write(rows)


@pytest.fixture(scope="session")
def contents(server: embedded.EmbeddedServer, settings: Settings) -> Iterator[Contents]:
    name = sa.make_url(settings.required_database().api).database
    with psycopg.connect(server.url(database=str(name)), autocommit=True) as connection:
        yield Contents(connection)


@pytest.fixture
def app(shared_app: Any, contents: Contents, settings: Settings) -> Any:
    """The app on an empty database."""
    hub_settings.use(settings)
    contents.delete()
    return shared_app


@dataclass(frozen=True)
class World:
    """Two constellations, the service's staff, and a way to be any of them."""

    app: Any
    here: Neighbourhood
    elsewhere: Neighbourhood
    staff: dict[Role, UUID]

    def phone(self, account_id: UUID | None = None) -> Phone:
        return Phone(self.app, account_id)

    @property
    def carer(self) -> Phone:
        return self.phone(self.here.family.carer)

    @property
    def hub_carer(self) -> Phone:
        return self.phone(self.here.hub_carer)

    def ask_body(self, days: int = 7, nights: int = 1, **changes: Any) -> dict[str, Any]:
        """What the family here sends to ask for its first child's nights."""
        body = {
            "household_id": str(self.here.family.id),
            "children": [str(self.here.family.children[0])],
            "kind": "planned",
            "arrives_at": in_days(days),
            "departs_at": in_days(days + nights, hour=10),
            "reason": "rest_for_carer",
        }
        return {**body, **changes}

    def asked(self, **changes: Any) -> dict[str, Any]:
        """A request the family here has sent."""
        response = self.carer.post("/respite-requests", self.ask_body(**changes))
        assert response.status_code == 201, response.json
        return response.json

    def booked(self, **changes: Any) -> dict[str, Any]:
        """A sleepover of the family here."""
        request = self.asked(**changes)
        accepted = self.hub_carer.post_seen(f"/respite-requests/{request['id']}", verb="accept")
        assert accepted.status_code == 200, accepted.json
        return self.carer.get("/sleepovers?limit=1").json["items"][0]


@pytest.fixture(scope="session")
def worlds() -> dict[date, tuple[World, dict[str, bytes]]]:
    """The world as it was made on a day, with its rows: making it takes ten times as long."""
    return {}


@pytest.fixture
def world(app: Any, owner: sa.Engine, contents: Contents, worlds: dict[date, Any]) -> World:
    today = clock.london_today()
    if today in worlds:
        made, rows = worlds[today]
        contents.write(rows)
        return made
    with db.transaction(owner):
        staff = (Role.HOME_DUTY_STAFF, Role.PROGRAMME_MANAGER, Role.SYSTEM_ADMINISTRATOR)
        made = World(
            app=app,
            here=make_neighbourhood("Here"),
            elsewhere=make_neighbourhood("Elsewhere"),
            staff={role: make_account(role).id for role in staff},
        )
    worlds[today] = made, contents.read()
    return made


@pytest.fixture
def compiled_anew() -> Iterator[None]:
    """Reads are compiled again inside this test and after it, for tests that patch policies."""
    compiled.cache_clear()
    yield
    compiled.cache_clear()


@pytest.fixture
def rows(owner: sa.Engine) -> Callable[..., list[Any]]:
    """Read the database as its owner: `rows("select …", name=value)`."""

    def read(statement: str, **values: Any) -> list[Any]:
        with owner.connect() as connection:
            return list(connection.execute(sa.text(statement), values).all())

    return read


@pytest.fixture
def grant(owner: sa.Engine) -> Callable[..., None]:
    """Give somebody one more role from today on."""

    def give(account_id: UUID, role: Role, **scope: UUID) -> None:
        with db.transaction(owner):
            service.grant_role(account_id, role, starts_on=clock.london_today(), **scope)

    return give


Snapshot = dict[str, frozenset[str]]


@pytest.fixture
def everything(rows: Callable[..., list[Any]]) -> Callable[[], Snapshot]:
    """Read every row of every table, those of the job queue included.

    But for the throttles: that somebody tried counts, whatever becomes of it.
    """
    tables = rows(
        "select schemaname, tablename from pg_tables"
        " where schemaname in ('public', 'jobs') and tablename <> 'throttles'"
    )

    def read() -> Snapshot:
        return {
            table: frozenset(
                row.text
                for row in rows(f"select to_jsonb(t)::text as text from {schema}.{table} t")
            )
            for schema, table in tables
        }

    return read


def changed(before: Snapshot, after: Snapshot) -> set[str]:
    """The tables whose rows are not the same."""
    return {table for table, held in before.items() if held != after[table]}
