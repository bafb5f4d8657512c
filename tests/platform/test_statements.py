"""How many statements a request costs (performance.md, goal 3), and that it does not grow."""

from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from hub_api import db
from hub_api.access import Role
from tests.factories.care import care_of
from tests.factories.concerns import make_concern
from tests.factories.world import make_bed
from tests.phone import contract, in_days


@contextmanager
def counted(engine):
    """The statements sent while the block runs."""
    sent = []

    def note(_connection, _cursor, statement, *_):
        sent.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


LISTS = sorted(
    path.removeprefix("/api/v1")
    for path, operations in contract()["paths"].items()
    if operations.get("get", {}).get("operationId", "").startswith("list")
)


class TestStatements:
    @pytest.mark.parametrize("path", LISTS)
    def test_a_list_takes_at_most_four(self, world, owner, path):
        stay = world.booked()
        answers, family = [], world.here.family
        with db.transaction(owner):
            concern = make_concern(world.here, family.children[0], family.carer, family.carer)
        ids = {
            "constellation_id": world.here.id,
            "household_id": family.id,
            "child_id": family.children[0],
            "request_id": stay["request_id"],
            "sleepover_id": stay["id"],
            "concern_id": concern.id,
            "section": "diet",
        }
        # One more where every reading is written down.
        most = 4 + path.endswith("/pack/{section}/versions")
        here = world.here
        for person in (here.hub_carer, here.liaison_worker, world.staff[Role.PROGRAMME_MANAGER]):
            phone = world.phone(person)
            with counted(world.app.engine) as sent:
                answers.append(phone.get(path.format(**ids)))
            # A refusal is written down, which is no part of what a list costs.
            assert len(sent) <= most or answers[-1].status_code == 403, sent
        assert 200 in {answer.status_code for answer in answers}

    @pytest.mark.parametrize("path", [path for path in LISTS if "{sleepover_id}" in path])
    def test_what_is_written_about_a_stay_takes_at_most_four(self, world, path):
        stay = world.booked()["id"]
        care_of(world, stay)
        phone = world.hub_carer
        with counted(world.app.engine) as sent:
            assert phone.get(path.format(sleepover_id=stay)).json["items"]
        assert len(sent) <= 4

    def test_one_takes_at_most_four(self, world):
        stay = world.booked()
        phone = world.carer
        with counted(world.app.engine) as sent:
            phone.get(f"/sleepovers/{stay['id']}")
        assert len(sent) <= 4

    def test_overrides_with_their_reasons_take_at_most_four(self, world):
        request, worker = world.asked(nights=4), world.phone(world.here.liaison_worker)
        path = f"/respite-requests/{request['id']}"
        for _ in range(2):
            body = {"code": "length", "reason": "There is nobody else."}
            assert worker.post_seen(path, body, verb="overrides").status_code in {201, 409}
        with counted(world.app.engine) as sent:
            assert worker.get(f"{path}/overrides").json["items"][0]["reason"]
        assert len(sent) <= 4

    def test_one_with_a_sealed_note_takes_at_most_four(self, world):
        both = [str(child) for child in world.here.family.children]
        request = world.asked(children=both, note="Sleeps badly.")
        phone = world.hub_carer
        with counted(world.app.engine) as sent:
            assert phone.get(f"/respite-requests/{request['id']}").json["note"]
        assert len(sent) <= 4

    def test_a_sealed_note_costs_one_statement_to_write_and_one_to_read_back(self, world):
        phone, costs = world.carer, []
        for note in (None, "Sleeps badly."):
            body = world.ask_body(draft=True, note=note)
            with counted(world.app.engine) as sent:
                assert phone.post("/respite-requests", body).status_code == 201
            costs.append(len(sent))
        assert costs[1] == costs[0] + 2

    def test_a_draft_takes_at_most_ten(self, world):
        phone = world.carer
        with counted(world.app.engine) as sent:
            assert phone.post("/respite-requests", world.ask_body(draft=True)).status_code == 201
        assert len(sent) <= 10

    def test_asking_and_accepting_take_at_most_twenty_one_however_much_is_asked(self, world, owner):
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "more"))
        both = [str(child) for child in world.here.family.children]
        costs = []
        for children, nights, day in ((both[:1], 1, 7), (both, 3, 20)):
            body = world.ask_body(days=day, nights=nights, children=children)
            carer, hub_carer = world.carer, world.hub_carer
            with counted(world.app.engine) as asking:
                request = carer.post("/respite-requests", body).json
            with counted(world.app.engine) as accepting:
                path = f"/respite-requests/{request['id']}/accept"
                answer = hub_carer.post(path, If_Match=f'"{request["version"]}"')
            assert answer.status_code == 200
            costs.append((len(asking), len(accepting)))
        assert costs[0] == costs[1]
        assert max(costs[0]) <= 21

    def test_no_decision_takes_more_than_twenty_seven_however_much_is_asked(self, world, owner):
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "more"))
        both = [str(child) for child in world.here.family.children]
        costs = []
        for children, nights, first in ((both[:1], 4, 7), (both, 6, 70)):
            cost = {}
            for number, (verb, who, body) in enumerate(DECISIONS):
                day = first + 9 * number
                request = world.asked(**asked(day, nights, children))
                phone = world.phone(getattr(world.here, who, world.here.family.carer))
                path = f"/respite-requests/{request['id']}"
                if verb == "approve":
                    world.hub_carer.post_seen(path, verb="accept")
                seen = phone.get(path).headers["ETag"]
                with counted(world.app.engine) as sent:
                    if verb == "change":
                        answer = phone.send("PATCH", path, asked(day, 2), If_Match=seen)
                    else:
                        answer = phone.post(f"{path}/{verb}", body, If_Match=seen)
                assert answer.status_code == 200, answer.json
                cost[verb] = len(sent)
            costs.append(cost)
        assert costs[0] == costs[1]
        assert max(costs[0].values()) <= 27, costs


DECISIONS = [
    ("accept", "hub_carer", None),
    ("approve", "liaison_worker", {"reason": "There is nobody else."}),
    ("decline", "hub_carer", {"reason": "hub_unable"}),
    ("withdraw", "carer", {"reason": "other"}),
    ("change", "carer", None),
]


def asked(day, nights, children=None):
    """The dates of a stay and, where they are given, its children."""
    dates = {"arrives_at": in_days(day), "departs_at": in_days(day + nights, hour=10)}
    return dates if children is None else {**dates, "children": children}


class TestLocks:
    """Taken in one order everywhere: the hub home, then the request or the stay."""

    @staticmethod
    def locks(sent):
        taken = [s for s in sent if s.startswith("UPDATE hub_homes") or "FOR UPDATE" in s]
        return [("hub_homes" if s.startswith("UPDATE") else "row") for s in taken]

    def test_of_accepting(self, world):
        request, phone = world.asked(), world.hub_carer
        with counted(world.app.engine) as sent:
            path = f"/respite-requests/{request['id']}/accept"
            phone.post(path, If_Match=f'"{request["version"]}"')
        assert self.locks(sent) == ["hub_homes", "row"]

    def test_of_cancelling(self, world):
        stay, phone = world.booked(), world.carer
        with counted(world.app.engine) as sent:
            body = {"reason": "child_unwell"}
            phone.post(f"/sleepovers/{stay['id']}/cancel", body, If_Match='"1"')
        assert self.locks(sent) == ["hub_homes", "row"]
