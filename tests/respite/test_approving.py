"""Longer stays: the hub carer's yes holds the beds, the liaison worker's confirms them."""

import pytest

from hub_api.access import Role
from tests.factories.requests import LONG, WHY, decide, held, in_state, liaison, path_of, stay

NIGHTS = "select * from bed_nights order by night"


def told(rows, category):
    found = rows("select account_id from notifications where category = :c", c=category)
    return {row.account_id for row in found}


def open_tasks(rows):
    return [(row.kind, str(row.subject_id)) for row in rows(
        "select kind, subject_id from tasks where state = 'open'"
    )]  # fmt: skip


class TestAHubCarersYesToALongStay:
    def test_holds_every_night_and_makes_no_sleepover(self, world, rows):
        request = held(world)
        nights = rows(NIGHTS)
        assert [str(row.night) for row in nights] == request["nights"]
        assert {(row.sleepover_id, str(row.request_id)) for row in nights} == {
            (None, request["id"])
        }
        assert rows("select 1 from sleepovers") == []
        (kept,) = rows("select * from respite_decisions where decision = 'held'")
        assert kept.decided_by == world.here.hub_carer

    def test_asks_the_liaison_worker_before_the_children_would_arrive(self, world, rows):
        request = held(world, **stay(1, LONG))
        assert open_tasks(rows) == [("approval_needed", request["id"])]
        (task,) = rows("select due_at from tasks")
        assert task.due_at.isoformat().replace("+00:00", "Z") == request["arrives_at"]
        assert told(rows, "approval_needed") == {world.here.liaison_worker}
        assert told(rows, "request_accepted") == set()

    def test_keeps_the_bed_from_everybody_else(self, world):
        held(world)
        other = world.asked(children=[str(world.here.family.children[1])])
        answer = decide(world.hub_carer, other, "accept")
        assert (answer.status_code, answer.json["code"]) == (409, "nights_taken")

    def test_is_refused_when_more_than_the_length_is_in_the_way(self, world, rows):
        world.booked(children=[str(world.here.family.children[1])])
        long = world.asked(nights=LONG)
        answer = decide(world.hub_carer, long, "accept")
        assert (answer.status_code, answer.json["code"]) == (409, "nights_taken")
        assert {check["code"] for check in answer.json["checks"]} == {"guest_bed", "length"}
        assert len(rows(NIGHTS)) == 1

    def test_settles_the_task_of_a_missing_hub_carer(self, world, owner, rows):
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update accounts set is_active = false where id = %s", (world.here.hub_carer,)
            )
        request = world.asked(nights=LONG)
        assert open_tasks(rows) == [("hub_carer_missing", request["id"])]
        with owner.begin() as connection:
            connection.exec_driver_sql("update accounts set is_active = true")
        decide(world.hub_carer, request, "accept")
        assert open_tasks(rows) == [("approval_needed", request["id"])]


class TestApproval:
    def test_confirms_the_nights_that_were_held(self, world, rows):
        request = held(world)
        before = [(row.bed_id, row.night) for row in rows(NIGHTS)]
        answer = decide(liaison(world), request, "approve", {"reason": WHY})
        assert (answer.status_code, answer.json["state"]) == (200, "accepted")
        (sleepover,) = rows("select id from sleepovers")
        assert [(row.bed_id, row.night) for row in rows(NIGHTS)] == before
        assert {row.sleepover_id for row in rows(NIGHTS)} == {sleepover.id}

    def test_keeps_the_reason_as_what_set_the_length_aside(self, world, rows):
        request = held(world)
        answer = decide(liaison(world), request, "approve", {"reason": WHY})
        (length,) = [check for check in answer.json["checks"] if check["code"] == "length"]
        assert (length["outcome"], length["is_overridden"]) == ("warn", True)
        (override,) = rows("select * from check_overrides")
        assert (override.code, override.role) == ("length", "liaison_worker")
        assert override.given_by == world.here.liaison_worker
        assert override.expires_at.isoformat().replace("+00:00", "Z") == request["departs_at"]
        assert WHY.encode() not in bytes(override.reason)
        (shown,) = liaison(world).get(f"{path_of(request)}/overrides").json["items"]
        assert shown["reason"] == WHY

    def test_tells_both_sides_and_settles_the_task(self, world, rows):
        request = held(world)
        decide(liaison(world), request, "approve", {"reason": WHY})
        assert told(rows, "request_accepted") == {world.here.family.carer}
        assert told(rows, "request_approved") == {world.here.hub_carer}
        assert open_tasks(rows) == []
        (kept,) = rows("select * from respite_decisions where decision = 'approved'")
        assert kept.decided_by == world.here.liaison_worker
        assert rows("select 1 from audit_events where action = 'respite_request:approve'")

    def test_is_refused_when_a_check_blocks_meanwhile(self, world, owner, rows):
        """A bed's nights are guarded elsewhere; here the bed goes without anybody being asked."""
        request = held(world)
        with owner.begin() as connection:
            connection.exec_driver_sql("update beds set ends_on = starts_on")
        answer = decide(liaison(world), request, "approve", {"reason": WHY})
        assert (answer.status_code, answer.json["code"]) == (409, "nights_taken")
        assert rows("select 1 from check_overrides") == []

    @pytest.mark.parametrize("reason", [None, "", "too short", "x" * 501, 5])
    def test_needs_a_reason_in_words(self, world, reason):
        answer = decide(liaison(world), held(world), "approve", {"reason": reason})
        assert (answer.status_code, [*answer.json["errors"]]) == (422, ["reason"])

    def test_is_for_the_liaison_worker_alone(self, world):
        request = held(world)
        body = {"reason": WHY}
        assert decide(world.hub_carer, request, "approve", body).status_code == 403
        assert decide(world.carer, request, "approve", body).status_code == 403
        manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
        assert decide(manager, request, "approve", body).status_code == 403
        elsewhere = world.phone(world.elsewhere.liaison_worker)
        assert (
            elsewhere.post(f"{path_of(request)}/approve", body, If_Match='"2"').status_code == 404
        )

    @pytest.mark.usefixtures("worker")
    def test_comes_too_late_once_the_first_night_is_over(self, world, overdue):
        request = held(world)
        overdue(request)
        answer = decide(liaison(world), request, "approve", {"reason": WHY})
        assert (answer.status_code, answer.json["code"]) == (409, "in_the_past")

    def test_was_given_beforehand_and_the_hub_carer_alone_decides(self, world):
        request = world.asked(nights=LONG)
        body = {"code": "length", "reason": WHY}
        given = decide(liaison(world), request, "overrides", body)
        assert given.status_code == 201, given.json
        assert decide(world.hub_carer, request, "accept").json["state"] == "accepted"


class TestDeclining:
    def test_says_why_and_tells_the_household(self, world, rows):
        request = world.asked()
        answer = decide(world.hub_carer, request, "decline", {"reason": "hub_full"})
        assert (answer.json["state"], answer.json["decline_reason"]) == ("declined", "hub_full")
        assert told(rows, "request_declined") == {world.here.family.carer}
        (kept,) = rows("select * from respite_decisions where decision = 'declined'")
        assert kept.checks
        (event,) = rows("select * from audit_events where action = 'respite_request:decline'")
        assert event.changed == ["state", "decline_reason"]

    def test_by_the_liaison_worker_frees_the_beds_and_tells_the_hub_too(self, world, rows):
        request = held(world)
        answer = decide(liaison(world), request, "decline", {"reason": "stay_too_long"})
        assert answer.status_code == 200
        assert rows(NIGHTS) == []
        assert open_tasks(rows) == []
        assert told(rows, "request_declined") == {world.here.family.carer, world.here.hub_carer}

    def test_is_for_whoever_is_to_answer(self, world):
        body = {"reason": "hub_unable"}
        waiting, long = world.asked(), held(world, **stay(20, LONG))
        for phone, request in ((liaison(world), waiting), (world.hub_carer, long)):
            answer = decide(phone, request, "decline", body)
            assert answer.status_code == 403
            assert "Somebody else is to answer" in answer.json["detail"]
        assert decide(world.carer, waiting, "decline", body).status_code == 403

    @pytest.mark.parametrize("reason", [None, "because", "no_longer_needed", 1])
    def test_takes_a_reason_from_the_list(self, world, reason):
        answer = decide(world.hub_carer, world.asked(), "decline", {"reason": reason})
        assert (answer.status_code, [*answer.json["errors"]]) == (422, ["reason"])


class TestWithdrawing:
    def test_tells_the_hub_and_says_why(self, world, rows):
        answer = decide(world.carer, world.asked(), "withdraw", {"reason": "child_unwell"})
        assert answer.json["withdraw_reason"] == "child_unwell"
        assert told(rows, "request_withdrawn") == {world.here.hub_carer}

    def test_of_a_held_stay_frees_the_beds_and_tells_the_liaison_worker_too(self, world, rows):
        decide(world.carer, held(world), "withdraw", {"reason": "other_arrangement"})
        assert rows(NIGHTS) == []
        assert open_tasks(rows) == []
        assert told(rows, "request_withdrawn") == {
            world.here.hub_carer,
            world.here.liaison_worker,
        }

    def test_of_a_draft_is_heard_of_by_nobody(self, world, rows):
        draft = in_state(world, "draft")
        decide(world.carer, draft, "withdraw", {"reason": "no_longer_needed"})
        assert rows("select 1 from notifications") == []
        assert rows("select 1 from respite_decisions") == []
        assert world.hub_carer.get(path_of(draft)).status_code == 404
        assert world.hub_carer.get("/respite-requests").json["items"] == []

    def test_settles_the_task_of_a_missing_hub_carer(self, world, owner, rows):
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update accounts set is_active = false where id = %s", (world.here.hub_carer,)
            )
        request = world.asked()
        assert open_tasks(rows) == [("hub_carer_missing", request["id"])]
        decide(world.carer, request, "withdraw", {"reason": "no_longer_needed"})
        assert open_tasks(rows) == []

    def test_is_for_the_households_own_carers(self, world):
        request, body = world.asked(), {"reason": "other"}
        assert decide(world.hub_carer, request, "withdraw", body).status_code == 403
        neighbour = world.phone(world.here.neighbours.carer)
        assert decide(neighbour, request, "withdraw", body).status_code == 404


class TestWhoeverDidIt:
    """Somebody who is on both sides is not told of what they did themselves."""

    def test_is_never_told(self, world, grant, rows):
        me = world.here.hub_carer
        grant(me, Role.SATELLITE_CARER, household_id=world.here.family.id)
        grant(me, Role.LIAISON_WORKER, constellation_id=world.here.id)
        first, second = world.asked(), world.asked(**stay(20, LONG))
        decide(world.hub_carer, first, "decline", {"reason": "other"})
        decide(world.hub_carer, second, "accept")
        decide(world.hub_carer, second, "approve", {"reason": WHY})
        third = world.asked(**stay(40))
        decide(world.hub_carer, third, "withdraw", {"reason": "other"})
        mine = rows(
            "select category from notifications where account_id = :me"
            " and category <> 'request_submitted'",
            me=me,
        )
        assert mine == []
