"""No service keeps a sender for longer than an attempt may take, however it answers."""

import time
from datetime import timedelta

import pytest

from hub_api import worker
from hub_api.notifications import deadline, fcm, govuk_notify, vapid_keys, watchdog, web_push
from hub_api.notifications.channels import Ending, Recipient
from tests.notifications.messages import a_message
from tests.standins.govuk_notify import GovukNotify
from tests.standins.server import Reply
from tests.standins.web_push import PushService

WITHIN = 1.0
DRIPS = 0.05
"""Seconds: every single wait is short, and an answer of hundreds of bytes takes far too long."""
BODY = b'{"name": "projects/x/messages/1"}' + b" " * 400

PHONE = Recipient(kind="fid", address="one-phone")
MOBILE = Recipient(kind="sms", address="+447700900123")


def dripping(**changes):
    return Reply(body=BODY, drips=DRIPS, **changes)


BOTH = pytest.mark.parametrize("head", [False, True], ids=["body", "headers"])


@pytest.fixture(autouse=True)
def _little_time(monkeypatch):
    monkeypatch.setattr(deadline, "WITHIN", WITHIN)


@pytest.fixture
def opened():
    """Open a channel with settings, for the length of the test."""
    kept = []

    def open_channel(library, settings):
        kept.append(library.from_settings(settings))
        return kept[-1]

    yield open_channel
    for channel in kept:
        channel.close()


def ended(channel, recipient, **changes):
    """How an attempt ends, which it has to in time."""
    began = time.monotonic()
    outcome = channel.send(a_message(**changes), recipient)
    assert time.monotonic() - began < WITHIN + 1
    return outcome


class TestAnAnswerThatDrips:
    @BOTH
    def test_of_google_is_not_waited_for(self, google, opened, tmp_path, head):
        channel = opened(fcm, google.channels(tmp_path))
        google.will_answer(PHONE.address, dripping(drips_head=head))
        assert ended(channel, PHONE).ending is Ending.LATER
        google.expect(PHONE.address)
        # Nothing is left of it in the pool of connections.
        assert ended(channel, PHONE).ending is Ending.ACCEPTED
        google.expect(PHONE.address)

    def test_of_the_token_host_is_not_waited_for(self, google, opened, tmp_path):
        channel = opened(fcm, google.channels(tmp_path))
        google.token_replies.append(dripping())
        assert ended(channel, PHONE).ending is Ending.LATER

    @BOTH
    def test_of_govuk_notify_is_not_waited_for(self, opened, tmp_path, head):
        with GovukNotify() as notify:
            channel = opened(govuk_notify, notify.channels(tmp_path))
            notify.will_answer(MOBILE.address, dripping(status=201, drips_head=head))
            assert ended(channel, MOBILE, may_be_repeat=False).ending is Ending.LATER

    def test_of_a_push_service_is_not_waited_for(self, opened, tmp_path):
        """Its status is all that matters: only headers that drip keep it."""
        with PushService() as service:
            given = service.channels(tmp_path)
            channel = opened(web_push, given)
            sender = vapid_keys.public_text(vapid_keys.load(given.vapid_key_file))
            browser = service.subscribe(sender)
            service.will_answer(browser, dripping(status=201, drips_head=True))
            assert ended(channel, browser).ending is Ending.LATER


class TestAnAttempt:
    def test_is_one_however_many_calls_it_needs(self, opened, tmp_path):
        """Notify is asked first whether it has the message, and both answers are slow."""
        slow = Reply(status=503, delay=0.7)
        with GovukNotify() as notify:
            channel = opened(govuk_notify, notify.channels(tmp_path))
            notify.will_answer("/v2/notifications", Reply(body={"notifications": []}, delay=0.7))
            notify.will_answer(MOBILE.address, slow)
            began = time.monotonic()
            with deadline.attempt():
                channel.send(a_message(), MOBILE)
            assert time.monotonic() - began < 1.3

    def test_sends_nothing_once_its_time_is_up(self, google, opened, tmp_path):
        channel = opened(fcm, google.channels(tmp_path))
        with deadline.attempt():
            time.sleep(WITHIN)
            assert ended(channel, PHONE).ending is Ending.LATER
        assert google.token_requests == 0

    def test_is_what_every_sender_makes(self, post, told, town, world):
        town.phone(world.here.hub_carer)
        left = []
        post.fcm.meanwhile = lambda: left.extend(
            [deadline.left(), time.sleep(0.2), deadline.left()]
        )
        told()
        post.send_due()
        assert left[2] <= left[0] - 0.2


def test_an_attempt_takes_less_than_what_counts_as_stuck(monkeypatch):
    """Or the watchdog would have a slow attempt repeated while it is still under way."""
    monkeypatch.undo()
    longest = timedelta(seconds=deadline.WITHIN)
    assert longest < timedelta(seconds=worker.SENDS_WITHIN) < watchdog.STUCK_AFTER
