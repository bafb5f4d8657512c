"""Who may read a pack, and until which second."""

from datetime import datetime, timedelta

import pytest

from hub_api import clock
from hub_api.access import Role
from tests.packs.conftest import SECOND
from tests.phone import in_days

DAYS = timedelta(days=7)


@pytest.fixture
def status(at, path):
    """What the answer is at a moment, for somebody."""

    def ask(account_id, moment):
        with at(moment) as phone:
            return phone(account_id).get(path).status_code

    return ask


@pytest.fixture
def booked(world, packed):
    assert packed
    return world.booked(arrives_at=in_days(7), departs_at=in_days(8, hour=10))


def instant(text):
    return datetime.fromisoformat(text)


class TestTheHubCarer:
    def test_reads_nothing_until_the_stay_is_confirmed(self, world, packed, path):
        request = world.asked()
        assert world.hub_carer.get(path).status_code == 404
        world.hub_carer.post_seen(f"/respite-requests/{request['id']}", verb="accept")
        pack = world.hub_carer.get(path)
        assert (pack.status_code, pack.json["id"]) == (200, str(packed))

    def test_reads_until_a_week_after_the_return_to_the_second(self, world, booked, status, change):
        returned_at = instant(booked["departs_at"])
        change(
            "update sleepovers set state = 'returned', arrived_at = arrives_at,"
            " returned_at = :at where id = :id",
            at=returned_at,
            id=booked["id"],
        )
        hub_carer, closes_at = world.here.hub_carer, returned_at + DAYS
        assert status(hub_carer, closes_at - SECOND) == 200
        assert status(hub_carer, closes_at) == 404
        assert status(hub_carer, closes_at + SECOND) == 404

    def test_reads_however_late_a_child_is_that_is_still_there(self, world, booked, status, change):
        change(
            "update sleepovers set state = 'in_stay', arrived_at = arrives_at where id = :id",
            id=booked["id"],
        )
        assert status(world.here.hub_carer, instant(booked["departs_at"]) + 20 * DAYS) == 200

    def test_reads_no_longer_of_a_stay_that_nobody_began(self, world, booked, status):
        closes_at = instant(booked["departs_at"]) + DAYS
        assert status(world.here.hub_carer, closes_at - SECOND) == 200
        assert status(world.here.hub_carer, closes_at) == 404

    def test_reads_nothing_of_a_stay_that_was_called_off(self, world, booked, path):
        assert world.hub_carer.get(path).status_code == 200
        reason = {"reason": "no_longer_needed"}
        cancelled = world.carer.post_seen(f"/sleepovers/{booked['id']}", reason, verb="cancel")
        assert cancelled.status_code == 200
        assert world.hub_carer.get(path).status_code == 404

    @pytest.mark.usefixtures("booked")
    def test_reads_nothing_once_the_role_has_ended(self, world, path, change):
        yesterday = clock.london_today() - timedelta(days=1)
        change(
            "update role_grants set starts_on = :day - 30, ends_on = :day where account_id = :who",
            day=yesterday,
            who=world.here.hub_carer,
        )
        assert world.hub_carer.get(path).status_code == 403

    @pytest.mark.usefixtures("booked")
    def test_reads_nothing_of_the_sister_who_stays_at_home(self, world):
        sister = world.here.family.children[1]
        assert world.hub_carer.get(f"/children/{sister}/pack").status_code == 404


@pytest.mark.usefixtures("booked")
class TestOthers:
    def test_who_may(self, world, path):
        for account_id in (world.here.family.carer, world.here.liaison_worker):
            assert world.phone(account_id).get(path).status_code == 200

    def test_who_may_not(self, world, path):
        for account_id in (
            world.here.neighbours.carer,
            world.elsewhere.hub_carer,
            world.elsewhere.liaison_worker,
            world.elsewhere.family.carer,
        ):
            assert world.phone(account_id).get(path).status_code == 404
        for role in (Role.HOME_DUTY_STAFF, Role.SYSTEM_ADMINISTRATOR):
            assert world.phone(world.staff[role]).get(path).status_code == 403

    def test_a_carer_whose_child_has_left(self, world, packed, path, change):
        today = clock.london_today()
        change("update children set left_on = :day where id = :id", day=today, id=packed)
        assert world.carer.get(path).status_code == 404
        assert world.phone(world.here.liaison_worker).get(path).status_code == 200
