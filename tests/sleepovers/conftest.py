"""Who reads the facts, and what there is to read."""

from uuid import UUID

import pytest

from hub_api import db
from hub_api.constellations.models import HubHome
from hub_api.households.models import (
    Gender,
    Household,
    LegalStatus,
)
from hub_api.sleepovers import facts
from hub_api.sleepovers.facts import Stay
from tests.factories.homes import make_child
from tests.sleepovers.told import day


@pytest.fixture
def as_owner(owner):
    """Read the facts as the owner of the database, who sees everything."""

    def read(stay: Stay) -> facts.Facts:
        with db.transaction(owner):
            return facts.read(stay)

    return read


@pytest.fixture
def as_api(world):
    """Read the facts as the API does for somebody of these constellations."""

    def read(stay: Stay, *constellations: UUID) -> facts.Facts:
        with db.transaction(world.app.engine):
            db.set_scope(world.here.family.carer, constellations or [world.here.id])
            return facts.read(stay)

    return read


@pytest.fixture
def add(owner):
    """Put rows into the database as its owner."""

    def add_all(*rows) -> None:
        with db.transaction(owner) as session:
            session.add_all(rows)

    return add_all


@pytest.fixture
def hub_household_id(world, owner) -> UUID:
    with db.transaction(owner) as session:
        return session.get(HubHome, world.here.hub_home).household_id


@pytest.fixture
def resident(owner, hub_household_id) -> UUID:
    """A child who lives at the hub home."""
    with db.transaction(owner) as session:
        home = session.get(Household, hub_household_id)
        born_on = day(-365 * 9)
        return make_child(home, "Hub child", born_on, Gender.MALE, LegalStatus.ADOPTED).id
