"""What a phone says of a notification, in whatever order it arrives."""

import os
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from hub_api import clock, db
from hub_api.notifications.models import Delivery, DeliveryState, Device, Notification
from tests.factories.notifications import make_delivery, make_device, make_notification
from tests.phone import Phone

EXAMPLES = int(os.environ.get("STATEFUL_EXAMPLES", "40"))

RECEIPTS = ["received", "opened", "acknowledged"]
SENDER = ["claimed", "accepted"]

RANK = {state: rank for rank, state in enumerate(
    ("queued", "sending", "accepted", "received", "opened")
)}  # fmt: skip


class Sent:
    """A notification on its way to one phone, by a sender who knows nothing of the phone."""

    def __init__(self, owner: sa.Engine, phone: Phone, account_id: Any, **delivery: Any) -> None:
        self.owner, self.phone = owner, phone
        with db.transaction(owner) as session:
            session_id = session.scalar(sa.text("select id from sessions order by id desc limit 1"))
            told = make_notification(account_id)
            self.device = make_device(account_id, session_id).id
            device = session.get_one(Device, self.device)
            self.id, self.delivery = told.id, make_delivery(told, device, **delivery).id

    def happens(self, event: str) -> None:
        if event in RECEIPTS:
            answer = self.phone.post(f"/notifications/{self.id}/{event}")
            assert answer.status_code == 204, answer.json
            return
        now, mine = clock.now(), sa.update(Delivery).where(Delivery.id == self.delivery)
        with self.owner.begin() as connection:
            if event == "claimed":
                connection.execute(
                    mine.where(Delivery.state == DeliveryState.QUEUED).values(
                        state=DeliveryState.SENDING,
                        attempts=Delivery.attempts + 1,
                        sending_since=now,
                        next_attempt_at=None,
                    )
                )
            elif not connection.execute(
                mine.where(Delivery.state == DeliveryState.SENDING).values(
                    state=DeliveryState.ACCEPTED, sending_since=None, accepted_at=now
                )
            ).rowcount:
                connection.execute(mine.values(accepted_at=now))

    def state(self) -> dict[str, Any]:
        with db.transaction(self.owner) as session:
            told = session.get_one(Notification, self.id)
            delivery = session.get_one(Delivery, self.delivery)
            return {
                "delivery": delivery.state,
                "received": delivery.received_at is not None,
                "opened_here": delivery.opened_at is not None,
                "opened": told.opened_at is not None,
                "acknowledged": told.acknowledged_at is not None,
            }


@pytest.fixture
def sent(world, owner):
    def make(account_id=None, **delivery):
        account_id = account_id or world.here.family.carer
        return Sent(owner, world.phone(account_id), account_id, **delivery)

    return make


def expected(events: Any) -> dict[str, Any]:
    """Where any order of these must lead, once the sender has had its turn."""
    opened = not {"opened", "acknowledged"}.isdisjoint(events)
    received = opened or "received" in events
    return {
        "delivery": "opened" if opened else "received" if received else "accepted",
        "received": received,
        "opened_here": opened,
        "opened": opened,
        "acknowledged": "acknowledged" in events,
    }


class TestAReceipt:
    @pytest.mark.parametrize("receipt", RECEIPTS)
    def test_implies_those_before_it(self, sent, receipt):
        told = sent(state=DeliveryState.ACCEPTED)
        told.happens(receipt)
        assert told.state() == expected([receipt])

    @pytest.mark.parametrize("receipt", RECEIPTS)
    def test_twice_is_once(self, sent, receipt, everything):
        told = sent(state=DeliveryState.ACCEPTED)
        told.happens(receipt)
        before = everything()
        told.happens(receipt)
        after = everything()
        changed = {table for table in before if before[table] != after[table]}
        assert changed <= {"devices"}, "but for the proof that the phone is in use"

    def test_never_needs_a_version(self, sent):
        told = sent()
        answer = told.phone.post(f"/notifications/{told.id}/opened", If_Match='"77"')
        assert answer.status_code == 204

    @pytest.mark.parametrize("order", [*permutations([*RECEIPTS, "claimed", "accepted"])])
    def test_in_any_order_ends_alike(self, sent, order):
        if order.index("claimed") > order.index("accepted"):
            return
        told = sent()
        for event in order:
            told.happens(event)
        assert told.state() == expected(order)

    @pytest.mark.parametrize("receipt", RECEIPTS)
    @pytest.mark.parametrize("state", ["queued", "sending", "accepted", "failed", "dropped",
                                       "expired"])  # fmt: skip
    def test_is_stronger_than_what_the_sender_believes(self, sent, state, receipt):
        ended = {"ended_at": clock.now(), "reason": "expired", "attempts": 1}
        told = sent(state=state, **(ended if state in {"failed", "dropped", "expired"} else {}))
        told.happens(receipt)
        assert told.state() == expected([receipt])

    @pytest.mark.parametrize("receipt", RECEIPTS)
    def test_leaves_what_was_not_sent_on_purpose(self, sent, receipt):
        """The digest goes by it: whoever opens it needs none, whoever only has it does."""
        told = sent(state="suppressed", reason="quiet_hours", quiet_until=clock.now())
        told.happens(receipt)
        assert told.state() | {
            "delivery": "suppressed",
            "received": False,
            "opened_here": False,
        } == (
            expected([receipt])
            | {"delivery": "suppressed", "received": False, "opened_here": False}
        )
        assert told.state()["delivery"] == "suppressed"

    def test_proves_the_phone(self, sent, rows):
        told = sent()
        ((before, never),) = rows("select proven_at, received_at from devices")
        told.happens("received")
        ((after, received),) = rows("select proven_at, received_at from devices")
        assert never is None
        assert before < after == received

    def test_is_of_the_phone_that_sends_it(self, sent, world, rows):
        """The person's other phone has not received it, though the person has opened it."""
        told = sent(state=DeliveryState.ACCEPTED)
        world.carer.post(f"/notifications/{told.id}/opened")
        assert told.state() == expected([]) | {"opened": True}
        assert rows("select received_at from devices") == [(None,)]

    def test_without_a_phone_of_ones_own_is_as_good(self, world, rows):
        world.asked()
        phone = world.hub_carer
        (told,) = phone.get("/notifications").json["items"]
        for receipt in RECEIPTS:
            assert phone.post(f"/notifications/{told['id']}/{receipt}").status_code == 204
        ((opened, acknowledged),) = rows("select opened_at, acknowledged_at from notifications")
        assert opened is not None
        assert acknowledged is not None

    @pytest.mark.parametrize("receipt", RECEIPTS)
    def test_for_somebody_elses_is_a_404_and_changes_nothing(self, sent, world, receipt):
        told = sent()
        before = told.state()
        neighbour = world.phone(world.here.neighbours.carer)
        for id_ in (told.id, uuid7()):
            assert neighbour.post(f"/notifications/{id_}/{receipt}").status_code == 404
        assert told.state() == before

    def test_needs_a_login(self, world):
        assert world.phone().post(f"/notifications/{uuid7()}/opened").status_code == 401


class TestAcknowledging:
    def test_is_recorded_the_first_time(self, sent, rows):
        told = sent()
        for _ in range(2):
            told.happens("acknowledged")
        events = "select actor_id, subject_id, changed from audit_events where action = :action"
        (event,) = rows(events, action="notification:acknowledge")
        assert (event.subject_id, event.changed) == (told.id, ["acknowledged_at"])

    def test_is_the_only_receipt_on_record(self, sent, rows):
        told = sent()
        for receipt in ("received", "opened"):
            told.happens(receipt)
        assert rows("select action from audit_events where action like 'notification:%'") == []


class TestInAnyOrder:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(events=st.lists(st.sampled_from([*RECEIPTS, *SENDER]), max_size=8))
    def test_nothing_is_ever_taken_back(self, sent, events):
        told = sent()
        before = told.state()
        for event in events:
            told.happens(event)
            after = told.state()
            assert RANK[after["delivery"]] >= RANK[before["delivery"]], events
            assert all(after[name] >= before[name] for name in after if name != "delivery"), events
            before = after
        for event in SENDER:
            told.happens(event)
        assert told.state() == expected(events)
