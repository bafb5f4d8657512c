"""Asking for a sleepover."""

from datetime import timedelta

import pytest
import time_machine

from hub_api import clock, db
from hub_api.access import Role
from hub_api.accounts import service
from hub_api.constellations.models import HubAppointment
from tests.phone import in_days


class TestAsk:
    def test_a_carer_asks_for_a_night(self, world):
        response = world.carer.post("/respite-requests", world.ask_body())
        assert response.status_code == 201
        assert response.json["state"] == "submitted"
        assert len(response.json["nights"]) == 1
        assert {check["outcome"] for check in response.json["checks"]} == {"pass"}

    def test_the_hub_carer_is_told_in_the_same_transaction(self, world, rows):
        request = world.asked()
        (told,) = rows("select * from notifications")
        assert (told.account_id, told.category) == (world.here.hub_carer, "request_submitted")
        assert str(told.subject_id) == request["id"]
        (job,) = rows("select args from jobs.procrastinate_jobs")
        assert job.args == {"notification_ids": [str(told.id)]}
        actions = {row.action for row in rows("select action from audit_events")}
        assert {"respite_request:create", "respite_request:submit"} <= actions

    def test_the_liaison_worker_is_told_while_there_is_no_hub_carer(self, world, owner, rows):
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update accounts set is_active = false where id = %s", (world.here.hub_carer,)
            )
        world.asked()
        (told,) = rows("select account_id from notifications")
        assert told.account_id == world.here.liaison_worker

    def test_a_draft_is_saved_and_told_to_nobody(self, world, rows):
        response = world.carer.post("/respite-requests", world.ask_body(draft=True))
        assert (response.status_code, response.json["state"]) == (201, "draft")
        assert rows("select 1 from notifications") == []
        assert world.hub_carer.get("/respite-requests").json["items"] == []
        seen = f"/respite-requests/{response.json['id']}"
        assert world.hub_carer.get(seen).status_code == 404

    def test_a_draft_is_sent_later(self, world):
        draft = world.carer.post("/respite-requests", world.ask_body(draft=True)).json
        path = f"/respite-requests/{draft['id']}"
        sent = world.carer.post_seen(path, verb="submit")
        assert (sent.status_code, sent.json["state"]) == (200, "submitted")
        again = world.carer.post_seen(path, verb="submit")
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")
        assert world.hub_carer.get(path).status_code == 200

    def test_a_draft_is_sent_to_the_hub_home_that_serves_by_then(self, world, owner):
        with db.transaction(owner) as session:
            interim = session.query(HubAppointment).filter_by(constellation_id=world.here.id).one()
            interim.hub_home_id = world.elsewhere.hub_home
        draft = world.asked(draft=True, days=60)
        with db.transaction(owner) as session:
            change_on = clock.london_today() + timedelta(days=10)
            session.get_one(HubAppointment, interim.id).ends_on = change_on
            session.flush()
            session.add(
                HubAppointment(
                    constellation_id=world.here.id,
                    hub_home_id=world.here.hub_home,
                    starts_on=change_on,
                )
            )
        sent = world.carer.post_seen(f"/respite-requests/{draft['id']}", verb="submit")
        assert (sent.status_code, sent.json["hub_home_id"]) == (200, str(world.here.hub_home))
        accepted = world.hub_carer.post_seen(f"/respite-requests/{draft['id']}", verb="accept")
        assert accepted.status_code == 200

    def test_a_draft_that_waited_too_long_is_not_sent(self, world):
        draft = world.carer.post("/respite-requests", world.ask_body(draft=True)).json
        with time_machine.travel(clock.now() + timedelta(days=8), tick=False):
            sent = world.carer.post_seen(f"/respite-requests/{draft['id']}", verb="submit")
        assert (sent.status_code, sent.json["code"]) == (409, "in_the_past")


class TestAskIsRefused:
    def test_without_a_login(self, world):
        assert world.phone().post("/respite-requests", world.ask_body()).status_code == 401

    @pytest.mark.parametrize(
        "role", [Role.HOME_DUTY_STAFF, Role.PROGRAMME_MANAGER, Role.SYSTEM_ADMINISTRATOR]
    )
    def test_to_staff_before_the_body_is_read(self, world, role):
        response = world.phone(world.staff[role]).post("/respite-requests", {"not": "a request"})
        assert response.status_code == 403

    def test_for_a_neighbours_household(self, world):
        body = world.ask_body(household_id=str(world.here.neighbours.id))
        assert world.carer.post("/respite-requests", body).status_code == 404

    def test_for_a_neighbours_child(self, world):
        body = world.ask_body(children=[str(world.here.neighbours.children[0])])
        assert world.carer.post("/respite-requests", body).status_code == 404

    def test_to_a_liaison_worker_who_sees_the_household(self, world):
        liaison = world.phone(world.here.liaison_worker)
        assert liaison.post("/respite-requests", world.ask_body()).status_code == 403

    def test_to_a_hub_carer_with_a_household_elsewhere(self, world, owner):
        """The permission comes from one household; the request is for another."""
        with db.transaction(owner):
            service.grant_role(
                world.here.hub_carer,
                Role.SATELLITE_CARER,
                starts_on=clock.london_today(),
                household_id=world.here.neighbours.id,
            )
        response = world.hub_carer.post("/respite-requests", world.ask_body())
        assert response.status_code == 403

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"arrives_at": in_days(-1), "departs_at": in_days(1)}, "in_the_past"),
            ({"arrives_at": in_days(500), "departs_at": in_days(501)}, "too_far_ahead"),
            ({"arrives_at": in_days(5), "departs_at": in_days(5, hour=19)}, "no_nights"),
            ({"arrives_at": in_days(5), "departs_at": in_days(13)}, "stay_too_long"),
            ({"arrives_at": in_days(5), "departs_at": in_days(100)}, "stay_too_long"),
        ],
    )
    def test_when_the_stay_is_not_possible(self, world, rows, changes, code):
        response = world.carer.post("/respite-requests", world.ask_body(**changes))
        assert (response.status_code, response.json["code"]) == (409, code)
        assert rows("select 1 from respite_requests") == []
        assert rows("select 1 from audit_events where action <> 'session:start'") == []

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"children": []}, "children"),
            ({"children": ["x"]}, "children"),
            ({"children": [str(number) for number in range(11)]}, "children"),
            ({"kind": "holiday"}, "kind"),
            ({"reason": "punishment"}, "reason"),
            ({"arrives_at": "2026-12-04T17:00:00"}, "arrives_at"),
            ({"arrives_at": "9999-12-31T23:59:59-23:00"}, "arrives_at"),
            ({"arrives_at": 5}, "arrives_at"),
            ({"arrives_at": "2026-W49-5T17:00:00Z"}, "arrives_at"),
            ({"arrives_at": "2027-02-30T17:00:00Z"}, "arrives_at"),
            ({"draft": 1}, "draft"),
            ({"household_id": "{01920000-0000-7000-8000-000000000001}"}, "household_id"),
            ({"departs_at": in_days(1)}, "departs_at"),
            ({"draft": "yes"}, "draft"),
            ({"remark": "free text"}, "remark"),
            ({"household_id": "1 or 1=1"}, "household_id"),
        ],
    )
    def test_when_the_shape_is_wrong(self, world, changes, field):
        response = world.carer.post("/respite-requests", world.ask_body(**changes))
        assert response.status_code == 422
        assert field in response.json["errors"]

    def test_when_a_child_is_named_twice(self, world):
        child = str(world.here.family.children[0])
        response = world.carer.post("/respite-requests", world.ask_body(children=[child, child]))
        assert response.status_code == 422
        assert response.json["errors"] == {"children": ["Please name each child once."]}

    def test_when_the_child_is_away_already(self, world):
        nights = [held["night"] for held in world.booked()["bed_nights"]]
        response = world.carer.post("/respite-requests", world.ask_body())
        assert (response.status_code, response.json["code"]) == (409, "child_already_away")
        assert response.json["nights"] == nights

    def test_but_not_when_only_the_beds_are_taken(self, world):
        world.booked()
        other = world.asked(children=[str(world.here.family.children[1])])
        (guest_bed,) = [check for check in other["checks"] if check["code"] == "guest_bed"]
        assert guest_bed["outcome"] == "block"
        assert guest_bed["nights"] == other["nights"]


class TestSeveralRequests:
    def test_each_show_their_own_children(self, world):
        one, other = world.here.family.children
        next_door = world.here.neighbours
        mine = [
            world.asked(days=day, children=[str(child)]) for day, child in ((7, one), (20, other))
        ]
        theirs = world.phone(next_door.carer).post(
            "/respite-requests",
            world.ask_body(household_id=str(next_door.id), children=[str(next_door.children[0])]),
        )
        assert [child["id"] for child in theirs.json["children"]] == [str(next_door.children[0])]
        for request, child in zip(mine, (one, other), strict=True):
            shown = world.carer.get(f"/respite-requests/{request['id']}").json["children"]
            assert [found["id"] for found in shown] == [str(child)]
        listed = world.hub_carer.get("/respite-requests").json["items"]
        assert [[child["id"] for child in request["children"]] for request in listed] == [
            [str(next_door.children[0])], [str(other)], [str(one)],
        ]  # fmt: skip
