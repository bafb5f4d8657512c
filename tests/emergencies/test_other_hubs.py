"""The own hub is full, or silent: others with a free bed are asked; the first yes has the child.

Over HTTP, so under row-level security: the host sees the stay and its child, and nothing before.
"""

from uuid import UUID

import pytest
import sqlalchemy as sa

from hub_api import db
from tests.emergencies.conftest import asked_of
from tests.factories.emergencies import answer, plea, raised


class TestTheOthers:
    def test_are_asked_when_the_own_hub_says_no(self, world, looking, host, told):
        assert [ask["ages"] for ask in asked_of(host)] == [[7]]
        assert told("emergency_asked") == {world.here.hub_carer, world.elsewhere.hub_carer}
        now = world.carer.get(f"/emergencies/{looking['id']}").json
        assert (now["step"], len(now["asks"])) == (2, 2)

    def test_are_asked_when_it_is_silent_and_then_the_telephone(self, world, host, time_is_up):
        found = raised(world)
        assert asked_of(host) == []
        time_is_up(found)
        assert len(asked_of(host)) == 1
        time_is_up(found)
        assert world.carer.get(f"/emergencies/{found['id']}").json["step"] == 3

    def test_are_asked_at_once_when_it_is_full(self, world, host):
        sister = str(world.here.family.children[0])
        answer(world.hub_carer, raised(world, children=[sister])["asks"][0], "accept")
        assert raised(world)["step"] == 2
        assert len(asked_of(host)) == 1

    @pytest.mark.parametrize("why", ["full", "away", "gone"])
    def test_without_a_bed_are_not_asked(self, world, owner, host, why):
        if why == "full":
            family = world.elsewhere.family
            child = str(family.children[0])
            there = plea(world, household_id=str(family.id), children=[child])
            theirs = world.phone(family.carer).post("/emergencies", there).json
            assert answer(host, theirs["asks"][0], "accept").status_code == 200
        statement = {
            "away": "insert into hub_absences (id, constellation_id, hub_home_id,"
            " first_night, last_night, reason, added_by, created_at)"
            " select gen_random_uuid(), :place, :home, current_date - 1, current_date + 1,"
            " 'leave', :by, now()",
            "gone": "update hub_appointments set ends_on = starts_on + 1 where hub_home_id = :home",
        }.get(why)
        if statement:
            place = world.elsewhere
            values = {"place": place.id, "home": place.hub_home, "by": place.hub_carer}
            with owner.begin() as connection:
                connection.execute(sa.text(statement), values)
        found = raised(world)
        answer(world.hub_carer, found["asks"][0], "decline")
        assert asked_of(host) == []
        assert world.carer.get(f"/emergencies/{found['id']}").json["step"] == 3


class TestAHost:
    def test_sees_nothing_of_the_family_before_saying_yes(self, world, looking, host):
        child = world.here.family.children[1]
        for path in (
            f"/emergencies/{looking['id']}",
            f"/respite-requests/{looking['id']}",
            f"/households/{world.here.family.id}",
        ):
            assert host.get(path).status_code == 404
        assert str(child) not in host.get("/emergency-asks").text

    def test_has_the_stay_and_its_child_from_then_on(self, world, looking, host, rows):
        said = answer(host, asked_of(host)[0], "accept")
        assert (said.status_code, said.json["answer"]) == (200, "yes")
        (stay,) = host.get("/sleepovers").json["items"]
        assert stay["hosting_constellation_id"] == str(world.elsewhere.id)
        assert stay["child"]["first_name"] == "Here family child 1"
        assert stay["bed_nights"][0]["bed_id"] == str(world.elsewhere.beds[0])
        (mine,) = world.carer.get("/sleepovers").json["items"]
        assert mine == stay
        (shared,) = rows("select * from shared_access")
        assert shared.child_id == world.here.family.children[1]
        assert shared.constellation_id == world.elsewhere.id
        assert host.get(f"/emergencies/{looking['id']}").status_code == 404
        assert host.get(f"/households/{world.here.family.id}").status_code == 404

    @pytest.mark.usefixtures("looking")
    def test_runs_the_stay_and_the_own_hub_does_not(self, world, host):
        answer(host, asked_of(host)[0], "accept")
        (stay,) = host.get("/sleepovers").json["items"]
        path = f"/sleepovers/{stay['id']}"
        assert world.hub_carer.post_seen(path, {}, verb="handover").status_code == 403
        handed = host.post_seen(path, {}, verb="handover")
        assert (handed.status_code, handed.json["state"]) == (200, "in_stay")
        later = {"departs_at": stay["departs_at"].replace("T10", "T11")}
        refused = host.post_seen(path, {**later, "reason": None}, verb="extend")
        assert refused.json["code"] == "hosted_elsewhere"
        ended = host.post_seen(path, {"reason": "carer_ready"}, verb="end-early")
        assert (ended.status_code, ended.json["state"]) == (200, "returned")

    @pytest.mark.usefixtures("looking")
    def test_hears_of_it_when_a_phone_catches_up(self, host):
        cursor = host.get("/sync?limit=500").json["cursor"]
        answer(host, asked_of(host)[0], "accept")
        changed = host.get(f"/sync?limit=500&cursor={cursor}").json["changed"]
        assert len(changed["sleepovers"]) == 1

    @pytest.mark.usefixtures("looking")
    def test_may_think_again_while_nobody_has_the_child(self, host):
        (ask,) = asked_of(host)
        for verb, expected in (("decline", 200), ("accept", 200), ("accept", 409)):
            answered = answer(host, ask, verb)
            assert answered.status_code == expected, (verb, answered.json)

    @pytest.mark.parametrize(
        ("state", "answers", "is_opened"),
        [
            ("looking", None, True),
            ("looking", "no", True),
            ("looking", "yes", False),
            ("looking", "settled", False),
            ("ended", None, False),
            ("ended", "no", False),
            ("placed", "no", False),
            ("placed", "yes", False),
        ],
    )
    def test_opens_none_that_is_settled(
        self, world, host, looking, settings, owner, state, answers, is_opened
    ):
        """By the database's own word: what the program asks before doesn't matter to it."""
        ask = asked_of(host)[0]["id"]
        values = {"id": looking["id"], "ask": ask, "state": state, "answer": answers}
        with owner.begin() as connection:
            of_it = """update emergencies set state = :state, next_step_at =
                case when :state = 'looking' then next_step_at end where id = :id"""
            of_ask = """update emergency_asks set answer = cast(:answer as text), answered_at =
                case when cast(:answer as text) is not null then now() end where id = :ask"""
            for statement in (of_it, of_ask):
                connection.execute(sa.text(statement), values)
        engine = db.make_engine(settings.required_database().api, connections=1)
        with db.transaction(engine) as session:
            db.set_scope(world.elsewhere.hub_carer, [world.elsewhere.id])
            opened = session.scalar(sa.select(sa.func.open_emergency(UUID(ask))))
            children = session.scalars(sa.text("select constellation_id from children")).all()
        engine.dispose()
        assert (opened, world.here.id in children) == (is_opened, is_opened)

    def test_opens_no_emergency_that_it_is_not_asked_about(self, world, looking, settings, third):
        """The functions of the database look who asks, whatever the program does."""
        engine = db.make_engine(settings.required_database().api, connections=1)
        ask = sa.text("select open_emergency(:ask), current_setting('hub.constellations')")
        with db.transaction(engine) as session:
            db.set_scope(world.elsewhere.hub_carer, [third.id])
            theirs = session.execute(ask, {"ask": looking["asks"][0]["id"]}).one()
            assert tuple(theirs) == (False, f"{{{third.id}}}")
            found = sa.text("select * from hub_homes_with_beds(:id)")
            assert session.execute(found, {"id": looking["id"]}).all() == []
        engine.dispose()
