"""A channel that is set up wrongly: one probe now and then, and everything once it works."""

import os
from datetime import timedelta

import pytest
import time_machine

from hub_api import clock, db
from hub_api.notifications import circuits, service, watchdog
from hub_api.notifications.categories import Category
from hub_api.notifications.channels import Ending, Outcome
from hub_api.notifications.models import ChannelName, DropReason
from hub_api.notifications.senders import Sender
from tests.notifications.sending import REVOKED, UNAVAILABLE, Answering, make_ready

FCM = ChannelName.FCM
BASE = "2026-11-24T09:00:00+00:00"
MANY = int(os.environ.get("PUSH_QUEUED", "200"))


@pytest.fixture
def frozen(world):  # noqa: ARG001 - whose logins are of today
    with time_machine.travel(BASE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def phone(town, world):
    return town.phone(world.here.hub_carer)


@pytest.fixture
def queued(post, town, world, phone, frozen):  # noqa: ARG001 - the phone they are for
    """Put so many into the queue."""

    def queue(count, category=Category.REQUEST_SUBMITTED):
        hub_carer = world.here.hub_carer
        with db.transaction(town.owner):
            told = [service.put({hub_carer: hub_carer}, category)[hub_carer] for _ in range(count)]
        make_ready(post.engine, *told)
        return told

    return queue


@pytest.fixture
def fault(rows):
    """The fault of FCM, if there is one."""

    def find():
        found = rows("select * from channel_faults where channel = 'fcm'")
        return found[0] if found else None

    return find


def states(rows):
    found = rows("select state, count(*) from deliveries where channel = 'fcm' group by state")
    return {row.state: row.count for row in found}


class TestAFault:
    def test_opens_the_circuit_and_keeps_the_delivery(self, post, queued, fault, rows):
        post.fcm.always = REVOKED
        queued(1)
        assert post.send_due() == 1
        assert (fault().reason, fault().probes) == ("key_revoked", 0)
        assert fault().probe_at == clock.now() + timedelta(seconds=60)
        assert states(rows) == {"queued": 1}

    def test_costs_a_probe_each_time_however_many_wait(
        self, post, queued, fault, rows, frozen, capsys
    ):
        """1 attempt at first, then 1 a probe, after 60 s and up to 15 min apart."""
        post.fcm.always = REVOKED
        queued(MANY)
        post.send_due()
        assert len(post.fcm.sent) == 1
        waited = []
        for probe in range(2, 9):
            wait = fault().probe_at - clock.now()
            frozen.shift(wait - timedelta(seconds=1))
            assert post.send_due() == 0
            frozen.shift(1)
            post.send_due()
            assert len(post.fcm.sent) == probe
            waited.append(wait.total_seconds())
        assert waited == [60, 120, 240, 480, 900, 900, 900]
        assert states(rows) == {"queued": MANY}

        post.fcm.always = Answering().always
        frozen.shift(900)
        post.send_due()
        frozen.shift(300)
        post.send_due()
        assert fault() is None
        assert states(rows) == {"accepted": MANY}
        with capsys.disabled():
            print(f"\n{MANY} queued during a fault of an hour: 8 attempts by 7 probes, 0 lost")

    def test_is_probed_by_one_sender_alone(self, post, queued, frozen):
        post.fcm.always = REVOKED
        queued(3)
        post.send_due()
        frozen.shift(60)
        # Another sender comes while the probe is on its way.
        post.fcm.meanwhile = lambda: Sender(post.engine).step()
        post.send_due()
        assert len(post.fcm.sent) == 2

    def test_is_probed_with_another_delivery_next(self, post, queued, frozen):
        """One that no service takes must not keep the circuit open for all the others."""
        post.fcm.always = REVOKED
        queued(2)
        post.send_due()
        frozen.shift(60)
        post.send_due()
        first, second = (message.notification_id for message, _ in post.fcm.sent)
        assert first != second

    def test_does_not_close_when_the_probe_meets_an_outage(self, post, queued, fault, frozen):
        post.fcm.replies = [REVOKED, UNAVAILABLE]
        queued(2)
        post.send_due()
        frozen.shift(60)
        post.send_due()
        assert fault() is not None
        assert post.send_due() == 0

    def test_is_not_forgotten_when_the_prober_dies(self, post, queued, fault, frozen):
        post.fcm.replies = [REVOKED]
        queued(2)
        post.send_due()
        frozen.shift(60)
        with db.transaction(post.engine):
            assert circuits.take_probe(FCM)  # and never says how it went
        assert post.send_due() == 0
        frozen.shift(120)
        post.send_due()
        assert fault() is None

    def test_leaves_the_other_channels_alone(self, post, queued, town, world, rows):
        town.prefer(world.here.hub_carer, mobile="+447700900123")
        post.fcm.always = REVOKED
        queued(3, Category.RETURN_LATE)
        post.send_due()
        assert len(post.channels[ChannelName.SMS].sent) == 3
        assert len(post.channels[ChannelName.EMAIL].sent) == 3
        assert states(rows) == {"queued": 3}

    def test_takes_no_probe_for_what_must_not_be_sent(self, post, queued, fault, frozen, owner):
        post.fcm.always = REVOKED
        queued(2)
        post.send_due()
        frozen.shift(60)
        with owner.begin() as connection:
            connection.exec_driver_sql("update notifications set opened_at = now()")
        post.send_due()
        assert (len(post.fcm.sent), fault().probes) == (1, 0)

    def test_does_not_keep_what_is_too_late(self, post, queued, frozen, rows):
        post.fcm.always = REVOKED
        queued(5)
        post.send_due()
        for _ in range(4 * 24 * 4):
            frozen.shift(900)
            post.send_due()
            watchdog.look(post.engine)
        assert states(rows) == {"expired": 5}
        assert len(post.fcm.sent) <= 4 * 24 * 4

    def test_stays_the_same_fault(self, post, queued, frozen, fault):
        post.fcm.always = REVOKED
        queued(3)
        post.send_due()
        opened_at = fault().opened_at
        frozen.shift(60)
        post.send_due()
        assert fault().opened_at == opened_at


class TestAProbeOfOneThatIsGone:
    def test_gives_the_turn_to_the_next(self, post, town, world, queued, fault, frozen):
        """It says nothing of the channel, and phones that are gone must not use up the probes."""
        post.fcm.replies = [REVOKED]
        town.phone(world.here.hub_carer)
        queued(1)
        post.send_due()
        frozen.shift(60)
        post.fcm.replies = [
            Outcome(ending=Ending.GONE, reason="unregistered", drop=DropReason.UNREGISTERED)
        ]
        post.send_due()
        assert fault() is None
        assert len(post.fcm.sent) == 3

    def test_is_no_proof_by_itself(self, post, queued, fault, frozen):
        post.fcm.always = REVOKED
        queued(1)
        post.send_due()
        frozen.shift(60)
        post.fcm.always = Outcome(ending=Ending.FAILED, reason="bad_message")
        post.send_due()
        assert fault().probe_at == clock.now()


class TestAClockSetBack:
    def test_keeps_no_probe_waiting(self, post, queued, fault, frozen):
        post.fcm.replies = [REVOKED]
        queued(1)
        post.send_due()
        frozen.shift(-timedelta(hours=3))
        queued(1)
        post.send_due()
        assert fault() is None
