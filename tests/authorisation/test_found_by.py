"""The ways to an actor's rows repeat the policy: they must lead to all it shows, and to no more."""

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
import sqlalchemy as sa

import hub_api
from hub_api import db, reads
from hub_api.access import Actor
from hub_api.accounts import queries, service
from hub_api.errors import NotFound
from tests.authorisation.matrix import PEOPLE
from tests.authorisation.stage import BOTH_WALLS, FIRST_WALL_ALONE, Stage


def lists() -> dict[str, reads.Read]:
    """Every list of a table that grows for ever."""
    return {
        f"{module.name}.{name}": value
        for module in pkgutil.walk_packages(hub_api.__path__, "hub_api.")
        for name, value in vars(importlib.import_module(module.name)).items()
        if isinstance(value, reads.Read) and value._found_by is not None
    }


LISTS = lists()


@contextmanager
def acting(stage: Stage, who: str, role: str) -> Iterator[Actor | None]:
    """As somebody under a role of the database; nobody, when they can't log in."""
    person, session = stage.world.people[who], stage.world.sessions.get(who)
    with stage.undone():
        stage.execute(f"set local role {role}")
        with db.transaction(stage._connection):
            actor = queries.find_actor(person, session) if person and session else None
            if actor is not None:
                service.set_scope(actor)
            yield actor


def listed(read: reads.Read, actor: Actor) -> list[UUID]:
    """The ids of every page, in order: small pages, so that cursors are used too."""
    found: list[UUID] = []
    page: reads.PageArgs = {"limit": 2, "cursor": None}
    while True:
        given = read.page(actor, page)
        found += [row["id"] for row in given.rows]
        if given.next_key is None:
            return found
        page = {"limit": 2, "cursor": given.next_key}


def let_through(read: reads.Read, actor: Actor, ids: list[UUID]) -> set[UUID]:
    """Those of these rows that the policy shows."""
    found = set()
    for key in ids:
        try:
            read.one(actor, key)
        except NotFound:
            continue
        found.add(key)
    return found


@pytest.mark.parametrize("name", sorted(LISTS))
class TestEveryListThatGrowsForEver:
    @pytest.mark.parametrize("role", [BOTH_WALLS, FIRST_WALL_ALONE])
    @pytest.mark.parametrize("who", sorted(PEOPLE))
    def test_shows_what_the_policy_shows(self, stage, name, who, role):
        read = LISTS[name]
        everything = [*stage.select(sa.select(read._key)).scalars()]
        with acting(stage, who, role) as actor:
            if actor is None:
                return
            ids = listed(read, actor)
            assert ids == sorted(let_through(read, actor, everything), reverse=True)

    def test_has_something_to_show_and_to_hide(self, stage, name):
        read = LISTS[name]
        everything = [*stage.select(sa.select(read._key)).scalars()]
        shown = {}
        for who in ("carer", "hub", "liaison"):
            with acting(stage, who, BOTH_WALLS) as actor:
                shown[who] = len(listed(read, actor))
        assert all(0 < number < len(everything) for number in shown.values()), shown
