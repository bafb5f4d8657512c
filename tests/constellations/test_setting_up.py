"""Beginning, renaming and closing constellations."""

from uuid import UUID

import pytest
from sqlalchemy.exc import ProgrammingError

from hub_api import clock, db
from hub_api.constellations import service
from hub_api.constellations.changes import ConstellationCloses
from hub_api.errors import Conflict
from hub_api.households import service as households
from tests.constellations.conftest import date_in, day, heard, outcome


@pytest.fixture
def empty(manager) -> dict[str, object]:
    """A constellation to which nobody belongs."""
    return manager.post("/constellations", {"name": "Peckham"}).json


def close(phone, constellation):
    return phone.post_seen(f"/constellations/{constellation['id']}", verb="close")


class TestBeginning:
    def test_is_seen_in_the_answer_and_from_then_on(self, manager, audited):
        answer = manager.post("/constellations", {"name": "Peckham"})
        assert answer.status_code == 201
        assert answer.json["name"] == "Peckham"
        assert (answer.json["hub_home"], answer.json["closed_on"]) == (None, None)
        assert manager.get(f"/constellations/{answer.json['id']}").json == answer.json
        assert audited() == ["constellation:create"]

    def test_sent_twice_begins_one(self, manager, rows):
        answers = [
            manager.post("/constellations", {"name": "Peckham"}, Idempotency_Key="peckham-once")
            for _ in range(2)
        ]
        assert answers[0].json == answers[1].json
        assert len(rows("select 1 from constellations where name = 'Peckham'")) == 1

    def test_a_name_is_given_once(self, manager):
        assert outcome(manager.post("/constellations", {"name": "Here"})) == (409, "name_taken")

    @pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "a" * 101}, {"name": "a\nb"}])
    def test_needs_a_name_on_one_line(self, manager, body):
        assert manager.post("/constellations", body).status_code == 422

    def test_is_not_for_those_who_run_one(self, world, liaison):
        for phone in (liaison, world.hub_carer, world.carer):
            assert phone.post("/constellations", {"name": "Mine"}).status_code == 403

    def test_shows_nobody_else_the_new_one(self, world, liaison, empty):
        for phone in (liaison, world.carer):
            assert phone.get(f"/constellations/{empty['id']}").status_code == 404


class TestTheSecondWall:
    def test_lets_only_those_who_oversee_the_service_begin_one(self, world, app):
        def begin(*, oversees_service):
            with db.transaction(app.engine):
                db.set_scope(
                    world.here.hub_carer, [world.here.id], oversees_service=oversees_service
                )
                service.found_constellation("Sneaked in")

        begin(oversees_service=True)
        with pytest.raises(ProgrammingError, match="row-level security"):
            begin(oversees_service=False)


class TestRenaming:
    def test_changes_the_name_and_the_version(self, manager, here, audited):
        seen = manager.get(here)
        answer = manager.send("PATCH", here, {"name": "Nunhead"}, If_Match=seen.headers["ETag"])
        assert (answer.json["name"], answer.json["version"]) == ("Nunhead", 2)
        assert audited() == ["constellation:change"]

    def test_needs_the_version_seen(self, manager, here):
        assert manager.send("PATCH", here, {"name": "Nunhead"}).status_code == 428
        stale = manager.send("PATCH", here, {"name": "Nunhead"}, If_Match='"7"')
        assert stale.status_code == 412

    def test_a_name_is_given_once(self, manager, here):
        answer = manager.send("PATCH", here, {"name": "Elsewhere"}, If_Match='"1"')
        assert outcome(answer) == (409, "name_taken")

    def test_is_for_the_programme_manager(self, liaison, here):
        answer = liaison.send("PATCH", here, {"name": "Mine"}, If_Match='"1"')
        assert answer.status_code == 403


class TestClosing:
    def test_is_from_today_on_and_leaves_it_to_be_read(self, manager, empty, audited):
        answer = close(manager, empty)
        assert (answer.status_code, answer.json["closed_on"]) == (200, day(0))
        assert manager.get(f"/constellations/{empty['id']}").json == answer.json
        assert audited()[-1] == "constellation:close"

    def test_is_announced(self, manager, empty):
        with heard(ConstellationCloses) as changes:
            close(manager, empty)
        assert [(str(c.constellation_id), c.closed_on) for c in changes] == [
            (empty["id"], date_in(0))
        ]

    def test_is_refused_when_somebody_knows_of_stays(self, manager, empty):
        with heard(ConstellationCloses, refuses=True):
            assert outcome(close(manager, empty)) == (409, "stays_ahead")
        assert manager.get(f"/constellations/{empty['id']}").json["closed_on"] is None

    def test_is_refused_while_households_belong_to_it(self, manager, world):
        answer = close(manager, {"id": world.here.id})
        assert outcome(answer) == (409, "still_has_members")

    def test_is_refused_while_a_household_is_to_join(self, manager, empty, owner):
        with db.transaction(owner):
            household = households.add_household(UUID(empty["id"]), "To come")
            service.add_member(household.constellation_id, household.id, date_in(9))
        assert outcome(close(manager, empty)) == (409, "still_has_members")

    def test_does_not_mind_those_who_have_left(self, manager, world, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql("update memberships set ends_on = now()::date")
        assert close(manager, {"id": world.here.id}).status_code == 200

    def test_is_done_once(self, manager, empty):
        assert close(manager, empty).status_code == 200
        assert outcome(close(manager, empty)) == (409, "constellation_closed")

    def test_needs_the_version_seen(self, manager, empty):
        path = f"/constellations/{empty['id']}/close"
        assert manager.post(path).status_code == 428
        assert manager.post(path, If_Match='"9"').status_code == 412

    def test_is_for_the_programme_manager(self, liaison, here):
        assert liaison.post(f"{here}/close", If_Match='"1"').status_code == 403


@pytest.mark.usefixtures("world", "closed")
class TestAClosedOne:
    @pytest.fixture
    def closed(self, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql("update constellations set closed_on = now()::date")

    @pytest.mark.parametrize(
        ("part", "body"),
        [
            ("beds", {"label": "New"}),
            (
                "temporary-beds",
                {"label": "New", "first_night": 1, "last_night": 2, "reason": "emergency"},
            ),
            ("memberships", {"household_id": "household"}),
            ("hub-appointments", {"hub_home_id": "hub"}),
        ],
    )
    def test_has_nothing_added_to_it(self, manager, world, here, part, body):
        values = {"hub": str(world.elsewhere.hub_home), "household": str(world.here.family.id)}
        values |= {1: day(1), 2: day(2)}
        sent = {name: values.get(value, value) for name, value in body.items()}
        answer = manager.post(f"{here}/{part}", sent)
        assert outcome(answer) == (409, "constellation_closed")

    def test_has_no_nights_blocked(self, world, here):
        body = {"first_night": day(1), "last_night": day(2), "reason": "leave"}
        answer = world.hub_carer.post(f"{here}/blocked-nights", body)
        assert outcome(answer) == (409, "constellation_closed")

    def test_has_no_hub_home_from_that_day_on(self, world, owner):
        with db.transaction(owner):
            with pytest.raises(Conflict) as refused:
                service.serving_hub_home(world.here.id, clock.london_today())
            assert refused.value.code == "constellation_closed"
            assert "liaison worker" in refused.value.detail
            yesterday = service.serving_hub_home(world.here.id, date_in(-1))
        assert yesterday == world.here.hub_home

    @pytest.mark.parametrize("part", ["", "/beds", "/memberships", "/hub-appointments"])
    def test_can_be_read(self, manager, here, part):
        assert manager.get(f"{here}{part}").status_code == 200
