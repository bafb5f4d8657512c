"""Stays that something is written about."""

from datetime import timedelta

import pytest
import time_machine

from tests.sleepovers.stays import arrival, begun

HOUR = timedelta(hours=1)


class Care:
    """What the people of the world here write about one stay, an hour after the child came."""

    def __init__(self, world, stay):
        self.world, self.stay = world, stay
        self.path = f"/sleepovers/{stay['id']}"
        self.now = arrival(stay) + HOUR

    def account(self, by):
        here = self.world.here
        return here.family.carer if by == "carer" else getattr(here, by)

    def phone(self, by):
        return self.world.phone(self.account(by))

    def post(self, what, body, by="hub_carer", at=None, **headers):
        with time_machine.travel(at or self.now, tick=False):
            path = what if what.startswith("/") else f"{self.path}/{what}"
            return self.phone(by).post(path, body, **headers)

    def get(self, what, by="hub_carer", at=None):
        with time_machine.travel(at or self.now, tick=False):
            return self.phone(by).get(f"{self.path}/{what}")


@pytest.fixture
def care(world):
    """A stay whose child came an hour ago."""
    return Care(world, begun(world))


@pytest.fixture
def told(rows, world):
    """Who was told of a category, by role."""

    def find(category):
        here = world.here
        people = {
            here.family.carer: "carer",
            here.hub_carer: "hub_carer",
            here.liaison_worker: "liaison_worker",
        }
        found = rows("select account_id from notifications where category = :c", c=category)
        return {people.get(row.account_id, "somebody else") for row in found}

    return find


@pytest.fixture
def tasks(rows):
    """The state and due instant of every task of a kind."""

    def find(kind):
        return [
            (row.state, row.due_at)
            for row in rows("select state, due_at from tasks where kind = :k order by id", k=kind)
        ]

    return find
