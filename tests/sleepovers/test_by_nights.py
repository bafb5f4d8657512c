"""Stays and requests by the nights they hold, from one day up to another."""

from datetime import timedelta

import pytest

from hub_api import clock
from hub_api.reads import compiled
from hub_api.sleepovers.queries import SLEEPOVERS
from tests.phone import in_days
from tests.sleepovers.stays import brought_to


def day(days: int) -> str:
    return (clock.london_today() + timedelta(days=days)).isoformat()


@pytest.fixture
def stay(world):
    """It holds the nights of day 10 and 11."""
    return world.booked(arrives_at=in_days(10), departs_at=in_days(12, hour=10))


@pytest.mark.parametrize("path", ["/sleepovers", "/respite-requests"])
@pytest.mark.usefixtures("stay")
class TestByNights:
    @pytest.mark.parametrize(
        ("first", "until", "is_there"),
        [
            (10, 12, True),
            (11, 12, True),
            (10, 11, True),
            (9, 10, False),
            (12, 13, False),
            (11, None, True),
            (12, None, False),
            (None, 11, True),
            (None, 10, False),
            (-300, 300, True),
        ],
    )
    def test_finds_those_that_hold_one_of_them(self, world, path, first, until, is_there):
        given = {"from": first, "until": until}
        query = "&".join(f"{name}={day(of)}" for name, of in given.items() if of is not None)
        for phone in (world.carer, world.hub_carer):
            assert len(phone.get(f"{path}?{query}").json["items"]) == is_there

    def test_keeps_them_from_everybody_else(self, world, path):
        assert (
            world.phone(world.elsewhere.hub_carer).get(f"{path}?from={day(1)}").json["items"] == []
        )

    @pytest.mark.parametrize("until", [0, 5])
    def test_ends_after_it_begins(self, world, path, until):
        answer = world.carer.get(f"{path}?from={day(5)}&until={day(until)}")
        assert answer.status_code == 422
        assert answer.json["errors"] == {"until": ["Please choose a day after the first."]}

    def test_are_dates(self, world, path):
        assert world.carer.get(f"{path}?from=tomorrow").status_code == 422


def test_arriving_at_one_in_the_morning_is_of_the_night_before(world):
    world.booked(arrives_at=in_days(10, hour=1), departs_at=in_days(10, hour=20))
    for first, found in ((9, 1), (10, 0)):
        path = f"/sleepovers?from={day(first)}&until={day(first + 1)}"
        assert len(world.carer.get(path).json["items"]) == found


def test_goes_together_with_the_state(world, stay):
    brought_to(world, "cancelled", days=20)
    path = f"/sleepovers?from={day(10)}&until={day(40)}"
    assert len(world.carer.get(path).json["items"]) == 2
    (found,) = world.carer.get(f"{path}&state=confirmed").json["items"]
    assert found["id"] == stay["id"]


def test_pages_keep_to_it(world, stay):
    other = world.booked(arrives_at=in_days(20), departs_at=in_days(21, hour=10))
    first = world.carer.get(f"/sleepovers?from={day(1)}&limit=1")
    assert [item["id"] for item in first.json["items"]] == [other["id"]]
    path = first.headers["Link"].split(";")[0].strip("<>")
    second = world.carer.get(path.removeprefix("/api/v1"))
    assert [item["id"] for item in second.json["items"]] == [stay["id"]]


@pytest.mark.usefixtures("stay")
def test_is_compiled_once(world):
    used = frozenset({"departs_after", "arrives_before"})
    for first in (1, 2):
        world.carer.get(f"/sleepovers?from={day(first)}&until={day(30)}")
    assert compiled(SLEEPOVERS._page(used)) is compiled(SLEEPOVERS._page(used))
