"""Catching up looks at as much of the database with 200,000 sleepovers as with few."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from bench.blocks import blocks_of
from bench.flat import start_bench
from bench.many import fill
from seed import southwark

CONSTELLATIONS, FEW, MANY = 10, 20_000, 200_000
ALLOWED = 1.35


@pytest.fixture(scope="module")
def sizes(settings, server, make_database):
    """Blocks at both sizes: of a phone with nothing new, one that was off, and one that is new."""
    urls = make_database("hub_sync_flat")
    found = replace(settings, database=urls, api_threads=1)
    loading = southwark.Loading(found, constellations=CONSTELLATIONS, months=1)
    towns = list(loading.towns())
    logins = loading.finish()
    name = sa.make_url(urls.api).database
    sizes = {}
    for size in (FEW, MANY):
        fill(server.url(database=name), size, towns[0].id)
        _entries_of_others(server.url(database=name), size)
        bench = start_bench(found, logins)
        sizes[size] = _blocks(bench)
        bench.carer.app.engine.dispose()
    return sizes


def _entries_of_others(url, size):
    """As many changes, of everybody: a few weeks of a large service."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql(
            """insert into sync_entries (kind, object_id, audience, address, constellation_id)
               select 'sleepovers', id, told.audience, told.address, constellation_id
                 from sleepovers cross join lateral (values
                   ('household', household_id), ('overseers', constellation_id)
                 ) as told (audience, address) limit %s""",
            (size,),
        )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("vacuum analyze sync_entries")
    engine.dispose()


def _blocks(bench):
    found = {}
    for name, person in (("hub carer", bench.hub_carer), ("carer", bench.carer)):
        engine = person.app.engine
        lists = ("/constellations", "/households", "/respite-requests")
        found[f"{name} by lists"] = sum(
            blocks_of(
                engine, lambda person=person, path=path: person.call("GET", f"{path}?limit=50")
            )
            for path in lists
        )
        cursor, is_more = "", True
        found[f"{name} anew"] = blocks_of(
            engine, lambda person=person: person.call("GET", "/sync?limit=50")
        )
        while is_more:
            status, answer = person.call("GET", f"/sync?limit=500{cursor}")
            assert status == 200
            cursor, is_more = f"&cursor={answer['cursor']}", answer["more"]
        path = f"/sync?limit=50{cursor}"
        assert not any(person.call("GET", path)[1]["changed"].values())
        found[f"{name} with nothing new"] = blocks_of(
            engine, lambda person=person, path=path: person.call("GET", path)
        )
    return found


@pytest.mark.parametrize("person", ["hub carer", "carer"])
class TestTenTimesAsMuch:
    def test_costs_a_phone_with_nothing_new_no_more(self, sizes, person):
        before, after = (sizes[size][f"{person} with nothing new"] for size in (FEW, MANY))
        assert 0 < after <= ALLOWED * before, sizes

    @pytest.mark.parametrize("size", [FEW, MANY])
    def test_costs_a_new_phone_what_its_lists_cost(self, sizes, person, size):
        assert sizes[size][f"{person} anew"] <= 1.2 * sizes[size][f"{person} by lists"], sizes
