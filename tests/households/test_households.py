"""Looking at households."""

import pytest

from hub_api.access import Role


class TestSee:
    def test_a_carer_sees_the_own_household_and_no_other(self, world):
        (home,) = world.carer.get("/households").json["items"]
        assert home["id"] == str(world.here.family.id)
        assert [child["id"] for child in home["children"]] == [
            str(child) for child in world.here.family.children
        ]
        assert home["children"][0].keys() == {"id", "first_name", "age", "gender"}
        neighbours = f"/households/{world.here.neighbours.id}"
        assert world.carer.get(neighbours).status_code == 404

    @pytest.mark.parametrize("who", ["hub_carer", "liaison_worker"])
    def test_those_who_oversee_the_constellation_see_its_households(self, world, who):
        phone = world.phone(getattr(world.here, who))
        names = {home["name"] for home in phone.get("/households").json["items"]}
        assert names == {"Here family", "Here neighbours", "Here hub household"}
        assert phone.get(f"/households/{world.elsewhere.family.id}").status_code == 404

    @pytest.mark.parametrize("role", [Role.HOME_DUTY_STAFF, Role.SYSTEM_ADMINISTRATOR])
    def test_nobody_else_may_look(self, world, role):
        phone = world.phone(world.staff[role])
        assert phone.get("/households").status_code == 403
        assert phone.get(f"/households/{world.here.family.id}").status_code == 403

    def test_nobody_looks_without_a_login(self, world):
        assert world.phone().get("/households").status_code == 401
