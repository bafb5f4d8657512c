"""Nothing is stuck anywhere for more than half a minute, whoever has died or forgotten it."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub_api import db
from hub_api.notifications import delivering, planning, senders, watchdog
from hub_api.notifications.categories import Category
from hub_api.notifications.models import ChannelName
from hub_api.notifications.senders import Senders
from tests.notifications.sending import UNAVAILABLE
from tests.running.program import wait_until


@pytest.fixture(autouse=True)
def _phone(town, world):
    town.phone(world.here.hub_carer)


def take(post):
    with db.transaction(post.engine):
        due = delivering.next_due(post.channels)
        assert delivering.take(due)
    return due


class TestTheWatchdog:
    def test_puts_back_what_a_dead_sender_had_in_hand(self, post, told, town, frozen):
        notification_id = told()
        take(post)
        frozen.shift(29)
        assert watchdog.look(post.engine) == {}
        assert post.send_due() == 0
        frozen.shift(1)
        assert watchdog.look(post.engine) == {"put_back": 1}
        assert post.send_due() == 1
        (delivery,) = town.deliveries(notification_id)
        assert (delivery.state, delivery.attempts) == ("accepted", 2)
        assert watchdog.look(post.engine) == {}

    def test_is_not_put_off_by_a_clock_set_back(self, post, told, frozen):
        told()
        take(post)
        frozen.shift(-timedelta(hours=3))
        assert watchdog.look(post.engine) == {"put_back": 1}
        assert post.send_due() == 1

    def test_makes_ready_what_no_job_has_made_ready(self, post, town, world, frozen):
        notification_id = town.tell(world.here.hub_carer, Category.REQUEST_SUBMITTED)
        assert watchdog.look(post.engine) == {}
        frozen.shift(30)
        assert watchdog.look(post.engine) == {"made_ready": 1}
        assert post.send_due() == 1
        (delivery,) = town.deliveries(notification_id)
        assert delivery.state == "accepted"

    def test_lets_one_that_can_not_be_made_ready_keep_none_of_the_others(
        self, post, town, world, frozen, monkeypatch
    ):
        bad, good = (town.tell(world.here.hub_carer, Category.REQUEST_SUBMITTED) for _ in range(2))
        make_ready = planning.make_ready

        def choke(ids):
            if bad in ids:
                raise ValueError
            make_ready(ids)

        monkeypatch.setattr(planning, "make_ready", choke)
        frozen.shift(30)
        assert watchdog.look(post.engine) == {"made_ready": 1}
        assert len(town.deliveries(good)) == 1

    def test_comes_to_those_behind_many_that_can_not_be_made_ready(
        self, post, town, world, frozen, monkeypatch
    ):
        bad = [town.tell(world.here.hub_carer, Category.REQUEST_SUBMITTED) for _ in range(2)]
        good = town.tell(world.here.hub_carer, Category.REQUEST_SUBMITTED)
        make_ready = planning.make_ready

        def choke(ids):
            if {*bad} & {*ids}:
                raise ValueError
            make_ready(ids)

        monkeypatch.setattr(planning, "make_ready", choke)
        monkeypatch.setattr(watchdog, "AT_ONCE", 1)
        frozen.shift(30)
        for _ in range(100):
            watchdog.look(post.engine)
        assert len(town.deliveries(good)) == 1

    def test_gives_up_what_waits_for_a_channel_that_is_off_by_now(self, post, told, town, frozen):
        notification_id = told()
        post.only(ChannelName.EMAIL)
        frozen.shift(29)
        assert watchdog.look(post.engine) == {}
        frozen.shift(1)
        assert watchdog.look(post.engine) == {"without_channel": 1}
        delivery = town.push(notification_id)
        assert (delivery.state, delivery.reason) == ("suppressed", "channel_off")

    def test_leaves_what_waits_for_another_try(self, post, told, town, frozen):
        post.fcm.always = UNAVAILABLE
        notification_id = told()
        post.send_due()
        frozen.shift(600)
        assert watchdog.look(post.engine) == {}
        (delivery,) = town.deliveries(notification_id)
        assert delivery.state == "queued"

    def test_is_not_kept_by_a_sender_that_is_recording(self, post, told, frozen, owner):
        told()
        take(post)
        frozen.shift(60)
        with owner.begin() as connection:
            connection.execute(sa.text("select from deliveries for update"))
            assert watchdog.look(post.engine) == {}
        assert watchdog.look(post.engine) == {"put_back": 1}


class TestSenders:
    @pytest.fixture
    def running(self, post):
        made = Senders(post.engine, 3)
        made.start()
        yield made
        assert made.stop(10)

    def test_send_when_woken(self, post, told, running, monkeypatch):
        monkeypatch.setattr(senders, "LOOKS_EVERY", 60)
        running.wake()  # those that waited with the usual patience
        told()
        delivering.wake()
        wait_until(lambda: post.fcm.sent, within=10)

    def test_look_by_themselves(self, post, told, running):  # noqa: ARG002 - they are there
        told()
        wait_until(lambda: post.fcm.sent, within=10)

    def test_finish_and_record_what_is_in_hand_when_told_to_stop(self, post, told, town):
        begun, go_on = threading.Event(), threading.Event()

        def dawdle():
            begun.set()
            assert go_on.wait(10)

        post.fcm.meanwhile = dawdle
        first, second = told(), told()
        only_one = Senders(post.engine, 1)
        only_one.start()
        assert begun.wait(10)
        threading.Timer(0.5, go_on.set).start()
        assert only_one.stop(10)
        states = sorted(town.deliveries(one)[0].state for one in (first, second))
        assert states == ["accepted", "queued"]

    def test_do_not_wait_for_ever_for_one_that_hangs(self, post, told):
        begun, go_on = threading.Event(), threading.Event()
        post.fcm.meanwhile = lambda: (begun.set(), go_on.wait(10))
        told()
        only_one = Senders(post.engine, 1)
        only_one.start()
        assert begun.wait(10)
        assert not only_one.stop(0.1)
        go_on.set()
        assert only_one.stop(10)

    def test_outlive_a_database_that_goes_away(self, told, running, superuser, town):
        gone = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'hub_worker'"
        wait_until(lambda: superuser(gone))
        notification_id = told()
        wait_until(lambda: town.deliveries(notification_id)[0].state == "accepted")
        assert running.stop(10)

    def test_record_an_outcome_once_the_database_is_back(self, post, told, superuser, town, rows):
        """Forgotten, it would be sent again."""
        gone = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'hub_worker'"
        post.fcm.meanwhile = lambda: superuser(gone)
        notification_id = told()
        assert post.send_due() == 1
        (delivery,) = town.deliveries(notification_id)
        assert (delivery.state, len(post.fcm.sent)) == ("accepted", 1)
        assert rows("select from deliveries where attempts > 1") == []
