"""A child needs a bed now: the own hub is asked, and people are woken."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock, jobs
from hub_api import settings as hub_settings
from hub_api.access import Role
from hub_api.emergencies import ladder
from hub_api.emergencies.jobs import escalate
from hub_api.emergency_rules import EmergencyRules
from tests.factories.emergencies import answer, plea, raised
from tests.phone import in_days


@pytest.fixture(autouse=True)
def nobody_else(world, owner):
    """No other hub has a bed: tests/emergencies/test_other_hubs.py is about those that have."""
    with owner.begin() as connection:
        others = sa.text("delete from beds where hub_home_id = :other")
        connection.execute(others, {"other": world.elsewhere.hub_home})


def asked_of(phone):
    return phone.get("/emergency-asks?is_open=true").json["items"]


class TestRaisingOne:
    def test_asks_the_own_hub_and_says_what_happens_next(self, world):
        found = raised(world)
        (ask,) = found["asks"]
        assert (found["state"], found["step"], ask["answer"]) == ("looking", 1, None)
        assert ask["hub_home_id"] == str(world.here.hub_home)
        assert "asked" in found["what_next"]
        (seen,) = asked_of(world.hub_carer)
        assert (seen["id"], seen["ages"]) == (ask["id"], [7])
        request = world.hub_carer.get(f"/respite-requests/{found['id']}").json
        assert (request["kind"], request["state"]) == ("emergency", "submitted")

    def test_tells_everybody_at_once(self, world, on_call, told):
        raised(world)
        assert told("emergency_asked") == {world.here.hub_carer}
        assert told("emergency_raised") == {world.here.liaison_worker, on_call.account_id}

    def test_tells_the_programme_manager_while_nobody_is_on_call(self, world, told):
        raised(world)
        manager = world.staff[Role.PROGRAMME_MANAGER]
        assert told("emergency_raised") == {world.here.liaison_worker, manager}

    @pytest.mark.parametrize("who", ["liaison_worker", Role.PROGRAMME_MANAGER])
    def test_is_done_by_staff_for_whoever_rang(self, world, who):
        by = world.here.liaison_worker if who == "liaison_worker" else world.staff[who]
        found = raised(world, world.phone(by), asked_for="emergency_duty_team")
        assert found["asked_for"] == "emergency_duty_team"

    def test_is_not_done_by_the_hub_carer(self, world):
        assert world.hub_carer.post("/emergencies", plea(world)).status_code == 403

    def test_sent_twice_is_one(self, world, rows):
        body = plea(world)
        twice = [world.carer.post("/emergencies", body, Idempotency_Key="now-please") for _ in "12"]
        assert [one.status_code for one in twice] == [201, 201]
        assert len(rows("select 1 from emergencies")) == 1

    def test_of_a_child_who_is_away_already_is_refused(self, world):
        ask = raised(world)["asks"][0]
        assert answer(world.hub_carer, ask, "accept").status_code == 200
        again = world.carer.post("/emergencies", plea(world))
        assert (again.status_code, again.json["code"]) == (409, "child_already_away")

    def test_is_no_ordinary_request(self, world):
        body = world.ask_body(kind="emergency")
        refused = world.carer.post("/respite-requests", body)
        assert (refused.status_code, [*refused.json["errors"]]) == (422, ["kind"])

    def test_shows_the_number_that_always_helps(self, world, settings):
        rules = EmergencyRules(edt_telephone="020 7946 0000")
        assert raised(world)["edt_telephone"] is None
        hub_settings.use(replace(settings, emergencies=rules))
        (found,) = world.carer.get("/emergencies").json["items"]
        assert found["edt_telephone"] == "020 7946 0000"


class TestSayingYes:
    def test_books_a_bed_for_tonight_and_tells_everybody(self, world, on_call, told, rows):
        found = raised(world)
        said = answer(world.hub_carer, found["asks"][0], "accept")
        assert (said.status_code, said.json["answer"]) == (200, "yes")
        (stay,) = world.carer.get("/sleepovers").json["items"]
        assert stay["state"] == "confirmed"
        assert [night["night"] for night in stay["bed_nights"]] == found["nights"]
        assert told("emergency_placed") == {
            world.here.family.carer,
            world.here.liaison_worker,
            on_call.account_id,
        }
        assert world.carer.get(f"/emergencies/{found['id']}").json["state"] == "placed"
        actions = {row.action for row in rows("select action from audit_events")}
        assert {"emergency:create", "emergency:place", "respite_request:accept"} <= actions

    def test_counts_beyond_what_a_hub_carer_may_decide_alone(self, world):
        found = raised(world, until=in_days(5, hour=10))
        assert answer(world.hub_carer, found["asks"][0], "accept").status_code == 200

    def test_is_not_possible_twice(self, world):
        ask = raised(world)["asks"][0]
        answer(world.hub_carer, ask, "accept")
        again = answer(world.hub_carer, ask, "accept")
        assert (again.status_code, again.json["code"]) == (409, "already_settled")

    def test_needs_a_bed_which_whoever_is_on_call_may_add(self, world, on_call):
        sister = str(world.here.family.children[0])
        first = raised(world, children=[sister])
        assert answer(world.hub_carer, first["asks"][0], "accept").status_code == 200
        found = raised(world)
        assert found["step"] == 3, "a full hub waits for nobody"
        ask = found["asks"][0]
        assert answer(world.hub_carer, ask, "accept").json["code"] == "nights_taken"
        bed = {
            "label": "Folding bed",
            "first_night": found["nights"][0],
            "last_night": found["nights"][-1],
            "reason": "emergency",
        }
        path = f"/constellations/{world.here.id}/temporary-beds"
        assert on_call.post(path, bed).status_code == 201
        assert answer(world.hub_carer, ask, "accept").status_code == 200


class TestSayingNo:
    def test_leaves_nobody_waiting(self, world, told):
        found = raised(world)
        assert answer(world.hub_carer, found["asks"][0], "decline").json["answer"] == "no"
        now = world.carer.get(f"/emergencies/{found['id']}").json
        assert (now["state"], now["step"], now["next_step_at"]) == ("looking", 3, None)
        assert world.here.family.carer in told("emergency_unplaced")

    def test_may_be_thought_over(self, world):
        ask = raised(world)["asks"][0]
        answer(world.hub_carer, ask, "decline")
        assert answer(world.hub_carer, ask, "accept").json["answer"] == "yes"


class TestTheClock:
    def test_raises_the_alarm_when_nobody_answers(self, world, time_is_up, told, rows, on_call):
        found = raised(world)
        time_is_up(found)
        now = world.carer.get(f"/emergencies/{found['id']}").json
        assert (now["step"], now["asks"][0]["answer"]) == (3, None)
        assert "ring" in now["what_next"]
        assert told("emergency_unplaced") == {
            world.here.family.carer,
            world.here.liaison_worker,
            on_call.account_id,
        }
        (task,) = rows("select * from tasks")
        assert (task.kind, task.state) == ("emergency_unplaced", "open")
        answer(world.hub_carer, found["asks"][0], "accept")
        (task,) = rows("select * from tasks")
        assert task.state == "settled"

    @pytest.mark.usefixtures("worker")
    def test_does_not_ring_before_its_time(self, world, rows):
        raised(world)
        with time_machine.travel(clock.now() + timedelta(minutes=14), tick=False):
            escalate(0)
        assert rows("select step from emergencies") == [(1,)]
        with time_machine.travel(clock.now() + timedelta(minutes=15, seconds=1), tick=False):
            escalate(0)
        assert rows("select step from emergencies") == [(3,)]

    def test_that_is_late_or_runs_twice_does_nothing(self, world, time_is_up, rows):
        found = raised(world)
        time_is_up(found)
        before = len(rows("select 1 from notifications"))
        with jobs.transaction():
            assert not ladder.escalate(found["id"], 1)
        assert len(rows("select 1 from notifications")) == before


class TestTakingItBack:
    def test_tells_the_hub_that_was_asked(self, world, told, rows):
        found = raised(world)
        path = f"/respite-requests/{found['id']}"
        gone = world.carer.post_seen(path, {"reason": "no_longer_needed"}, verb="withdraw")
        assert gone.status_code == 200, gone.json
        assert world.carer.get(f"/emergencies/{found['id']}").json["state"] == "ended"
        assert told("emergency_settled") == {world.here.hub_carer}
        assert asked_of(world.hub_carer) == []
        assert rows("select answer from emergency_asks") == [("settled",)]

    @pytest.mark.parametrize("verb", ["accept", "decline"])
    def test_is_not_answered_like_a_request(self, world, verb):
        path = f"/respite-requests/{raised(world)['id']}"
        body = {"reason": "other"} if verb == "decline" else None
        refused = world.hub_carer.post_seen(path, body, verb=verb)
        assert (refused.status_code, refused.json["code"]) == (409, "emergency")


class TestTermsOfApproval:
    @pytest.fixture
    def outside(self, world, owner):  # noqa: ARG002 - its hub home comes first
        with owner.begin() as connection:
            connection.exec_driver_sql("update approvals set min_age = 12")

    @pytest.mark.usefixtures("outside")
    def test_may_be_set_aside_by_a_named_manager(self, world, on_call, rows):
        found = raised(world)
        ask, path = found["asks"][0], f"/emergencies/{found['id']}/terms"
        assert answer(world.hub_carer, ask, "accept").json["code"] == "approval_terms"
        for phone in (world.carer, world.hub_carer, world.phone(world.here.liaison_worker)):
            assert phone.post(path, {"reason": "no_other_bed"}).status_code == 403
        assert on_call.post(path, {"reason": "no_other_bed"}).json["terms_reason"] == "no_other_bed"
        assert answer(world.hub_carer, ask, "accept").status_code == 200
        (row,) = rows("select terms_set_aside_by as by from emergencies")
        assert row.by == on_call.account_id

    def test_for_six_working_days_at_most(self, world, on_call, settings):
        hub_settings.use(replace(settings, longest_approved_stay=14))
        found = raised(world, until=in_days(10, hour=10))
        refused = on_call.post(f"/emergencies/{found['id']}/terms", {"reason": "no_other_bed"})
        assert (refused.status_code, refused.json["code"]) == (409, "stay_too_long")
