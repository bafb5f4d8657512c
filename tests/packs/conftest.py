"""A child with a pack, and a moment in time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import db
from tests.factories.packs import make_pack

SECOND = timedelta(seconds=1)


@pytest.fixture
def child(world, change) -> UUID:
    """The first child of the family here, of whom nobody has written anything."""
    change("delete from pack_sections")
    return world.here.family.children[0]


@pytest.fixture
def path(child) -> str:
    return f"/children/{child}/pack"


@pytest.fixture
def packed(world, owner, child) -> UUID:
    """The same child, with a whole pack."""
    with db.transaction(owner):
        make_pack(child, world.here.family.carer)
    return child


@pytest.fixture
def change(owner) -> Callable[..., None]:
    """Change the database as its owner."""

    def run(statement: str, **values: Any) -> None:
        with owner.begin() as connection:
            connection.execute(sa.text(statement), values)

    return run


@pytest.fixture
def at(world) -> Callable[[datetime], Any]:
    """Somebody asks at a moment, logged in as of then."""

    @contextmanager
    def travel(moment: datetime) -> Iterator[Callable[[UUID], Any]]:
        with time_machine.travel(moment, tick=False):
            yield world.phone

    return travel


def reads(rows: Any, action: str = "child:read_pack") -> list[Any]:
    """Who read what, as the record has it."""
    return rows("select * from audit_events where action = :action order by id", action=action)
