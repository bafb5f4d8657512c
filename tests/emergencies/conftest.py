"""Somebody on call, the worker beside the app, and time that has passed."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from hub_api import db
from hub_api.access import Role
from hub_api.emergencies.jobs import escalate
from tests.conftest import World
from tests.factories.accounts import make_account
from tests.factories.emergencies import answer, make_due, raised
from tests.factories.world import Neighbourhood, make_neighbourhood
from tests.phone import Phone
from tests.respite.conftest import worker

__all__ = ["worker"]


@pytest.fixture
def on_call(world: World, owner: sa.Engine) -> Phone:
    """A manager on call."""
    with db.transaction(owner):
        account_id = make_account(Role.ON_CALL_MANAGER).id
    return world.phone(account_id)


@pytest.fixture
def time_is_up(owner: sa.Engine, worker: sa.Engine) -> Callable[..., None]:  # noqa: ARG001
    """The time to answer is over, and the worker looks."""

    def pass_by(emergency: dict[str, Any]) -> None:
        with owner.begin() as connection:
            make_due(connection, emergency["id"])
        escalate(0)

    return pass_by


@pytest.fixture
def told(rows: Callable[..., list[Any]]) -> Callable[[str], set[Any]]:
    """Who was told of a category."""

    def find(category: str) -> set[Any]:
        found = rows("select account_id from notifications where category = :c", c=category)
        return {row.account_id for row in found}

    return find


def asked_of(phone: Phone) -> list[dict[str, Any]]:
    """What somebody's hub is asked and has not answered."""
    found: list[dict[str, Any]] = phone.get("/emergency-asks?is_open=true").json["items"]
    return found


@pytest.fixture
def host(world: World) -> Phone:
    """The hub carer of the other constellation."""
    return world.phone(world.elsewhere.hub_carer)


@pytest.fixture
def third(world: World, owner: sa.Engine) -> Neighbourhood:  # noqa: ARG001 - beside the two
    """One more constellation with a free bed."""
    with db.transaction(owner):
        return make_neighbourhood("Third")


@pytest.fixture
def looking(world: World) -> dict[str, Any]:
    """An emergency that the own hub can't take."""
    found = raised(world)
    answer(world.hub_carer, found["asks"][0], "decline")
    return found
