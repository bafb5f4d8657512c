"""Which hub home serves a constellation on which day."""

from contextlib import suppress
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.constellations import service
from hub_api.constellations.changes import HubHomeEnds
from hub_api.constellations.models import HubHome
from hub_api.errors import Conflict
from hub_api.households.models import Household
from tests.constellations.conftest import date_in, day, heard, outcome, seq_of


@pytest.fixture
def new_home(world) -> dict[str, str]:
    """What makes the family's home here a hub home."""
    return {
        "household_id": str(world.here.family.id),
        "name": "Rye Lane",
        "home_authority": "Kent",
    }


def appoint(phone, here, body, **changes):
    return phone.post(f"{here}/hub-appointments", {**body, **changes})


def served_by(owner, constellation_id, days):
    """The hub homes of these days, counted from today; None where there is none."""
    found = []
    with db.transaction(owner):
        for number in days:
            found.append(None)
            with suppress(Conflict):
                found[-1] = service.serving_hub_home(constellation_id, date_in(number))
    return found


class TestAppointingAHousehold:
    def test_makes_its_home_a_hub_home_and_ends_the_one_before(
        self, world, manager, here, new_home, owner, audited
    ):
        answer = appoint(manager, here, new_home, starts_on=day(5))
        assert answer.status_code == 201
        made = answer.json
        assert (made["hub_home"], made["home_authority"]) == ("Rye Lane", "Kent")
        assert (made["starts_on"], made["ends_on"]) == (day(5), None)
        assert made["household_id"] == new_home["household_id"]
        old, new = world.here.hub_home, UUID(made["hub_home_id"])
        assert served_by(owner, world.here.id, [0, 4, 5, 500]) == [old, old, new, new]
        assert audited() == ["hub_appointment:end", "hub_home:create", "hub_appointment:create"]

    def test_is_from_today_on_unless_said_otherwise(self, manager, here, new_home):
        assert appoint(manager, here, new_home).json["starts_on"] == day(0)
        assert manager.get(here).json["hub_home"]["name"] == "Rye Lane"

    def test_announces_the_end_of_the_one_before_under_its_mutex(
        self, world, manager, here, new_home, rows
    ):
        before = seq_of(rows, world.here.hub_home)
        with heard(HubHomeEnds) as changes:
            appoint(manager, here, new_home, starts_on=day(5))
        assert changes == [HubHomeEnds(world.here.id, world.here.hub_home, date_in(5))]
        assert seq_of(rows, world.here.hub_home) == before + 1

    def test_is_refused_when_somebody_knows_of_stays(self, manager, here, new_home, rows):
        with heard(HubHomeEnds, refuses=True):
            answer = appoint(manager, here, new_home, starts_on=day(5))
        assert outcome(answer) == (409, "stays_ahead")
        assert rows("select 1 from hub_homes where name = 'Rye Lane'") == []

    def test_happens_once_for_a_household(self, manager, here, new_home):
        assert appoint(manager, here, new_home, starts_on=day(5)).status_code == 201
        answer = appoint(manager, here, new_home, starts_on=day(9))
        assert outcome(answer) == (409, "hub_home_already")

    def test_begins_no_second_one_on_the_same_day(self, world, manager, here, new_home):
        assert appoint(manager, here, new_home, starts_on=day(5)).status_code == 201
        again = {**new_home, "household_id": str(world.here.neighbours.id)}
        answer = appoint(manager, here, again, starts_on=day(5))
        assert outcome(answer) == (409, "hub_home_serves_already")

    def test_begins_no_earlier_than_today(self, manager, here, new_home):
        answer = appoint(manager, here, new_home, starts_on=day(-1))
        assert outcome(answer) == (409, "in_the_past")

    def test_ends_after_it_begins(self, manager, here, new_home):
        answer = appoint(manager, here, new_home, starts_on=day(5), ends_on=day(5))
        assert outcome(answer) == (409, "ends_too_early")

    def test_of_somewhere_else_is_not_found(self, world, manager, here, new_home):
        for household in (world.elsewhere.family.id, uuid7()):
            answer = appoint(manager, here, new_home, household_id=str(household))
            assert answer.status_code == 404

    def test_that_has_left_the_service_is_refused(self, world, manager, here, new_home, owner):
        with owner.begin() as connection:
            closed = "update households set closed_on = now()::date where id = %s"
            connection.exec_driver_sql(closed, (world.here.family.id,))
        assert outcome(appoint(manager, here, new_home)) == (409, "household_closed")

    @pytest.mark.parametrize(
        "changes",
        [
            {"household_id": None},
            {"hub_home_id": "01920000-0000-7000-8000-000000000001"},
            {"name": None},
            {"home_authority": None},
            {"household_id": None, "hub_home_id": "01920000-0000-7000-8000-000000000001"},
        ],
    )
    def test_names_one_home_whole(self, manager, here, new_home, changes):
        assert appoint(manager, here, new_home, **changes).status_code == 422

    def test_is_for_the_programme_manager(self, world, liaison, here, new_home):
        for phone in (liaison, world.hub_carer, world.carer):
            assert appoint(phone, here, new_home).status_code == 403
            assert phone.get(f"{here}/hub-appointments").status_code == 403


class TestAnInterimHubHome:
    @pytest.fixture
    def interim(self, world, manager, here):
        """The hub home of the other constellation serves here, from tomorrow for a week."""
        body = {"hub_home_id": str(world.elsewhere.hub_home)}
        answer = appoint(manager, here, body, starts_on=day(1), ends_on=day(8))
        assert answer.status_code == 201, answer.json
        return answer.json

    @pytest.mark.usefixtures("interim")
    def test_serves_two_constellations_on_its_days(self, world, owner):
        mine, interim_home = world.here.hub_home, world.elsewhere.hub_home
        assert served_by(owner, world.here.id, [0, 1, 7, 8]) == [
            mine, interim_home, interim_home, None
        ]  # fmt: skip
        assert served_by(owner, world.elsewhere.id, [0, 5]) == [interim_home, interim_home]

    @pytest.mark.usefixtures("interim")
    def test_is_followed_by_the_one_before(self, world, manager, here, owner):
        back = {"hub_home_id": str(world.here.hub_home)}
        assert appoint(manager, here, back, starts_on=day(8)).status_code == 201
        assert served_by(owner, world.here.id, [7, 8]) == [
            world.elsewhere.hub_home,
            world.here.hub_home,
        ]

    def test_takes_both_mutexes(self, world, manager, here, rows):
        homes = world.here.hub_home, world.elsewhere.hub_home
        before = [seq_of(rows, home) for home in homes]
        appoint(manager, here, {"hub_home_id": str(homes[1])}, starts_on=day(1))
        assert [seq_of(rows, home) for home in homes] == [seq + 1 for seq in before]

    def test_whose_household_has_left_the_service_is_refused(self, world, manager, here, owner):
        with db.transaction(owner) as session:
            home = session.get_one(HubHome, world.elsewhere.hub_home)
            session.get_one(Household, home.household_id).closed_on = date_in(0)
        body = {"hub_home_id": str(world.elsewhere.hub_home)}
        assert outcome(appoint(manager, here, body)) == (409, "household_closed")

    def test_that_does_not_exist_is_not_found(self, manager, here):
        assert appoint(manager, here, {"hub_home_id": str(uuid7())}).status_code == 404

    @pytest.mark.usefixtures("interim")
    def test_is_listed_with_the_days_of_each(self, manager, here):
        listed = manager.get(f"{here}/hub-appointments").json["items"]
        days = [(found["hub_home"], found["starts_on"], found["ends_on"]) for found in listed]
        assert days == [("Elsewhere hub", day(1), day(8)), ("Here hub", day(-30), day(1))]


class TestEnding:
    @pytest.fixture
    def path(self, manager, here) -> str:
        (found,) = manager.get(f"{here}/hub-appointments").json["items"]
        return f"{here}/hub-appointments/{found['id']}"

    def test_leaves_the_constellation_without_one(self, world, manager, path, owner, audited):
        answer = manager.send("PATCH", path, {"ends_on": day(3)})
        assert (answer.status_code, answer.json["ends_on"]) == (200, day(3))
        assert served_by(owner, world.here.id, [2, 3]) == [world.here.hub_home, None]
        assert audited() == ["hub_appointment:end"]

    def test_is_announced_when_it_comes_sooner_only(self, world, manager, path, rows):
        before = seq_of(rows, world.here.hub_home)
        with heard(HubHomeEnds) as changes:
            for days in (9, 5, 7):
                manager.send("PATCH", path, {"ends_on": day(days)})
        assert [change.ends_on for change in changes] == [date_in(9), date_in(5)]
        assert seq_of(rows, world.here.hub_home) == before + 3

    def test_is_refused_when_somebody_knows_of_stays(self, manager, path):
        with heard(HubHomeEnds, refuses=True):
            answer = manager.send("PATCH", path, {"ends_on": day(3)})
        assert outcome(answer) == (409, "stays_ahead")

    def test_is_today_at_the_earliest(self, manager, path):
        answer = manager.send("PATCH", path, {"ends_on": day(-1)})
        assert outcome(answer) == (409, "ends_too_early")

    def test_is_not_before_it_begins(self, manager, here, new_home):
        to_come = appoint(manager, here, new_home, starts_on=day(5)).json
        path = f"{here}/hub-appointments/{to_come['id']}"
        answer = manager.send("PATCH", path, {"ends_on": day(5)})
        assert outcome(answer) == (409, "ends_too_early")
        assert manager.send("PATCH", path, {"ends_on": day(6)}).status_code == 200

    def test_is_final(self, manager, path):
        assert manager.send("PATCH", path, {"ends_on": day(0)}).status_code == 200
        answer = manager.send("PATCH", path, {"ends_on": day(9)})
        assert outcome(answer) == (409, "wrong_state")

    def test_does_not_run_into_the_next_one(self, manager, here, path, new_home):
        appoint(manager, here, new_home, starts_on=day(5))
        answer = manager.send("PATCH", path, {"ends_on": day(6)})
        assert outcome(answer) == (409, "hub_home_serves_already")

    def test_is_found_under_its_own_constellation_only(self, manager, next_door, path):
        elsewhere = f"{next_door}/hub-appointments/{path.rpartition('/')[2]}"
        assert manager.send("PATCH", elsewhere, {"ends_on": day(3)}).status_code == 404


class TestTakingBack:
    @pytest.fixture
    def to_come(self, manager, here, new_home) -> str:
        """Another home serves from day 5 on."""
        made = appoint(manager, here, new_home, starts_on=day(5)).json
        return f"{here}/hub-appointments/{made['id']}"

    def test_leaves_nothing_but_the_record_of_it(self, manager, here, to_come, audited):
        assert manager.send("DELETE", to_come).status_code == 204
        (left,) = manager.get(f"{here}/hub-appointments").json["items"]
        assert (left["hub_home"], left["ends_on"]) == ("Here hub", day(5))
        assert audited()[-1] == "hub_appointment:withdraw"
        assert manager.send("DELETE", to_come).status_code == 404

    def test_lets_the_one_before_be_appointed_anew(self, world, manager, here, to_come, owner):
        manager.send("DELETE", to_come)
        back = {"hub_home_id": str(world.here.hub_home)}
        assert appoint(manager, here, back, starts_on=day(5)).status_code == 201
        assert served_by(owner, world.here.id, [4, 5]) == [world.here.hub_home] * 2

    def test_is_announced_under_the_mutex(self, manager, to_come, rows):
        (home,) = rows("select id, seq from hub_homes where name = 'Rye Lane'")
        with heard(HubHomeEnds) as changes:
            manager.send("DELETE", to_come)
        assert [(change.hub_home_id, change.ends_on) for change in changes] == [
            (home.id, date_in(5))
        ]
        assert seq_of(rows, home.id) == home.seq + 1

    def test_is_refused_when_somebody_knows_of_stays(self, manager, to_come):
        with heard(HubHomeEnds, refuses=True):
            assert outcome(manager.send("DELETE", to_come)) == (409, "stays_ahead")

    def test_is_refused_once_it_has_begun(self, manager, here, new_home):
        made = appoint(manager, here, new_home).json
        for item in manager.get(f"{here}/hub-appointments").json["items"]:
            path = f"{here}/hub-appointments/{item['id']}"
            assert outcome(manager.send("DELETE", path)) == (409, "wrong_state")
        assert made["starts_on"] == day(0)

    def test_is_found_under_its_own_constellation_only(self, manager, next_door, to_come):
        elsewhere = f"{next_door}/hub-appointments/{to_come.rpartition('/')[2]}"
        assert manager.send("DELETE", elsewhere).status_code == 404

    def test_is_for_the_programme_manager(self, world, liaison, to_come):
        for phone in (liaison, world.hub_carer, world.carer):
            assert phone.send("DELETE", to_come).status_code == 403
