"""A record opened in an emergency: for an hour, with others told, and looked at afterwards."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock, db
from hub_api import settings as hub_settings
from hub_api.access import Role
from hub_api.emergency_rules import EmergencyRules
from hub_api.households import service as households
from tests.factories.accounts import make_account

SECOND = timedelta(seconds=1)
WHY = "The hospital asks for allergies and nobody answers."


@pytest.fixture
def child(world):
    return world.here.family.children[0]


@pytest.fixture
def manager(world):
    return world.staff[Role.PROGRAMME_MANAGER]


@pytest.fixture
def opened(world, child, manager):
    body = {"child_id": str(child), "reason": WHY}
    answer = world.phone(manager).post("/access/break-glass", body)
    assert answer.status_code == 201, answer.json
    return answer.json


def end_all(owner, role):
    """Nobody holds this role any more."""
    with owner.begin() as connection:
        connection.execute(sa.text("delete from role_grants where role = :role"), {"role": role})


@pytest.fixture
def status(world, child):
    """What the answer is at a moment, for somebody."""

    def ask(account_id, moment):
        with time_machine.travel(moment, tick=False):
            return world.phone(account_id).get(f"/children/{child}/pack").status_code

    return ask


class TestThePack:
    def test_is_closed_to_the_programme_manager(self, world, child, manager):
        assert world.phone(manager).get(f"/children/{child}/pack").status_code == 404

    def test_is_open_for_an_hour_to_the_second(self, opened, manager, status):
        opened_at, closes_at = (
            datetime.fromisoformat(opened[name]) for name in ("opened_at", "expires_at")
        )
        assert closes_at - opened_at == timedelta(hours=1)
        assert status(manager, opened_at + SECOND) == 200
        assert status(manager, closes_at - SECOND) == 200
        assert status(manager, closes_at) == 404
        assert status(manager, closes_at + SECOND) == 404

    @pytest.mark.usefixtures("opened")
    def test_is_open_to_nobody_else_and_no_other_is(self, world, owner, child, manager, rows):
        with db.transaction(owner):
            other = make_account(Role.PROGRAMME_MANAGER).id
        assert world.phone(other).get(f"/children/{child}/pack").status_code == 404
        phone, sister = world.phone(manager), world.here.family.children[1]
        assert phone.get(f"/children/{sister}/pack").status_code == 404
        assert phone.get(f"/children/{child}/pack").status_code == 200
        read = "select actor_id, subject_id from audit_events where action = 'child:read_pack'"
        assert rows(read) == [(manager, child)]

    @pytest.mark.usefixtures("opened")
    def test_can_not_be_written(self, world, child, manager):
        body, path = {"says": "nothing_to_tell"}, f"/children/{child}/pack/diet"
        answer = world.phone(manager).send("PUT", path, body, If_Match='"1"')
        assert answer.status_code == 403


class TestOthers:
    def test_are_told_at_once(self, world, owner, child, manager, rows):
        with db.transaction(owner):
            other = make_account(Role.PROGRAMME_MANAGER).id
        body = {"child_id": str(child), "reason": WHY}
        made = world.phone(manager).post("/access/break-glass", body).json
        told = rows("select account_id, severity, subject_id::text from notifications")
        expected = {(who, "urgent", made["id"]) for who in (other, world.here.liaison_worker)}
        assert {tuple(row) for row in told} == expected

    def test_are_whoever_is_on_call_when_nobody_else_is_there(
        self, world, owner, child, manager, rows
    ):
        end_all(owner, Role.LIAISON_WORKER)
        with db.transaction(owner):
            on_call = make_account(Role.ON_CALL_MANAGER).id
        body = {"child_id": str(child), "reason": WHY}
        assert world.phone(manager).post("/access/break-glass", body).status_code == 201
        assert rows("select account_id from notifications") == [(on_call,)]

    @pytest.mark.parametrize("telephone", ["", "01632 960 001"])
    def test_must_be_somebody(self, world, settings, owner, child, manager, telephone):
        """Nobody to tell: it stays closed, and the answer says whom to ring."""
        end_all(owner, Role.LIAISON_WORKER)
        rules = EmergencyRules(edt_telephone=telephone)
        hub_settings.use(replace(settings, emergencies=rules))
        body = {"child_id": str(child), "reason": WHY}
        refused = world.phone(manager).post("/access/break-glass", body)
        assert (refused.status_code, refused.json["code"]) == (409, "nobody_to_tell")
        assert "ring the emergency duty team" in refused.json["detail"]
        assert telephone in refused.json["detail"]
        assert world.phone(manager).get(f"/children/{child}/pack").status_code == 404

    def test_have_a_day_to_look_at_why(self, world, opened, rows):
        (task,) = rows("select * from tasks")
        assert (task.kind, str(task.subject_id)) == ("break_glass_review", opened["id"])
        opened_at = datetime.fromisoformat(opened["opened_at"])
        assert task.due_at == opened_at + timedelta(days=1)
        worker = world.phone(world.here.liaison_worker)
        assert worker.get(f"/access/break-glass/{opened['id']}").json["reason"] == WHY
        assert worker.get("/access/break-glass").json["items"] == [opened]
        path = f"/access/break-glass/{opened['id']}"
        reviewed = worker.post_seen(path, {"finding": "justified"}, verb="review")
        assert (reviewed.status_code, reviewed.json["finding"]) == (200, "justified")
        assert reviewed.json["reviewed_by"] == str(world.here.liaison_worker)
        assert rows("select state from tasks") == [("settled",)]
        again = worker.post_seen(path, {"finding": "not_justified"}, verb="review")
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")

    @pytest.mark.parametrize(("finding", "after"), [("justified", 200), ("not_justified", 404)])
    def test_close_it_when_it_was_not_right(self, world, opened, manager, status, finding, after):
        path = f"/access/break-glass/{opened['id']}"
        moment = datetime.fromisoformat(opened["opened_at"]) + 60 * SECOND
        assert status(manager, moment) == 200
        with time_machine.travel(moment, tick=False):
            worker = world.phone(world.here.liaison_worker)
            found = worker.post_seen(path, {"finding": finding}, verb="review").json
        assert status(manager, moment) == after
        assert (found["expires_at"] == opened["expires_at"]) == (finding == "justified")

    def test_lengthen_nothing_that_is_over(self, world, opened):
        path = f"/access/break-glass/{opened['id']}"
        with time_machine.travel(clock.now() + timedelta(hours=2), tick=False):
            worker = world.phone(world.here.liaison_worker)
            found = worker.post_seen(path, {"finding": "not_justified"}, verb="review").json
        assert found["expires_at"] == opened["expires_at"]

    def test_are_not_whoever_opened_it(self, world, opened, manager):
        path, body = f"/access/break-glass/{opened['id']}", {"finding": "justified"}
        assert world.phone(manager).post_seen(path, body, verb="review").status_code == 403

    def test_elsewhere_see_nothing_of_it(self, world, opened):
        worker = world.phone(world.elsewhere.liaison_worker)
        assert worker.get(f"/access/break-glass/{opened['id']}").status_code == 404
        assert worker.get("/access/break-glass").json["items"] == []


class TestTheReason:
    @pytest.mark.parametrize("reason", ["", "Because.", "         ."])
    def test_is_more_than_a_word(self, world, child, manager, reason):
        body = {"child_id": str(child), "reason": reason}
        assert world.phone(manager).post("/access/break-glass", body).status_code == 422

    def test_is_kept_sealed_and_goes_with_the_child_s_key(
        self, world, owner, opened, child, manager, rows
    ):
        (kept,) = rows("select reason from break_glass")
        assert b"hospital" not in bytes(kept.reason)
        assert "hospital" not in str(rows("select * from audit_events"))
        with db.transaction(owner):
            households.erase_texts(child)
        phone = world.phone(manager)
        assert phone.get(f"/access/break-glass/{opened['id']}").json["reason"] is None
        refused = phone.post("/access/break-glass", {"child_id": str(child), "reason": WHY})
        assert (refused.status_code, refused.json["code"]) == (409, "child_erased")


def test_an_opening_is_recorded(opened, manager, rows):
    (event,) = rows("select * from audit_events where action = 'break_glass:open'")
    assert (event.actor_id, str(event.subject_id)) == (manager, opened["id"])
    assert event.changed == ["child_id", "reason", "expires_at"]
