"""Households: looking at them, founding, naming and closing them."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from hub_api import clock, db
from hub_api.access import Role
from hub_api.constellations.models import Membership
from hub_api.households.changes import HouseholdLeaves
from hub_api.households.models import Adult, Child, Household
from tests.households.conftest import change


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

    def test_who_has_left_is_listed_no_more(self, world, owner):
        today, one = clock.london_today(), world.here.family.children[0]
        with db.transaction(owner) as session:
            session.get_one(Child, one).left_on = today
            session.get_one(Child, world.here.family.children[1]).left_on = today + timedelta(1)
            for adult in session.query(Adult).where(Adult.household_id == world.here.family.id):
                adult.left_on = today
        for phone in (world.carer, world.hub_carer, world.phone(world.here.liaison_worker)):
            home = phone.get(f"/households/{world.here.family.id}").json
            assert home["adults"] == []
            assert [child["id"] for child in home["children"]] == [
                str(world.here.family.children[1])
            ]

    def test_says_which_adult_an_account_is_to_those_who_keep_records(self, world):
        """A task about a carer's phone names the account alone."""
        here, mine = world.here, str(world.here.family.carer)
        for phone, said in (
            (world.phone(here.liaison_worker), mine),
            (world.phone(world.staff[Role.PROGRAMME_MANAGER]), mine),
            (world.hub_carer, None),
            (world.carer, None),
        ):
            (adult,) = phone.get(f"/households/{here.family.id}").json["adults"]
            assert adult["account_id"] == said
        path = f"/households/{here.family.id}/adults"
        for phone, said in ((world.phone(here.liaison_worker), mine), (world.carer, None)):
            assert [one["account_id"] for one in phone.get(path).json["items"]] == [said]


class TestFound:
    def test_a_household_joins_its_constellation_today(self, world, liaison, rows):
        body = {"constellation_id": str(world.here.id), "name": "Osei household"}
        answer = liaison.post("/households", body)
        assert answer.status_code == 201
        assert answer.json | body == answer.json
        assert (answer.json["adults"], answer.json["closed_on"]) == ([], None)
        (member,) = rows("select * from memberships where household_id = :id", id=answer.json["id"])
        assert (member.constellation_id, member.starts_on, member.ends_on) == (
            world.here.id,
            clock.london_today(),
            None,
        )
        (audited,) = rows("select * from audit_events where action = 'household:create'")
        assert str(audited.subject_id) == answer.json["id"]

    def test_not_in_a_constellation_one_does_not_see(self, world, liaison, manager):
        body = {"constellation_id": str(world.elsewhere.id), "name": "Osei household"}
        assert liaison.post("/households", body).status_code == 404
        assert manager.post("/households", body).status_code == 201

    def test_not_where_one_only_runs_the_hub(self, world, grant):
        grant(world.here.liaison_worker, Role.HUB_CARER, constellation_id=world.elsewhere.id)
        body = {"constellation_id": str(world.elsewhere.id), "name": "Osei household"}
        phone = world.phone(world.here.liaison_worker)
        assert phone.post("/households", body).status_code == 403
        path = f"/households/{world.elsewhere.family.id}"
        assert change(phone, path, {"version": 1}, {"name": "Ours"}).status_code == 403

    def test_not_in_one_that_is_closed(self, world, liaison, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql("update constellations set closed_on = current_date")
        body = {"constellation_id": str(world.here.id), "name": "Osei household"}
        answer = liaison.post("/households", body)
        assert (answer.status_code, answer.json["code"]) == (409, "constellation_closed")

    def test_sent_twice_it_is_done_once(self, world, liaison, rows):
        body = {"constellation_id": str(world.here.id), "name": "Osei household"}
        answers = [liaison.post("/households", body, Idempotency_Key="just-the-one") for _ in "12"]
        assert answers[0].json == answers[1].json
        assert len(rows("select from households where name = 'Osei household'")) == 1


class TestName:
    def test_a_household_is_given_another_name(self, world, liaison, rows):
        path = f"/households/{world.here.family.id}"
        seen = liaison.get(path)
        answer = change(liaison, path, seen.json, {"name": "Other name"})
        assert (answer.status_code, answer.json["name"]) == (200, "Other name")
        assert change(liaison, path, seen.json, {"name": "Again"}).status_code == 412
        (audited,) = rows("select changed from audit_events where action = 'household:change'")
        assert audited.changed == ["name"]

    @pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", 5, None])
    def test_a_name_that_is_none_is_refused(self, world, liaison, name):
        path = f"/households/{world.here.family.id}"
        answer = change(liaison, path, {"version": 1}, {"name": name})
        assert (answer.status_code, [*answer.json["errors"]]) == (422, ["name"])


class TestClose:
    def test_a_closed_household_belongs_nowhere_and_asks_for_nothing(self, world, liaison, rows):
        path, carer = f"/households/{world.here.family.id}", world.carer
        answer = liaison.post_seen(path, verb="close")
        assert answer.status_code == 200
        assert answer.json["closed_on"] == str(clock.london_today())
        (member,) = rows(
            "select ends_on from memberships where household_id = :id", id=world.here.family.id
        )
        assert member.ends_on == clock.london_today()
        assert carer.get(path).status_code == 404
        assert carer.post("/respite-requests", world.ask_body()).status_code == 404
        again = liaison.post_seen(path, verb="close")
        assert (again.status_code, again.json["code"]) == (409, "household_closed")
        assert len(rows("select from audit_events where action = 'household:close'")) == 1

    def test_nobody_asks_for_its_children_with_the_whole_service_in_sight(
        self, world, liaison, manager, grant
    ):
        fosters = world.staff[Role.PROGRAMME_MANAGER]
        grant(fosters, Role.SATELLITE_CARER, household_id=world.here.family.id)
        liaison.post_seen(f"/households/{world.here.family.id}", verb="close")
        assert manager.get(f"/households/{world.here.family.id}").status_code == 200
        assert manager.post("/respite-requests", world.ask_body()).status_code == 404

    def test_nothing_more_is_recorded_in_it(self, world, liaison):
        path = f"/households/{world.here.family.id}"
        assert liaison.post_seen(path, verb="close").status_code == 200
        born = {
            "first_name": "Mia",
            "born_on": "2015-02-03",
            "gender": "female",
            "legal_status": "section_31",
        }
        for kind, body in (("adults", {"name": "Jo"}), ("children", born)):
            answer = liaison.post(f"{path}/{kind}", body)
            assert (answer.status_code, answer.json["code"]) == (409, "household_closed")

    def test_not_while_it_serves_as_a_hub_home(self, world, liaison, hub_household, owner):
        path = f"/households/{hub_household}"
        answer = liaison.post_seen(path, verb="close")
        assert (answer.status_code, answer.json["code"]) == (409, "is_hub_home")
        with owner.begin() as connection:
            connection.exec_driver_sql("update hub_appointments set ends_on = current_date")
        assert (
            world.phone(world.here.liaison_worker).post_seen(path, verb="close").json["closed_on"]
        )

    def test_nothing_announced_keeps_it_a_member(self, world, liaison, rows):
        today = clock.london_today()
        to_end, to_return = (str(today + timedelta(days=days)) for days in (20, 30))
        ((kept,),) = rows(
            "select id from memberships where household_id = :id", id=world.here.family.id
        )
        members = f"/constellations/{world.here.id}/memberships"
        assert liaison.send("PATCH", f"{members}/{kept}", {"ends_on": to_end}).status_code == 200
        again = {"household_id": str(world.here.family.id), "starts_on": to_return}
        assert liaison.post(members, again).status_code == 201
        path = f"/households/{world.here.family.id}"
        assert liaison.post_seen(path, verb="close").status_code == 200
        left = rows(
            "select id, ends_on from memberships where household_id = :id",
            id=world.here.family.id,
        )
        assert left == [(kept, today)]

    def test_not_on_the_day_it_joined(self, world, liaison):
        body = {"constellation_id": str(world.here.id), "name": "Osei household"}
        made = liaison.post("/households", body).json
        answer = liaison.post_seen(f"/households/{made['id']}", verb="close")
        assert (answer.status_code, answer.json["code"]) == (409, "joined_today")

    def test_takes_back_a_membership_to_come(self, world, liaison, rows, owner):
        today = clock.london_today()
        with db.transaction(owner) as session:
            family = session.query(Membership).filter_by(household_id=world.here.family.id).one()
            family.ends_on = today + timedelta(days=5)
            session.flush()
            session.add(
                Membership(
                    constellation_id=world.here.id,
                    household_id=world.here.family.id,
                    starts_on=today + timedelta(days=20),
                )
            )
        answer = liaison.post_seen(f"/households/{world.here.family.id}", verb="close")
        assert answer.status_code == 200
        (left,) = rows(
            "select ends_on from memberships where household_id = :id", id=world.here.family.id
        )
        assert left.ends_on == today

    @pytest.mark.parametrize("kind", ["adults", "children"])
    def test_nothing_is_recorded_in_it_at_that_moment(self, world, liaison, owner, rows, kind):
        born = {"first_name": "Mia", "born_on": "2015-02-03", "gender": "female"}
        body = {**born, "legal_status": "adopted"} if kind == "children" else {"name": "Mia"}
        with ThreadPoolExecutor(1) as pool:
            with db.transaction(owner) as session:
                home = session.get_one(Household, world.here.family.id, with_for_update=True)
                home.closed_on = clock.london_today()
                session.flush()
                path = f"/households/{world.here.family.id}/{kind}"
                answer = pool.submit(liaison.post, path, body)
                waiting = "select 1 from pg_locks where not granted"
                while not rows(waiting) and not answer.done():
                    time.sleep(0.01)
            assert answer.result(10).json["code"] == "household_closed"

    def test_whoever_knows_of_something_ahead_may_refuse(self, world, liaison, listens, rows):
        heard = listens(HouseholdLeaves, refuse=True)
        answer = liaison.post_seen(f"/households/{world.here.family.id}", verb="close")
        assert (answer.status_code, answer.json["code"]) == (409, "stays_ahead")
        assert heard == [HouseholdLeaves(world.here.family.id)]
        assert rows("select from households where closed_on is not null") == []
