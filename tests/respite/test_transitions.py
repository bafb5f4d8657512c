"""Every verb in every state: what leads where, and that the rest changes nothing."""

import pytest

from hub_api.respite.models import RequestState
from tests.conftest import changed
from tests.factories.requests import LONG, WHY, change, decide, in_state, liaison, stay

NEXT = {
    ("submit", "draft"): "submitted",
    ("accept", "submitted"): "accepted",
    ("approve", "awaiting_approval"): "accepted",
    ("decline", "submitted"): "declined",
    ("decline", "awaiting_approval"): "declined",
    ("withdraw", "draft"): "withdrawn",
    ("withdraw", "submitted"): "withdrawn",
    ("withdraw", "awaiting_approval"): "withdrawn",
    ("change", "draft"): "draft",
    ("change", "submitted"): "submitted",
    ("change", "awaiting_approval"): "submitted",
    ("reschedule", "accepted"): "accepted",
}
VERBS = ("submit", "accept", "approve", "decline", "withdraw", "change", "reschedule")
WORDS = {
    "draft": "hasn't been sent yet",
    "submitted": "is waiting for the hub",
    "awaiting_approval": "is waiting for the liaison worker",
    "accepted": "has already been accepted",
    "declined": "has been declined",
    "withdrawn": "has been withdrawn",
    "expired": "has expired",
}
BODIES = {
    "approve": {"reason": WHY},
    "decline": {"reason": "hub_unable"},
    "withdraw": {"reason": "no_longer_needed"},
}


LOGGING_IN = {"sessions", "refresh_tokens", "audit_events"}
"""What a phone's new login leaves, and the record of a refusal."""


def take(world, verb, request):
    """Who takes a step, as they do."""
    if verb == "change":
        return change(world.carer, request, **stay(30))
    if verb == "reschedule":
        return change(world.hub_carer, request, **stay(30))
    waits = request["state"] == "awaiting_approval"
    phone = {
        "submit": world.carer,
        "withdraw": world.carer,
        "accept": world.hub_carer,
        "approve": liaison(world),
        "decline": liaison(world) if waits else world.hub_carer,
    }[verb]
    return decide(phone, request, verb, BODIES.get(verb))


@pytest.mark.usefixtures("worker")
class TestEveryVerbInEveryState:
    def test_the_table_knows_all_of_them(self):
        assert {*WORDS} == {str(state) for state in RequestState}

    @pytest.mark.parametrize(("verb", "state"), sorted(NEXT))
    def test_leads_on(self, world, verb, state, overdue):
        request = in_state(world, state, overdue)
        answer = take(world, verb, request)
        assert (answer.status_code, answer.json["state"]) == (200, NEXT[verb, state]), answer.json

    @pytest.mark.parametrize(
        ("verb", "state"),
        [
            (verb, str(state))
            for verb in VERBS
            for state in RequestState
            if (verb, str(state)) not in NEXT
        ],
    )
    def test_or_is_refused_and_nothing_changes(self, world, verb, state, overdue, everything):
        request = in_state(world, state, overdue)
        before = everything()
        answer = take(world, verb, request)
        expected = {
            # Not theirs to touch, or not theirs to see.
            ("change", "accepted"): 403,
            **{("reschedule", other): 403 for other in WORDS},
            **{(verb, "draft"): 404 for verb in ("accept", "approve", "decline", "reschedule")},
        }.get((verb, state), 409)
        assert answer.status_code == expected, answer.json
        if expected == 409:
            assert (answer.json["code"], answer.json["state"]) == ("wrong_state", state)
            assert WORDS[state] in answer.json["detail"]
        assert changed(before, everything()) <= LOGGING_IN

    def test_a_stay_accepted_in_one_step_or_in_two_is_the_same(self, world):
        short = in_state(world, "accepted")
        long = in_state(world, "awaiting_approval", **stay(20, LONG))
        decide(liaison(world), long, "approve", BODIES["approve"])
        stays = world.carer.get("/sleepovers").json["items"]
        assert {stay["request_id"]: len(stay["bed_nights"]) for stay in stays} == {
            short["id"]: 1,
            long["id"]: LONG,
        }
