"""Children's facts, their brothers and sisters, and leaving."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from hub_api import changes, clock, db, nights
from hub_api.households import records
from hub_api.households.changes import ChildLeaves, HubResidentsChanged
from hub_api.households.models import Child
from tests.households.conftest import change
from tests.platform.test_statements import counted

BORN = {
    "first_name": "Mia",
    "born_on": "2015-02-03",
    "gender": "female",
    "legal_status": "section_31",
    "placed_on": "2020-03-04",
    "bereaved_on": "2021-05-06",
    "responsible_authority": "Kent",
}


@pytest.fixture
def home(world):
    return f"/households/{world.here.family.id}/children"


@pytest.fixture
def child(world):
    return f"/children/{world.here.family.children[0]}"


def years_ago(years, days=0):
    today = clock.london_today()
    day = min(today.day, 28)
    return str(today.replace(year=today.year - years, day=day) + timedelta(days))


class TestSee:
    def test_own_carers_and_those_who_keep_records_see_the_facts(
        self, world, home, child, liaison, manager
    ):
        shown = {**liaison.get(child).json}
        assert shown["legal_status"] == "section_31"
        assert "first_name" in shown
        assert shown.keys() >= {"placed_on", "bereaved_on", "responsible_authority", "born_on"}
        for phone in (world.carer, manager):
            assert phone.get(child).json == shown
            assert shown in phone.get(home).json["items"]

    def test_the_hub_carer_and_the_neighbours_do_not(self, world, home, child):
        assert world.hub_carer.get(child).status_code == 403
        assert world.hub_carer.get(home).status_code == 403
        neighbour = world.phone(world.here.neighbours.carer)
        assert (neighbour.get(child).status_code, neighbour.get(home).status_code) == (404, 404)

    def test_a_hub_carer_who_fosters_elsewhere_sees_own_children_alone(self, world, child, grant):
        grant(world.here.hub_carer, "satellite_carer", household_id=world.here.neighbours.id)
        assert world.hub_carer.get(child).status_code == 403
        own = f"/children/{world.here.neighbours.children[0]}"
        assert world.hub_carer.get(own).status_code == 200

    def test_reads_take_at_most_four_statements(self, world, home, child):
        for phone in (world.carer, world.phone(world.here.liaison_worker)):
            for path in (home, child):
                with counted(world.app.engine) as sent:
                    assert phone.get(path).status_code == 200
                assert len(sent) <= 4


class TestRecord:
    def test_a_child_who_came(self, home, liaison, rows):
        answer = liaison.post(home, BORN)
        assert answer.status_code == 201
        assert answer.json | BORN == answer.json
        child_id = answer.json["id"]
        assert rows("select from child_keys where child_id = :id", id=child_id)
        (audited,) = rows("select * from audit_events where action = 'child:create'")
        assert str(audited.subject_id) == child_id
        assert set(audited.changed) == set(BORN)
        again = liaison.get(f"/children/{child_id}")
        assert again.json == answer.json

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"born_on": years_ago(0, 30)}, "in_the_future"),
            ({"bereaved_on": str(clock.london_today() + timedelta(2))}, "in_the_future"),
            ({"born_on": years_ago(26), "placed_on": None, "bereaved_on": None}, "too_old"),
            ({"placed_on": "2014-01-01"}, "dates_out_of_order"),
            ({"bereaved_on": "2015-02-02"}, "dates_out_of_order"),
        ],
    )
    def test_not_with_dates_that_can_t_be(self, home, child, liaison, rows, changes, code):
        answer = liaison.post(home, BORN | changes)
        assert (answer.status_code, answer.json["code"]) == (409, code)
        seen = liaison.get(child).json
        answer = change(liaison, child, seen, {**BORN, **changes})
        assert (answer.status_code, answer.json["code"]) == (409, code)
        assert rows("select from children where first_name = 'Mia'") == []

    def test_at_25_one_is_still_a_young_person(self, home, liaison):
        body = BORN | {"born_on": years_ago(26, 1), "placed_on": None, "bereaved_on": None}
        answer = liaison.post(home, body)
        assert (answer.status_code, answer.json["age"]) == (201, 25)
        today = {"born_on": str(clock.london_today()), "placed_on": None, "bereaved_on": None}
        assert liaison.post(home, BORN | today).json["age"] == 0

    @pytest.mark.parametrize(
        "changes", [{"gender": "boy"}, {"legal_status": "fostered"}, {"born_on": "1999-12-31"}]
    )
    def test_not_in_words_the_hub_does_not_know(self, home, liaison, changes):
        answer = liaison.post(home, BORN | changes)
        assert (answer.status_code, [*answer.json["errors"]]) == (422, [*changes])

    def test_what_has_changed(self, child, liaison, rows):
        seen = liaison.get(child).json
        answer = change(liaison, child, seen, {"legal_status": "adopted"})
        assert (answer.status_code, answer.json["legal_status"]) == (200, "adopted")
        assert change(liaison, child, seen, {"gender": "male"}).status_code == 412
        (audited,) = rows("select * from audit_events where action = 'child:change'")
        assert audited.changed == ["legal_status"]


class TestLeave:
    def leave(self, phone, path, day):
        return phone.post(
            f"{path}/leave", {"left_on": str(day)}, If_Match=phone.get(path).headers["ETag"]
        )

    def test_a_child_who_has_left_is_with_those_who_keep_records_alone(
        self, world, home, child, liaison, rows
    ):
        today = clock.london_today()
        answer = self.leave(liaison, child, today)
        assert (answer.status_code, answer.json["left_on"]) == (200, str(today))
        assert world.carer.get(child).status_code == 404
        assert len(world.carer.get(home).json["items"]) == 1
        assert len(liaison.get(home).json["items"]) == 2
        again = self.leave(liaison, child, today)
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")
        assert len(rows("select from audit_events where action = 'child:leave'")) == 1

    def test_nobody_asks_for_a_child_who_has_left(self, world, child, liaison):
        tomorrow = clock.london_today() + timedelta(1)
        assert self.leave(liaison, child, tomorrow).status_code == 200
        draft = world.ask_body(draft=True)
        assert world.carer.post("/respite-requests", draft).status_code == 201
        assert self.leave(liaison, child, clock.london_today()).status_code == 200
        answer = world.carer.post("/respite-requests", world.ask_body(days=9))
        assert answer.status_code == 404

    def test_not_before_the_child_came(self, child, liaison):
        seen = liaison.get(child).json
        assert change(liaison, child, seen, {"placed_on": "2024-01-01"}).status_code == 200
        answer = self.leave(liaison, child, "2023-12-31")
        assert (answer.status_code, answer.json["code"]) == (409, "dates_out_of_order")

    def test_whoever_knows_of_something_ahead_may_refuse(self, world, child, liaison, listens):
        heard = listens(ChildLeaves, refuse=True)
        today = clock.london_today()
        answer = self.leave(liaison, child, today)
        assert (answer.status_code, answer.json["code"]) == (409, "stays_ahead")
        assert heard == [ChildLeaves(world.here.family.children[0], today)]
        assert liaison.get(child).json["left_on"] is None

    def test_waits_for_whoever_is_asking_for_the_child(self, world, child, liaison):
        """Otherwise a request could slip in behind the look at what is ahead."""
        with counted(world.app.engine) as asking:
            world.asked()
        held = [s for s in asking if "FOR KEY SHARE" in s]
        assert ["children" in s for s in held] == [False, True, False]
        assert "hub_appointments" in held[-1]
        with counted(world.app.engine) as leaving:
            self.leave(liaison, child, clock.london_today())
        assert any("FROM children" in s and s.endswith("FOR UPDATE") for s in leaving)


class TestSiblings:
    @staticmethod
    def put(phone, path, *others):
        body = {"children": [str(other) for other in others]}
        return phone.send("PUT", f"{path}/siblings", body, If_Match=phone.get(path).headers["ETag"])

    def test_are_one_group_wherever_they_live(self, world, child, liaison, rows):
        others = [world.here.family.children[1], world.here.neighbours.children[0]]
        answer = self.put(liaison, child, *others)
        group = answer.json["sibling_group_id"]
        assert answer.status_code == 200
        assert group
        for other in others:
            assert liaison.get(f"/children/{other}").json["sibling_group_id"] == group
        assert len(rows("select from audit_events where action = 'child:siblings'")) == 3

    def test_no_others_take_the_child_out(self, world, child, liaison):
        other = world.here.family.children[1]
        group = self.put(liaison, child, other).json["sibling_group_id"]
        assert self.put(liaison, child).json["sibling_group_id"] is None
        assert liaison.get(f"/children/{other}").json["sibling_group_id"] == group

    def test_not_oneself_nor_a_child_one_does_not_see(self, world, child, liaison, manager):
        answer = self.put(liaison, child, world.here.family.children[0])
        assert (answer.status_code, answer.json["code"]) == (409, "same_child")
        stranger = world.elsewhere.family.children[0]
        assert self.put(liaison, child, stranger).status_code == 404
        assert self.put(manager, child, stranger).status_code == 200

    def test_not_on_what_somebody_changed_meanwhile(self, world, child, liaison):
        seen = liaison.get(child).headers["ETag"]
        assert self.put(liaison, child, world.here.family.children[1]).status_code == 200
        body = {"children": []}
        answer = liaison.send("PUT", f"{child}/siblings", body, If_Match=seen)
        assert answer.status_code == 412


class TestInAHubHome:
    """Who lives there counts for the limits: under its mutex, and guests may stand in the way."""

    @pytest.fixture
    def home(self, hub_household):
        return f"/households/{hub_household}/children"

    def test_a_change_takes_the_mutex_first_and_is_announced_last(
        self, world, home, liaison, listens
    ):
        heard = listens(HubResidentsChanged)
        with counted(world.app.engine) as sent:
            made = liaison.post(home, BORN).json
        of_note = [s.split()[0:3] for s in sent if "hub_homes SET" in s or "INTO children" in s]
        assert of_note == [["UPDATE", "hub_homes", "SET"], ["INSERT", "INTO", "children"]]
        path = f"/children/{made['id']}"
        with counted(world.app.engine) as sent:
            change(liaison, path, made, {"legal_status": "adopted"})
        locks = [s for s in sent if "hub_homes SET" in s or s.endswith("FOR UPDATE")]
        assert "hub_homes SET" in locks[0]
        TestSiblings.put(liaison, path, world.here.family.children[0])
        TestLeave().leave(liaison, path, clock.london_today())
        tonight = nights.first_not_over()
        assert heard == [HubResidentsChanged(world.here.hub_home, tonight)] * 4

    def test_guests_who_stand_in_the_way_undo_it(self, home, liaison, listens, rows):
        made = liaison.post(home, BORN).json
        listens(HubResidentsChanged, refuse=True)
        path = f"/children/{made['id']}"
        for answer in (
            liaison.post(home, BORN | {"first_name": "Another"}),
            change(liaison, path, made, {"legal_status": "adopted"}),
        ):
            assert (answer.status_code, answer.json["code"]) == (409, "fostering_limit")
        assert rows("select from children where first_name = 'Another'") == []
        assert liaison.get(path).json["legal_status"] == "section_31"

    def test_is_announced_with_the_rows_written(self, home, liaison, monkeypatch):
        seen = []

        def look(_change):
            found = db.connection().exec_driver_sql("select first_name from children")
            seen.extend(name for (name,) in found)

        monkeypatch.setitem(changes._listeners, HubResidentsChanged, [look])
        assert liaison.post(home, BORN).status_code == 201
        assert "Mia" in seen

    def test_elsewhere_nothing_is_announced(self, world, liaison, listens):
        heard = listens(HubResidentsChanged, refuse=True)
        home = f"/households/{world.here.family.id}/children"
        assert liaison.post(home, BORN).status_code == 201
        assert heard == []


@pytest.mark.parametrize("born_on", ["2016-02-29", "2016-03-01", "2016-02-28", "2015-12-31"])
@pytest.mark.parametrize("today", ["2026-02-28", "2026-03-01", "2028-02-29", "2027-12-31"])
def test_ages_are_counted_alike_in_python_and_in_the_database(world, owner, born_on, today):
    """The age that is shown is the one the checks judge by."""
    born, day = date.fromisoformat(born_on), date.fromisoformat(today)
    with db.transaction(owner) as session:
        child = session.get_one(Child, world.here.family.children[0])
        child.born_on = born
        session.flush()
        age = sa.select(records.age()).where(Child.id == child.id)
        assert session.scalar(age, {"today": day}) == clock.whole_years(born, day)
