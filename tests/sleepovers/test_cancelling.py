"""Looking at sleepovers and calling them off."""

from datetime import timedelta

import pytest
import time_machine

from hub_api import clock
from hub_api.access import Role

REASON = {"reason": "child_unwell"}


class TestCancel:
    def test_frees_the_nights_for_somebody_else(self, world, rows):
        stay = world.booked()
        response = world.carer.post_seen(f"/sleepovers/{stay['id']}", REASON, verb="cancel")
        assert (response.status_code, response.json["state"]) == (200, "cancelled")
        assert response.json["bed_nights"] == []
        assert rows("select 1 from bed_nights") == []
        assert world.booked()["bed_nights"] == stay["bed_nights"]

    @pytest.mark.parametrize("who", ["carer", "hub_carer", "liaison_worker"])
    def test_is_open_to_both_sides_and_tells_the_other(self, world, rows, who):
        here = world.here
        accounts = {"carer": here.family.carer, "hub_carer": here.hub_carer}
        account = accounts.get(who, here.liaison_worker)
        stay = world.booked()
        path = f"/sleepovers/{stay['id']}"
        assert world.phone(account).post_seen(path, REASON, verb="cancel").status_code == 200
        told = rows("select account_id from notifications where category = 'sleepover_cancelled'")
        assert {row.account_id for row in told} == {*accounts.values()} - {account}
        (audited,) = rows("select * from audit_events where action = 'sleepover:cancel'")
        assert audited.actor_id == account
        assert audited.changed == ["state", "bed_nights"]


class TestCancelIsRefused:
    def test_without_a_login(self, world):
        path = f"/sleepovers/{world.booked()['id']}/cancel"
        assert world.phone().post(path, REASON).status_code == 401

    @pytest.mark.parametrize(
        ("role", "status"),
        [
            (Role.PROGRAMME_MANAGER, 403),
            (Role.HOME_DUTY_STAFF, 403),
            (Role.SYSTEM_ADMINISTRATOR, 403),
        ],
    )
    def test_to_other_roles(self, world, role, status):
        path = f"/sleepovers/{world.booked()['id']}/cancel"
        phone = world.phone(world.staff[role])
        assert phone.post(path, REASON, If_Match='"1"').status_code == status

    def test_to_a_neighbour_and_to_another_constellation(self, world):
        path = f"/sleepovers/{world.booked()['id']}/cancel"
        for stranger in (world.here.neighbours.carer, world.elsewhere.hub_carer):
            assert world.phone(stranger).post(path, REASON, If_Match='"1"').status_code == 404

    def test_without_or_with_a_stale_version(self, world):
        path = f"/sleepovers/{world.booked()['id']}/cancel"
        assert world.carer.post(path, REASON).status_code == 428
        assert world.carer.post(path, REASON, If_Match='"7"').status_code == 412

    def test_without_a_reason_from_the_list(self, world):
        path = f"/sleepovers/{world.booked()['id']}/cancel"
        response = world.carer.post(path, {"reason": "naughty"}, If_Match='"1"')
        assert response.status_code == 422

    def test_a_second_time(self, world):
        path = f"/sleepovers/{world.booked()['id']}"
        world.carer.post_seen(path, REASON, verb="cancel")
        again = world.carer.post_seen(path, REASON, verb="cancel")
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")

    def test_once_it_has_begun(self, world, rows):
        stay = world.booked()
        with time_machine.travel(clock.now() + timedelta(days=8), tick=False):
            phone = world.carer
            response = phone.post_seen(f"/sleepovers/{stay['id']}", REASON, verb="cancel")
        assert (response.status_code, response.json["code"]) == (409, "already_begun")
        assert len(rows("select 1 from bed_nights")) == 1


class TestAChildWhoDidNotCome:
    WHY = {"reason": "did_not_come"}  # noqa: RUF012 - a constant

    @pytest.mark.parametrize("who", ["hub_carer", "liaison_worker"])
    def test_frees_the_nights_once_the_hub_says_so(self, world, rows, who):
        path = f"/sleepovers/{world.booked()['id']}"
        with time_machine.travel(clock.now() + timedelta(days=8), tick=False):
            phone = world.phone(getattr(world.here, who))
            answer = phone.post_seen(path, self.WHY, verb="cancel")
        assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
        assert answer.json["cancel_reason"] == "did_not_come"
        assert rows("select 1 from bed_nights") == []

    def test_is_not_for_the_carer_to_say(self, world):
        path = f"/sleepovers/{world.booked()['id']}"
        with time_machine.travel(clock.now() + timedelta(days=8), tick=False):
            answer = world.carer.post_seen(path, self.WHY, verb="cancel")
        assert answer.status_code == 403

    def test_can_t_be_known_before_the_arrival(self, world):
        path = f"/sleepovers/{world.booked()['id']}"
        answer = world.hub_carer.post_seen(path, self.WHY, verb="cancel")
        assert (answer.status_code, answer.json["code"]) == (409, "not_yet_begun")


class TestSee:
    def test_a_neighbour_sees_nothing_of_it(self, world):
        stay = world.booked()
        neighbour = world.phone(world.here.neighbours.carer)
        assert neighbour.get("/sleepovers").json["items"] == []
        assert neighbour.get(f"/sleepovers/{stay['id']}").status_code == 404

    @pytest.mark.parametrize("who", ["hub_carer", "liaison_worker"])
    def test_those_who_oversee_the_constellation_see_it(self, world, who):
        stay = world.booked()
        phone = world.phone(getattr(world.here, who))
        assert [found["id"] for found in phone.get("/sleepovers").json["items"]] == [stay["id"]]

    def test_the_programme_manager_sees_every_constellation(self, world):
        stay = world.booked()
        manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
        assert manager.get(f"/sleepovers/{stay['id']}").status_code == 200
        assert len(manager.get("/constellations").json["items"]) == 2

    @pytest.mark.parametrize("role", [Role.HOME_DUTY_STAFF, Role.SYSTEM_ADMINISTRATOR])
    def test_nobody_else_may_look(self, world, role):
        assert world.phone(world.staff[role]).get("/sleepovers").status_code == 403
