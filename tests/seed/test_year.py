"""A year of a seeded constellation, played over HTTP under a fake clock and looked at every day."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock, create_app, db, jobs
from hub_api.respite.jobs import expire_requests
from seed import southwark
from tests.seed.invariants import BROKEN, broken
from tests.seed.player import BESIDE, VERBS, Player, verbs_of_the_document

STARTS, DAYS = date(2026, 2, 15), 366
CLOCK_CHANGES = (date(2026, 3, 29), date(2026, 10, 25))
LONDON = ZoneInfo("Europe/London")
LIFETIME = timedelta(days=500)
OF_THE_LOADER_ALONE = {
    # A stay may be extended, and its request's own nights stay as they were asked for.
    "a longer stay that nobody approved",
    # A child may come back on the day it went home: two stays share hours then, never a night.
    "two stays of a child overlap",
}


RULES = {name: query for name, query in BROKEN.items() if name not in OF_THE_LOADER_ALONE}


def in_one(queries):
    """All of them in one statement: the names of those that find anything."""
    parts = [f"select '{name}' where exists ({query})" for name, query in queries.items()]
    return " union all ".join(parts)


@pytest.fixture
def year_settings(settings, make_database):
    return replace(
        settings,
        database=make_database("hub_year"),
        access_token_lifetime=LIFETIME,
        session_lifetime=LIFETIME,
        api_threads=2,
    )


@pytest.fixture
def owner_of_year(year_settings):
    engine = db.make_engine(year_settings.required_database().migration, connections=2)
    yield engine
    engine.dispose()


@pytest.fixture
def expire(year_settings, monkeypatch):
    """Run the worker's job that lets unanswered requests expire."""
    engine = db.make_engine(year_settings.required_database().worker, connections=1)
    monkeypatch.setattr(jobs, "_engine", engine)

    yield lambda: expire_requests(0)
    engine.dispose()


def at(day, moment):
    return datetime.combine(day, moment, tzinfo=LONDON)


@pytest.fixture
def town_of(year_settings):
    """The app on a database with one constellation in it, seeded whenever this is called."""
    apps = []

    def make():
        loading = southwark.Loading(year_settings, constellations=1, months=1)
        list(loading.towns())
        loading.finish()
        apps.append(create_app(year_settings))
        return apps[0]

    yield make
    for app in apps:
        app.engine.dispose()


def test_nothing_is_ever_wrong(town_of, owner_of_year, expire):
    with (
        time_machine.travel(at(STARTS, time(9)), tick=False) as travelling,
        owner_of_year.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
    ):

        def rows(statement, **values):
            return list(connection.execute(sa.text(statement), values).all())

        player = Player(town_of(), rows, Random(20260201))
        everything = in_one(RULES)
        for number in range(DAYS):
            day = STARTS + timedelta(days=number)
            travelling.move_to(at(day, time(11)))
            expire()
            player.morning()
            travelling.move_to(at(day, time(18, 30)))
            player.evening()
            if day + timedelta(days=8) in CLOCK_CHANGES:
                player.everybody_asks(day + timedelta(days=7))
            if rows(everything, now=clock.now()):
                pytest.fail(f"{day}: {broken(rows, clock.now(), RULES)}")
        played(player, rows)


def played(player, rows):
    """That the year was full, and every verb of the document was played with success."""
    print(dict(sorted(player.done.items())))
    assert {verb for verb, status in player.done if status < 300} == VERBS | BESIDE
    assert verbs_of_the_document() == VERBS - {"respite-requests:ask"}
    refused = {status for verb, status in player.done if verb == "medicines:never-given"}
    assert refused in ({404}, {404, 409})
    for table, column, words in (
        ("tasks", "kind", {"consent_missing", "medicines_differ"}),
        ("medication_records", "outcome", {"given", "missed", "refused"}),
    ):
        assert {row[0] for row in rows(f"select {column} from {table}")} >= words
    for day in CLOCK_CHANGES:
        night = day - timedelta(days=1)
        held = "select from bed_nights where night between :a and :b"
        assert rows(held, a=night - timedelta(days=4), b=night + timedelta(days=4)), day
    assert len(rows("select from sleepovers")) > 60
