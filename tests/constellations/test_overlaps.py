"""Two of a kind never hold on the same day: the database's own word, side by side as well.

The negative control is the same race without its trigger: it must let both in.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from hub_api import db
from hub_api.constellations.models import HubAppointment, Membership
from hub_api.errors import constraint_name
from tests.constellations.conftest import date_in

ROUNDS = 20


def two_at_once(owner: sa.Engine, make: Callable[[int], Any]) -> list[str | None]:
    """Add two rows in two transactions, neither of which ends before both have begun; the name of
    the rule that stopped each, or None."""
    begun = threading.Barrier(2)
    stopped: list[str | None] = [None, None]

    def add(number: int) -> None:
        try:
            with db.transaction(owner) as session:
                session.execute(sa.text("select 1"))
                begun.wait(10)
                session.add(make(number))
                session.flush()
                session.execute(sa.text("select pg_sleep(0.01)"))  # the other one is as far
        except IntegrityError as error:
            stopped[number] = constraint_name(error)

    threads = [threading.Thread(target=add, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    return stopped


@contextmanager
def without(owner: sa.Engine, table: str, trigger: str) -> Iterator[None]:
    with owner.begin() as connection:
        connection.execute(sa.text(f"alter table {table} disable trigger {trigger}"))
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.execute(sa.text(f"alter table {table} enable trigger {trigger}"))


@pytest.fixture
def appointment(world) -> Callable[[int], HubAppointment]:
    """Of two hub homes, on days that overlap, neither without end."""
    homes = (world.here.hub_home, world.elsewhere.hub_home)

    def make(number: int, start: int = 10) -> HubAppointment:
        return HubAppointment(
            constellation_id=world.here.id,
            hub_home_id=homes[number],
            starts_on=date_in(start + number),
            ends_on=date_in(start + 5 + number),
        )

    return make


@pytest.fixture
def membership(world) -> Callable[[int], Membership]:
    """Of one household in two constellations, on days that overlap."""
    places = (world.here.id, world.elsewhere.id)

    def make(number: int, start: int = 10) -> Membership:
        return Membership(
            constellation_id=places[number],
            household_id=world.here.family.id,
            starts_on=date_in(start + number),
            ends_on=date_in(start + 5 + number),
        )

    return make


@pytest.fixture(autouse=True)
def ended(world, owner):
    """What there is ends today, so that the days to come are free."""
    assert world
    with owner.begin() as connection:
        connection.exec_driver_sql("update hub_appointments set ends_on = now()::date")
        connection.exec_driver_sql("update memberships set ends_on = now()::date")


RULES = [
    ("appointment", "hub_appointments", "hub_appointment_overlaps"),
    ("membership", "memberships", "membership_overlaps"),
]


@pytest.mark.parametrize(("kind", "table", "rule"), RULES)
class TestTwoAtOnce:
    def test_one_is_let_in(self, owner, request, kind, table, rule):
        make = request.getfixturevalue(kind)
        for number in range(ROUNDS):
            start = 10 + 20 * number
            stopped = two_at_once(owner, lambda n: make(n, start))  # noqa: B023
            assert sorted(stopped, key=str) == [None, rule], (table, number)

    def test_both_are_let_in_without_the_rule(self, owner, request, kind, table, rule):
        make = request.getfixturevalue(kind)
        with without(owner, table, rule):
            assert two_at_once(owner, make) == [None, None]


@pytest.mark.parametrize(("kind", "table", "rule"), RULES)
class TestOneAfterAnother:
    def test_may_begin_on_the_day_the_first_ends(self, owner, request, kind, table, rule):
        make = request.getfixturevalue(kind)
        for start in (10, 15):
            with db.transaction(owner) as session:
                session.add(make(0, start))
        with owner.connect() as connection:
            kept = connection.scalar(
                sa.text(f"select count(*) from {table} where starts_on > now()::date")
            )
        assert (kept, bool(rule)) == (2, True)

    def test_may_not_be_moved_onto_the_other(self, owner, request, kind, table, rule):
        make = request.getfixturevalue(kind)
        with db.transaction(owner) as session:
            session.add_all([make(0, 10), make(0, 20)])
        moved = f"update {table} set ends_on = ends_on + 8 where starts_on = %s"
        with pytest.raises(IntegrityError) as refused, owner.begin() as connection:
            connection.exec_driver_sql(moved, (date_in(10),))
        assert constraint_name(refused.value) == rule
