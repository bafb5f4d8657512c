"""What is synced and what is not is said of every list; and what it costs to ask."""

import re

import pytest

from hub_api import db
from hub_api.sync import kinds
from hub_api.sync.schemas import ITEMS, SyncedKind
from tests.factories.tasks import make_task
from tests.phone import contract
from tests.platform.test_statements import counted
from tests.sync.phones import CopyingPhone

PAGES = {
    operation["operationId"]: operation["responses"]["200"]["content"]["application/json"]
    for of_path in contract()["paths"].values()
    for operation in of_path.values()
    if isinstance(operation, dict) and operation["operationId"].startswith("list")
}


def shown_by(operation_id):
    return PAGES[operation_id]["schema"]["$ref"].rpartition("/")[2].removesuffix("Page")


class TestEveryList:
    def test_is_synced_or_said_not_to_be(self):
        synced = {schema.__name__.removesuffix("Schema") for schema in ITEMS.values()}
        found = {list_ for list_ in PAGES if shown_by(list_) in synced}
        assert {shown_by(list_) for list_ in found} == synced
        missing = set(PAGES) - found - set(kinds.NOT_SYNCED)
        assert not missing, f"declare SYNCED in its slice, or say why not in NOT_SYNCED: {missing}"
        assert not set(kinds.NOT_SYNCED) & found
        assert set(kinds.NOT_SYNCED) <= set(PAGES)

    def test_is_synced_in_its_own_shape(self):
        assert [*ITEMS] == [kind.kind for kind in kinds.KINDS] == [*SyncedKind]

    def test_is_written_down_by_a_trigger_of_its_table(self, rows):
        found = rows(
            "select tgrelid::regclass::text as name from pg_trigger where tgname = 'sync_own'"
        )
        assert {row.name for row in found} == set(ITEMS)


PARTS = {
    "respite_requests": {"requested_children", "children", "respite_decisions"},
    "sleepovers": {"bed_nights", "children"},
    "households": {"adults", "children"},
    "constellations": {"hub_homes", "hub_appointments", "role_grants", "accounts"},
    "children": {"households"},
    "notifications": {"notification_preferences"},
    "tasks": set(),
}
"""The other tables that each kind's select reads. `children` reads who may see them alone from
`households`: where one moves its children move with it, and they are rows of their own."""


@pytest.mark.parametrize("kind", kinds.KINDS, ids=lambda kind: kind.kind)
class TestEveryTable:
    def test_that_is_shown_moves_what_shows_it(self, kind, rows):
        """Whatever table a select reads, a change of it is written down."""
        statement = str(kind.read._build())
        read = set(re.findall(r"(?:FROM|JOIN) (\w+)", statement)) - {kind.kind}
        assert read == PARTS[kind.kind]
        triggers = rows(
            "select tgrelid::regclass::text as name from pg_trigger where tgname = :name",
            name=f"sync_part_of_{kind.kind}",
        )
        assert {row.name for row in triggers} == PARTS[kind.kind] - (
            {"households"} if kind.kind == "children" else set()
        )


class TestStatements:
    def test_with_nothing_new_are_few(self, world):
        for person in (world.here.family.carer, world.here.hub_carer, world.here.liaison_worker):
            copy = CopyingPhone(world.phone(person))
            copy.settle()
            with counted(world.app.engine) as sent:
                copy.ask()
            assert len(sent) <= 5, sent

    def test_do_not_grow_with_what_is_new(self, world, owner):
        copy = CopyingPhone(world.phone(world.here.liaison_worker))
        copy.settle()
        world.asked()
        with db.transaction(owner):
            for _ in range(30):
                make_task(world.here.id)
        with counted(world.app.engine) as sent:
            (answer,) = copy.catch_up()
        assert len(answer["changed"]["tasks"]) == 30
        assert len(sent) <= 5 + len(kinds.KINDS)
