"""Looking at constellations."""

import pytest

from hub_api import clock, db
from hub_api.access import Role
from hub_api.constellations import service
from hub_api.errors import NotFound


class TestSee:
    @pytest.mark.parametrize("who", ["hub_carer", "liaison_worker"])
    def test_shows_the_hub_home_and_who_the_liaison_worker_is(self, world, who, rows):
        phone = world.phone(getattr(world.here, who))
        (constellation,) = phone.get("/constellations").json["items"]
        assert constellation["hub_home"] == {"id": str(world.here.hub_home), "name": "Here hub"}
        (liaison,) = rows(
            "select display_name from accounts where id = :id", id=world.here.liaison_worker
        )
        assert constellation["liaison_workers"] == [liaison.display_name]

    def test_a_carer_sees_the_own_constellation_its_beds_and_members(self, world):
        path = f"/constellations/{world.here.id}"
        assert world.carer.get(path).json["name"] == "Here"
        beds = world.carer.get(f"{path}/beds").json["items"]
        assert [bed["id"] for bed in beds] == [str(bed) for bed in world.here.beds]
        members = world.carer.get(f"{path}/memberships").json["items"]
        assert {member["household_id"] for member in members} == {
            str(world.here.family.id),
            str(world.here.neighbours.id),
        }

    @pytest.mark.parametrize("part", ["", "/beds", "/memberships"])
    def test_another_constellation_is_not_there(self, world, part):
        path = f"/constellations/{world.elsewhere.id}{part}"
        for account in (world.here.family.carer, world.here.hub_carer, world.here.liaison_worker):
            assert world.phone(account).get(path).status_code == 404

    @pytest.mark.parametrize("role", [Role.HOME_DUTY_STAFF, Role.SYSTEM_ADMINISTRATOR])
    @pytest.mark.parametrize("part", ["", "/beds", "/memberships"])
    def test_nobody_else_may_look(self, world, role, part):
        path = f"/constellations/{world.here.id}{part}"
        assert world.phone(world.staff[role]).get(path).status_code == 403
        assert world.phone().get(path).status_code == 401


class TestAClosedAccount:
    @pytest.fixture(autouse=True)
    def closed(self, world, owner):
        with owner.begin() as connection:
            people = (world.here.liaison_worker, world.here.hub_carer)
            connection.exec_driver_sql(
                "update accounts set is_active = false where id in (%s, %s)", people
            )

    def test_is_named_to_nobody(self, world):
        path = f"/constellations/{world.here.id}"
        assert world.carer.get(path).json["liaison_workers"] == []

    def test_is_told_of_nothing(self, world, rows):
        world.asked()
        assert rows("select 1 from notifications") == []


class TestServingHubHome:
    def test_is_the_one_appointed_on_that_day(self, world, owner):
        with db.transaction(owner):
            today = clock.london_today()
            assert service.serving_hub_home(world.here.id, today) == world.here.hub_home

    def test_a_constellation_without_one_says_so_kindly(self, world, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql("update hub_appointments set ends_on = now()::date")
        answer = world.carer.post("/respite-requests", world.ask_body())
        assert (answer.status_code, answer.json["code"]) == (409, "no_hub_home")
        assert "liaison worker" in answer.json["detail"]


class TestLockHubHome:
    def test_touching_no_row_is_an_error_and_never_a_silence(self, world, app):
        def lock_across_constellations():
            with db.transaction(app.engine):
                db.set_scope(world.here.hub_carer, [world.here.id])
                service.lock_hub_home(world.elsewhere.hub_home)

        with pytest.raises(NotFound):
            lock_across_constellations()
