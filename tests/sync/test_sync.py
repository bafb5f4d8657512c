"""Catching up: everything once, then what has changed, and never nothing."""

import pytest

from hub_api import db
from hub_api.access import Role
from hub_api.sync.kinds import KINDS
from tests.factories.tasks import make_task
from tests.sync.phones import CopyingPhone, all_lists, new

EVERY_KIND = [kind.kind for kind in KINDS]


@pytest.fixture
def people(world):
    """Everybody's account by name."""
    return {
        "carer": world.here.family.carer,
        "neighbour": world.here.neighbours.carer,
        "hub_carer": world.here.hub_carer,
        "liaison_worker": world.here.liaison_worker,
        "hub_carer_elsewhere": world.elsewhere.hub_carer,
        "manager": world.staff[Role.PROGRAMME_MANAGER],
        "administrator": world.staff[Role.SYSTEM_ADMINISTRATOR],
    }


@pytest.fixture
def copies(world, people):
    """A phone for each of them, all caught up."""
    phones = {name: CopyingPhone(world.phone(account)) for name, account in people.items()}
    for phone in phones.values():
        phone.settle()
    return phones


class TestStartingAnew:
    @pytest.mark.parametrize("limit", [1, 3, 200])
    def test_brings_everything_that_the_lists_show(self, world, owner, people, limit):
        world.booked()
        world.asked(days=20, draft=True)
        with db.transaction(owner):
            make_task(world.here.id)
        for account in people.values():
            phone = CopyingPhone(world.phone(account), limit)
            answers = phone.catch_up()
            assert answers[0]["reset"] == EVERY_KIND
            assert all(not answer["reset"] for answer in answers[1:])
            sizes = [sum(map(len, answer["changed"].values())) for answer in answers]
            assert max(sizes) <= limit
            assert phone.kept == all_lists(phone.phone)

    def test_brings_nothing_of_others(self, copies, world):
        other = {str(world.elsewhere.family.id), *map(str, world.elsewhere.family.children)}
        for name in ("carer", "neighbour", "hub_carer", "liaison_worker"):
            assert not other & {id_ for kept in copies[name].kept.values() for id_ in kept}


class TestCatchingUp:
    def test_brings_nothing_when_nothing_has_changed(self, copies):
        for phone in copies.values():
            (answer,) = phone.catch_up()
            assert (answer["reset"], new(answer), answer["gone"]) == ([], {}, [])

    def test_brings_what_has_changed_and_no_more(self, world, copies):
        request = world.asked()
        (answer,) = copies["hub_carer"].catch_up()
        assert new(answer).pop("respite_requests") == {request["id"]}
        assert new(answer).keys() == {"respite_requests", "notifications"}

    def test_of_a_draft_tells_its_household_alone(self, world, copies):
        draft = world.asked(draft=True)
        for name, phone in copies.items():
            (answer,) = phone.catch_up()
            mine = {"respite_requests": {draft["id"]}} if name == "carer" else {}
            assert (name, new(answer), answer["gone"]) == (name, mine, [])

    def test_takes_a_phone_that_asks_in_the_middle_of_a_round_further(self, world, people):
        for day in (7, 9, 11):
            world.asked(days=day)
        phone = CopyingPhone(world.phone(people["carer"]), limit=1)
        phone.ask()
        world.asked(days=13)
        phone.catch_up()
        assert phone.kept == all_lists(phone.phone)
