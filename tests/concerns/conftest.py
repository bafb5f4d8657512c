"""A constellation in which anybody may be the one it is about."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from hub_api import clock, db
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.households.models import Household
from tests.conftest import World
from tests.factories.accounts import make_account
from tests.factories.concerns import concern_body
from tests.factories.homes import make_adult
from tests.phone import Phone

CONCERNS = "/concerns"


@dataclass(frozen=True)
class Cast:
    """Accounts of the constellation here and of the service, by part."""

    world: World
    people: dict[str, UUID]
    adults: dict[str, UUID]
    """Who of them is on record as a grown-up, and `partner`, who has no account."""

    def phone(self, who: str) -> Phone:
        return self.world.phone(self.people[who])

    def body(self, about: str, **changes: Any) -> dict[str, Any]:
        """A concern about somebody, for the first child of the family here."""
        named = (
            {"about_account_id": self.people[about]}
            if about in self.people
            else {"about_adult_id": self.adults[about]}
        )
        return {**concern_body(self.world.here.family.children[0], **named), **changes}

    def raised(self, by: str, about: str, **changes: Any) -> str:
        """The id of a concern that somebody has written down."""
        answer = self.phone(by).post(CONCERNS, self.body(about, **changes))
        assert answer.status_code == 201, answer.json
        return str(answer.json["id"])


@pytest.fixture
def cast(world: World, owner: sa.Engine) -> Cast:
    """`carer`'s partner has an account and no role; `manager` is one of two programme managers, and
    `worker` one of two liaison workers."""
    today, here = clock.london_today(), world.here
    with db.transaction(owner) as session:
        home = session.get_one(Household, here.neighbours.id)
        hub = session.scalars(
            sa.select(Household).where(Household.name == "Here hub household")
        ).one()
        second = make_account(Role.LIAISON_WORKER, constellation_id=here.id).id
        other = make_account(Role.PROGRAMME_MANAGER).id
        hub_adult = make_adult(hub, "Hub partner")
        hub_adult.dbs_issued_on = today
        adults = {"partner": make_adult(home, "Partner").id, "hub_adult": hub_adult.id}
        grown_up = make_account()
        make_adult(home, "Grown-up", grown_up.id)
        accounts.grant_role(grown_up.id, Role.PROGRAMME_MANAGER, starts_on=today)
    return Cast(
        world,
        {
            "carer": here.family.carer,
            "neighbour": here.neighbours.carer,
            "hub_carer": here.hub_carer,
            "worker": here.liaison_worker,
            "second_worker": second,
            "manager": world.staff[Role.PROGRAMME_MANAGER],
            "second_manager": other,
            "managing_neighbour": grown_up.id,
            "duty": world.staff[Role.HOME_DUTY_STAFF],
            "administrator": world.staff[Role.SYSTEM_ADMINISTRATOR],
            "elsewhere": world.elsewhere.liaison_worker,
        },
        adults,
    )


@pytest.fixture
def told(rows: Callable[..., list[Any]]) -> Callable[[str], set[UUID]]:
    """The accounts that were told something of this category."""

    def read(category: str) -> set[UUID]:
        found = rows("select account_id from notifications where category = :c", c=category)
        return {row.account_id for row in found}

    return read
