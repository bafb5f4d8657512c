"""Two hubs say yes to the same emergency at the same moment.

With its negative control: with locks, versions and keys off both have the child.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from hub_api import db
from hub_api.emergencies import ladder
from hub_api.emergencies.models import Emergency
from hub_api.respite.models import RespiteRequest
from hub_api.sleepovers import checks
from tests.emergencies.conftest import asked_of
from tests.factories.emergencies import answer, raised
from tests.respite.test_races import all_at_once

ROUNDS = int(os.environ.get("RACE_ROUNDS", "20"))
"""200 in the battery."""

FORGET = (
    "delete from bed_nights",
    "update sleepovers set state = 'cancelled', cancelled_at = now(), cancel_reason = 'other'",
)
KEYS = {"uq_child_night": "bed_nights", "uq_sleepover_per_requested_child": "sleepovers"}
"""Beside `uq_emergency_yes`, what keeps a child in one place."""


def race(world, owner, hosts):
    """One round; returns the statuses, and how many stays and yeses there are."""
    found = raised(world)
    answer(world.hub_carer, found["asks"][0], "decline")
    asks = [(host, asked_of(host)[0]) for host in hosts]
    said = all_at_once(
        [lambda host=host, ask=ask: answer(host, ask, "accept") for host, ask in asks]
    )
    with owner.begin() as connection:
        stays, yeses = connection.execute(
            sa.text(
                "select (select count(*) from sleepovers where request_id = :id),"
                " (select count(*) from emergency_asks where emergency_id = :id and answer = 'yes')"
            ),
            {"id": found["id"]},
        ).one()
        for statement in FORGET:
            connection.exec_driver_sql(statement)
    return sorted(one.status_code for one in said), stays, yeses


@contextmanager
def guards_off(owner: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No lock, no version, no key, no look at where the child is, and nobody is told that it is
    settled: everything that lets one yes alone win."""
    kept = {}
    with owner.begin() as connection:
        for name, table in KEYS.items():
            written = "select pg_get_constraintdef(oid) from pg_constraint where conname = :name"
            kept[name] = connection.scalar(sa.text(written), {"name": name})
            connection.exec_driver_sql(f"alter table {table} drop constraint {name}")
        connection.exec_driver_sql("drop index uq_emergency_yes")
    try:
        with monkeypatch.context() as patch:
            patch.setattr(db, "lock", lambda _row: None)
            patch.setattr(ladder, "settle", lambda *_: None)
            others = [c for c in checks.CHECKS if c.__name__ != "check_child_one_place"]
            patch.setattr(checks, "CHECKS", tuple(others))
            for model in (RespiteRequest, Emergency):
                patch.setattr(model.__mapper__, "version_id_generator", lambda seen: seen or 1)
            yield
    finally:
        with owner.begin() as connection:
            connection.exec_driver_sql("truncate sleepovers, bed_nights, emergency_asks cascade")
            connection.exec_driver_sql(
                "create unique index uq_emergency_yes on emergency_asks (emergency_id)"
                " where answer = 'yes'"
            )
            for name, table in KEYS.items():
                connection.exec_driver_sql(
                    f"alter table {table} add constraint {name} {kept[name]}"
                )


class TestTwoHubsThatSayYes:
    def test_end_with_one_stay(self, world, owner, host, third):
        hosts = [host, world.phone(third.hub_carer)]
        for _ in range(ROUNDS):
            assert race(world, owner, hosts) == ([200, 409], 1, 1)

    def test_end_with_two_without_locks_and_keys(self, world, owner, host, third, monkeypatch):
        hosts = [host, world.phone(third.hub_carer)]
        with guards_off(owner, monkeypatch):
            assert any(race(world, owner, hosts)[1] > 1 for _ in range(10))
