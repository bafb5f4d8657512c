"""What a request looks at stays the same when there is ten times as much: counted in blocks."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bench.blocks import blocks_of
from bench.flat import CatchingUp, start_bench
from bench.many import fill
from hub_api import db
from hub_api.sleepovers import facts
from hub_api.sleepovers.facts import Stay
from seed import southwark

CONSTELLATIONS, FEW, MANY = 10, 5_000, 50_000
ALLOWED = 1.35
"""An index may be a level deeper; looking at every row would be ten times as much."""


@pytest.fixture(scope="module")
def sizes(settings, server, make_database):
    """Blocks by request at both sizes, asked by the same people."""
    urls = make_database("hub_flat")
    found = replace(settings, database=urls, api_threads=1)
    loading = southwark.Loading(found, constellations=CONSTELLATIONS, months=1)
    towns = list(loading.towns())
    logins = loading.finish()
    name = sa.make_url(urls.api).database
    sizes = {}
    for size in (FEW, MANY):
        fill(server.url(database=name), size, towns[0].id)
        bench = start_bench(found, logins)
        sizes[size] = _blocks(bench, found, towns[0])
        bench.carer.app.engine.dispose()
    return sizes


def _blocks(bench, settings, town):
    engine = bench.carer.app.engine
    newest = bench.carer.call("GET", "/sleepovers?limit=1")[1]["items"][0]["id"]
    requests = {
        "list of sleepovers": "/sleepovers?limit=50",
        "list of closed sleepovers": "/sleepovers?limit=50&state=closed",
        "list of requests": "/respite-requests?limit=50",
        "sleepovers of some nights": f"/sleepovers?limit=50&{_month(town)}",
        "requests of some nights": f"/respite-requests?limit=50&{_month(town)}",
        "one sleepover": f"/sleepovers/{newest}",
        "calendar": f"/constellations/{town.id}/bed-nights",
    }
    found = {}
    for who, person in bench.people().items():
        for name, path in requests.items():
            status, answer = person.call("GET", path)
            assert status == 200, name
            # One full page is compared with another.
            assert not name.startswith("list") or len(answer["items"]) == 50, (who, name)
            found[who, name] = blocks_of(
                engine, lambda person=person, path=path: person.call("GET", path)
            )
        catch_up = CatchingUp(person)
        assert not any(catch_up()["changed"].values())
        found[who, "catching up with nothing new"] = blocks_of(engine, catch_up)
    worker = db.make_engine(settings.required_database().worker, connections=1)
    found["facts of a stay"] = blocks_of(worker, lambda: _read_facts(worker, town))
    worker.dispose()
    owner = db.make_engine(settings.required_database().migration, connections=1)
    found["every sleepover"] = blocks_of(owner, lambda: _count(owner))
    owner.dispose()
    return found


def _month(town):
    """A month without any: read from the newest on, every row would be looked at to know."""
    first = town.since + timedelta(days=400)
    return f"from={first}&until={first + timedelta(days=30)}"


def _count(engine):
    with engine.connect() as connection:
        return connection.scalar(sa.text("select sum(version) from sleepovers"))


def _read_facts(engine, town):
    """As the worker reads them, who sees every hub home."""
    child = town.homes[0].children[0].id
    stay = Stay(town.hub_home_id, (child,), None, None, (town.since,), "other", None)
    with db.transaction(engine):
        facts.read(stay)


class TestTenTimesAsMuch:
    @pytest.mark.parametrize("who", ["carer", "hub carer", "liaison worker"])
    @pytest.mark.parametrize(
        "request_",
        [
            "list of sleepovers",
            "list of closed sleepovers",
            "list of requests",
            "sleepovers of some nights",
            "requests of some nights",
            "one sleepover",
            "calendar",
            "catching up with nothing new",
        ],
    )
    def test_costs_no_more_to_look_at(self, sizes, who, request_):
        before, after = sizes[FEW][who, request_], sizes[MANY][who, request_]
        assert before > 0
        assert after <= ALLOWED * before, (before, after)

    def test_facts_of_a_stay_cost_no_more_to_look_at(self, sizes):
        before, after = (sizes[size]["facts of a stay"] for size in (FEW, MANY))
        assert 0 < after <= ALLOWED * before, (before, after)

    def test_is_noticed_where_every_row_is_looked_at(self, sizes):
        assert sizes[MANY]["every sleepover"] > 5 * sizes[FEW]["every sleepover"]
