"""What running stays costs, the order of its locks, and lists by state."""

from datetime import timedelta

import pytest
import time_machine

from hub_api import db
from tests.factories.world import make_bed
from tests.phone import in_days
from tests.platform.test_statements import TestLocks, counted
from tests.sleepovers.stays import arrival, begun, brought_to, departure

MOST = 20
STEPS = {
    "handover": ("confirmed", {}),
    "return": ("in_stay", {}),
    "end-early": ("in_stay", {"reason": "other"}),
    "extend": ("in_stay", {}),
    "close": ("returned", None),
}


@pytest.mark.parametrize("verb", STEPS)
class TestEveryVerb:
    def test_locks_the_hub_home_and_then_the_stay(self, world, verb):
        sent, _ = self.sent(world, verb, brought_to(world, STEPS[verb][0]))
        assert TestLocks.locks(sent) == ["hub_homes", "row"]

    def test_takes_at_most_twenty_statements(self, world, verb):
        sent, _ = self.sent(world, verb, brought_to(world, STEPS[verb][0]))
        assert len(sent) <= MOST, len(sent)

    def sent(self, world, verb, stay):
        body = STEPS[verb][1]
        if verb == "extend":
            body = {"departs_at": (departure(stay) + timedelta(hours=1)).isoformat()}
        at = {"handover": arrival(stay), "return": departure(stay), "close": departure(stay)}
        with time_machine.travel(at.get(verb, departure(stay) - timedelta(hours=1)), tick=False):
            phone = world.hub_carer
            with counted(world.app.engine) as sent:
                answer = phone.post(
                    f"/sleepovers/{stay['id']}/{verb}", body, If_Match=f'"{stay["version"]}"'
                )
        assert answer.status_code == 200, answer.json
        return sent, answer


def test_extending_by_more_nights_costs_no_more(world, owner):
    with db.transaction(owner) as session:
        session.add(make_bed(world.here, "a spare one"))
    costs = []
    for day, more in ((7, 1), (20, 2)):
        stay = begun(world, arrives_at=in_days(day), departs_at=in_days(day + 1, hour=10))
        with time_machine.travel(arrival(stay), tick=False):
            phone = world.hub_carer
            body = {"departs_at": in_days(1 + more, hour=10)}
            with counted(world.app.engine) as sent:
                path = f"/sleepovers/{stay['id']}/extend"
                assert phone.post(path, body, If_Match=f'"{stay["version"]}"').status_code == 200
        costs.append(len(sent))
    assert costs[0] == costs[1]


class TestTheListByState:
    def test_has_those_in_that_state_alone(self, world):
        confirmed, cancelled = world.booked(), brought_to(world, "cancelled", days=20)
        for state, found in (
            ("confirmed", [confirmed["id"]]),
            ("cancelled", [cancelled["id"]]),
            ("closed", []),
        ):
            items = world.carer.get(f"/sleepovers?state={state}").json["items"]
            assert [item["id"] for item in items] == found
        assert len(world.carer.get("/sleepovers").json["items"]) == 2

    def test_knows_no_other_states(self, world):
        assert world.carer.get("/sleepovers?state=lost").status_code == 422
