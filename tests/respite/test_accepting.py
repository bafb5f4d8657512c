"""Accepting a respite request."""

from datetime import timedelta

import pytest
import time_machine

from hub_api import clock
from hub_api.access import Role
from tests.phone import in_days


class TestAccept:
    def test_makes_one_sleepover_with_its_bed_night(self, world):
        request = world.asked()
        response = world.hub_carer.post_seen(f"/respite-requests/{request['id']}", verb="accept")
        assert (response.status_code, response.json["state"]) == (200, "accepted")
        (sleepover,) = world.carer.get("/sleepovers").json["items"]
        assert sleepover["state"] == "confirmed"
        assert sleepover["request_id"] == request["id"]
        assert sleepover["child"]["id"] == str(world.here.family.children[0])
        assert sleepover["bed_nights"] == [
            {"night": request["nights"][0], "bed_id": str(world.here.beds[0])}
        ]

    def test_leaves_its_audit_row_notification_job_and_checks(self, world, rows):
        request = world.asked()
        world.hub_carer.post_seen(f"/respite-requests/{request['id']}", verb="accept")
        (told,) = rows("select * from notifications where category = 'request_accepted'")
        assert told.account_id == world.here.family.carer
        jobs = rows("select args from jobs.procrastinate_jobs")
        assert {"notification_ids": [str(told.id)]} in [job.args for job in jobs]
        (audited,) = rows("select * from audit_events where action = 'respite_request:accept'")
        assert (audited.actor_id, str(audited.subject_id), audited.constellation_id) == (
            world.here.hub_carer,
            request["id"],
            world.here.id,
        )
        (decision,) = rows("select * from respite_decisions where decision = 'accepted'")
        assert [check["code"] for check in decision.checks] == [
            "guest_bed", "fostering_limit", "approval_terms", "bedroom_sharing", "kept_apart",
            "checks_current", "length", "child_one_place", "temporary_stay", "hub_away",
            "consent", "adult_guest", "timing", "pack",
        ]  # fmt: skip

    def test_two_children_need_two_beds(self, world, rows):
        both = [str(child) for child in world.here.family.children]
        request = world.asked(children=both, nights=2)
        response = world.hub_carer.post_seen(f"/respite-requests/{request['id']}", verb="accept")
        assert (response.status_code, response.json["code"]) == (409, "nights_taken")
        assert response.json["nights"] == request["nights"]
        assert rows("select 1 from sleepovers") == []


class TestAcceptIsRefused:
    def test_without_a_login(self, world):
        path = f"/respite-requests/{world.asked()['id']}/accept"
        assert world.phone().post(path).status_code == 401

    @pytest.mark.parametrize("role", ["carer", "liaison_worker", Role.PROGRAMME_MANAGER])
    def test_to_other_roles_that_see_it(self, world, role, rows):
        request = world.asked()
        who = {"carer": world.here.family.carer, "liaison_worker": world.here.liaison_worker}
        phone = world.phone(who.get(role) or world.staff[role])
        path = f"/respite-requests/{request['id']}"
        assert phone.get(path).status_code == 200
        answer = phone.post(f"{path}/accept", If_Match='"1"')
        assert answer.status_code == 403
        assert "liaison worker" not in answer.json["detail"]  # it is said to her as well
        (refused,) = rows("select * from audit_events where outcome = 'refused'")
        assert (refused.action, str(refused.subject_id)) == ("respite:decide", request["id"])

    def test_to_another_constellations_hub_carer(self, world):
        path = f"/respite-requests/{world.asked()['id']}/accept"
        assert world.phone(world.elsewhere.hub_carer).post(path, If_Match='"2"').status_code == 404

    def test_without_saying_which_version_was_seen(self, world):
        path = f"/respite-requests/{world.asked()['id']}/accept"
        assert world.hub_carer.post(path).status_code == 428
        assert world.hub_carer.post(path, If_Match="*").status_code == 428

    @pytest.mark.parametrize("seen", ['"1"', '"x"', 'W/"999"', '"1", "2"', '"99999999999"'])
    def test_on_a_stale_version(self, world, seen):
        path = f"/respite-requests/{world.asked()['id']}/accept"
        response = world.hub_carer.post(path, If_Match=seen)
        assert (response.status_code, response.json["code"]) == (412, "changed_meanwhile")

    def test_but_weak_forms_of_the_version_count(self, world):
        request = world.asked()
        path = f"/respite-requests/{request['id']}/accept"
        assert world.hub_carer.post(path, If_Match=f'W/"{request["version"]}"').status_code == 200

    def test_once_its_first_night_is_over(self, world):
        path = f"/respite-requests/{world.asked(nights=2)['id']}"
        arrival = clock.now().replace(hour=17, minute=0) + timedelta(days=7)
        with time_machine.travel(arrival + timedelta(hours=13), tick=False):
            response = world.hub_carer.post_seen(path, verb="accept")
        assert (response.status_code, response.json["code"]) == (409, "in_the_past")
        with time_machine.travel(arrival + timedelta(hours=2), tick=False):
            assert world.hub_carer.post_seen(path, verb="accept").status_code == 200

    def test_a_second_time(self, world):
        path = f"/respite-requests/{world.asked()['id']}"
        assert world.hub_carer.post_seen(path, verb="accept").status_code == 200
        again = world.hub_carer.post_seen(path, verb="accept")
        assert (again.status_code, again.json["code"]) == (409, "wrong_state")

    def test_when_the_bed_is_taken_and_says_which_nights(self, world):
        first = world.asked(nights=2)
        second = world.asked(
            children=[str(world.here.family.children[1])],
            arrives_at=in_days(8),
            departs_at=in_days(10, hour=10),
        )
        assert world.hub_carer.post_seen(
            f"/respite-requests/{first['id']}", verb="accept"
        ).status_code == 200  # fmt: skip
        response = world.hub_carer.post_seen(f"/respite-requests/{second['id']}", verb="accept")
        assert (response.status_code, response.json["code"]) == (409, "nights_taken")
        assert response.json["nights"] == [first["nights"][1]]
        assert response.json["detail"].startswith("No guest bed is free on ")
        unchanged = world.hub_carer.get(f"/respite-requests/{second['id']}").json
        assert (unchanged["state"], unchanged["version"]) == ("submitted", second["version"])
