"""People who keep families' records, and the hub home's own household."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from hub_api import changes
from hub_api.access import Role
from hub_api.errors import Conflict
from hub_api.households.changes import ChildLeaves, HouseholdLeaves, HubResidentsChanged
from tests.phone import Phone


@pytest.fixture
def liaison(world) -> Phone:
    return world.phone(world.here.liaison_worker)


@pytest.fixture
def manager(world) -> Phone:
    return world.phone(world.staff[Role.PROGRAMME_MANAGER])


@pytest.fixture
def hub_household(world, rows) -> UUID:
    ((found,),) = rows("select household_id from hub_homes where id = :id", id=world.here.hub_home)
    return found


def change(phone: Phone, path: str, seen: dict[str, Any], body: Any) -> Any:
    """Change an object as it was seen."""
    return phone.send("PATCH", path, body, If_Match=f'"{seen["version"]}"')


@pytest.fixture
def listens(monkeypatch) -> Callable[..., list[Any]]:
    """Listen to one kind of change, and refuse it if asked to; gives what was announced."""

    def listen(kind: type[Any], *, refuse: bool = False) -> list[Any]:
        heard: list[Any] = []

        def listener(announced: Any) -> None:
            heard.append(announced)
            if refuse:
                raise Conflict("A guest is booked.", code=REFUSED[kind])

        monkeypatch.setitem(changes._listeners, kind, [listener])
        return heard

    return listen


REFUSED: dict[type[Any], str] = {
    HubResidentsChanged: "fostering_limit",
    HouseholdLeaves: "stays_ahead",
    ChildLeaves: "stays_ahead",
}
"""What those who listen refuse a change with."""
