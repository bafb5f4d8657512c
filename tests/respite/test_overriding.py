"""Setting a check aside for one request."""

from datetime import timedelta

import pytest
import time_machine

from hub_api import clock, db
from hub_api.access import Role
from hub_api.households import service as households
from hub_api.sleepovers import checks
from tests.factories.requests import (
    LONG,
    WHY,
    change,
    decide,
    held,
    in_state,
    liaison,
    path_of,
    stay,
)

BODY = {"code": "length", "reason": WHY}


def overrides_of(phone, request):
    return phone.get(f"{path_of(request)}/overrides").json["items"]


@pytest.fixture
def kept_apart(monkeypatch):
    """A check that blocks and may be set aside by the liaison worker, whatever the facts."""

    def check(*_):
        words = "Please ask your liaison worker."
        return checks.Check("kept_apart", checks.Outcome.BLOCK, words, override=Role.LIAISON_WORKER)

    others = [c for c in checks.CHECKS if c.__name__ != "check_kept_apart"]
    monkeypatch.setattr(checks, "CHECKS", (*others, check))


class TestAnOverride:
    def test_turns_a_block_into_a_warning_at_the_decision(self, world):
        request = world.asked(nights=LONG)
        answer = decide(liaison(world), request, "overrides", BODY)
        assert answer.status_code == 201
        assert {k: answer.json[k] for k in ("code", "role", "reason")} == {
            "code": "length",
            "role": "liaison_worker",
            "reason": WHY,
        }
        assert answer.json["expires_at"] == request["departs_at"]
        accepted = decide(world.hub_carer, request, "accept").json
        (length,) = [check for check in accepted["checks"] if check["code"] == "length"]
        assert (length["outcome"], length["is_overridden"]) == ("warn", True)

    def test_is_recorded_and_shown_with_the_request(self, world, rows):
        request = world.asked(nights=LONG)
        given = decide(liaison(world), request, "overrides", BODY).json
        (event,) = rows("select * from audit_events where action = 'respite_request:override'")
        assert (str(event.subject_id), event.changed) == (request["id"], ["length"])
        (shown,) = world.carer.get(path_of(request)).json["overrides"]
        assert {k: given[k] for k in ("id", "code", "role")}.items() <= shown.items()

    def test_sent_twice_is_one(self, world, rows):
        path = f"{path_of(world.asked(nights=LONG))}/overrides"
        phone = liaison(world)
        twice = [
            phone.post(path, BODY, If_Match='"2"', Idempotency_Key="the-same-key") for _ in "12"
        ]
        assert [answer.status_code for answer in twice] == [201, 201]
        assert twice[0].json == twice[1].json
        assert len(rows("select 1 from check_overrides")) == 1

    @pytest.mark.usefixtures("kept_apart")
    def test_of_one_check_sets_no_other_aside(self, world):
        request = world.asked(nights=LONG)
        decide(liaison(world), request, "overrides", BODY)
        answer = decide(world.hub_carer, request, "accept")
        assert (answer.status_code, [c["code"] for c in answer.json["checks"]]) == (
            409,
            ["kept_apart"],
        )

    def test_of_one_request_is_of_no_other(self, world):
        request, other = world.asked(nights=LONG), world.asked(**stay(20, LONG))
        decide(liaison(world), request, "overrides", BODY)
        assert decide(world.hub_carer, other, "accept").json["state"] == "awaiting_approval"


class TestItHolds:
    def test_until_it_expires(self, world):
        request = world.asked(nights=LONG)
        soon = (clock.now() + timedelta(hours=1)).isoformat()
        assert decide(liaison(world), request, "overrides", {**BODY, "expires_at": soon}).json
        with time_machine.travel(clock.now() + timedelta(hours=2), tick=False):
            answer = decide(world.hub_carer, request, "accept")
        assert answer.json["state"] == "awaiting_approval"

    @pytest.mark.parametrize("hours", [-1, 24 * 30])
    def test_not_beyond_the_stay_nor_from_before_now(self, world, hours):
        until = (clock.now() + timedelta(hours=hours)).isoformat()
        request = world.asked(nights=LONG)
        answer = decide(liaison(world), request, "overrides", {**BODY, "expires_at": until})
        assert (answer.status_code, [*answer.json["errors"]]) == (422, ["expires_at"])

    @pytest.mark.parametrize("what", ["dates", "children"])
    def test_for_the_children_and_nights_it_was_given_for(self, world, what):
        request = world.asked(nights=LONG)
        decide(liaison(world), request, "overrides", BODY)
        sister = [str(world.here.family.children[1])]
        changes = {"dates": stay(9, LONG), "children": {"children": sister}}[what]
        assert change(world.carer, request, **changes).status_code == 200
        assert decide(world.hub_carer, request, "accept").json["state"] == "awaiting_approval"
        (kept,) = overrides_of(liaison(world), request)
        assert kept["reason"] == WHY, "what was written stays readable"

    def test_through_a_change_of_the_note(self, world):
        request = world.asked(nights=LONG)
        decide(liaison(world), request, "overrides", BODY)
        change(world.carer, request, note="Loves dogs.")
        assert decide(world.hub_carer, request, "accept").json["state"] == "accepted"


class TestItIsRefused:
    @pytest.mark.parametrize(
        ("code", "who"),
        [
            ("length", "liaison_worker"),
            ("kept_apart", "liaison_worker"),
            ("hub_away", "hub_carer"),
            ("checks_current", "programme_manager"),
        ],
    )
    def test_to_every_role_but_the_one_that_may(self, world, code, who):
        people = {
            "hub_carer": world.here.hub_carer,
            "liaison_worker": world.here.liaison_worker,
            "programme_manager": world.staff[Role.PROGRAMME_MANAGER],
            "carer": world.here.family.carer,
        }
        request = world.asked()
        statuses = {
            name: decide(world.phone(person), request, "overrides", {**BODY, "code": code})
            for name, person in people.items()
        }
        assert {name for name, answer in statuses.items() if answer.status_code != 403} == {who}
        assert statuses[who].json.get("code") in {"nothing_to_override", code}

    @pytest.mark.parametrize("code", ["guest_bed", "child_one_place", "fostering_limit", "x", None])
    def test_for_a_check_nobody_may_set_aside(self, world, code):
        body = {**BODY, "code": code}
        answer = decide(liaison(world), world.asked(nights=LONG), "overrides", body)
        assert (answer.status_code, [*answer.json["errors"]]) == (422, ["code"])

    def test_for_a_check_that_is_not_in_the_way(self, world, rows):
        answer = decide(liaison(world), world.asked(), "overrides", BODY)
        assert (answer.status_code, answer.json["code"]) == (409, "nothing_to_override")
        assert rows("select 1 from check_overrides") == []

    @pytest.mark.usefixtures("worker")
    @pytest.mark.parametrize("state", ["accepted", "declined", "withdrawn", "expired"])
    def test_once_nobody_is_to_answer(self, world, state, overdue):
        request = in_state(world, state, overdue)
        answer = decide(liaison(world), request, "overrides", BODY)
        assert (answer.status_code, answer.json["code"]) == (409, "wrong_state")

    def test_elsewhere(self, world, grant):
        grant(world.here.hub_carer, Role.LIAISON_WORKER, constellation_id=world.elsewhere.id)
        request = world.asked(nights=LONG)
        assert decide(world.hub_carer, request, "overrides", BODY).status_code == 403
        stranger = world.phone(world.elsewhere.liaison_worker)
        assert (
            stranger.post(f"{path_of(request)}/overrides", BODY, If_Match='"2"').status_code == 404
        )


class TestItsReason:
    def test_is_for_those_who_may_read_notes(self, world):
        request = held(world)
        decide(liaison(world), request, "overrides", BODY)
        for phone in (world.carer, world.hub_carer, liaison(world)):
            assert [found["reason"] for found in overrides_of(phone, request)] == [WHY]
        manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
        assert [found["reason"] for found in overrides_of(manager, request)] == [None]

    def test_goes_with_the_childs_texts(self, world, owner):
        request = held(world)
        decide(liaison(world), request, "overrides", BODY)
        with db.transaction(owner):
            households.erase_texts(world.here.family.children[0])
        assert [found["reason"] for found in overrides_of(liaison(world), request)] == [None]
        answer = decide(liaison(world), request, "approve", {"reason": WHY})
        assert (answer.status_code, answer.json["code"]) == (409, "child_erased")

    def test_is_not_found_by_strangers(self, world):
        path = f"{path_of(held(world))}/overrides"
        for stranger in (world.elsewhere.liaison_worker, world.here.neighbours.carer):
            assert world.phone(stranger).get(path).status_code == 404
