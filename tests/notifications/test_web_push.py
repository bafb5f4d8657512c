"""Push to browsers, by the real library, against a stand-in that opens what it is sent."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec

from hub_api.notifications import vapid_keys, web_push
from hub_api.notifications.categories import Topic
from hub_api.notifications.channels import Ending, Outcome, Recipient
from hub_api.notifications.models import DropReason
from hub_api.settings import Channels
from tests.notifications.messages import a_message
from tests.standins import web_push as replies
from tests.standins.server import Reply
from tests.standins.web_push import PushService

ACCEPTED = Outcome(ending=Ending.ACCEPTED)


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as stand_in:
        yield stand_in
        stand_in.refuse_unexpected()


@pytest.fixture
def channels(service, tmp_path) -> Channels:
    return service.channels(tmp_path)


@pytest.fixture
def channel(channels) -> Iterator[web_push.WebPush]:
    channel = web_push.from_settings(channels)
    yield channel
    channel.close()


@pytest.fixture
def sender(channels) -> str:
    return vapid_keys.public_text(vapid_keys.load(channels.vapid_key_file))


@pytest.fixture
def browser(service, sender) -> Recipient:
    return service.subscribe(sender)


class TestWhatIsSent:
    def test_constant_words_and_an_opaque_id_that_only_the_browser_can_read(
        self, service, channel, browser
    ):
        message = a_message()
        assert channel.send(message, browser) == ACCEPTED
        push = service.expect(browser)
        assert push.message == {
            "nid": str(message.notification_id),
            "category": "booking",
            "title": "Booking",
            "body": "You have a new update.",
        }

    def test_a_repetition_replaces_the_first(self, service, channel, browser):
        message = a_message()
        topics = set()
        for _ in range(2):
            channel.send(message, browser)
            topics.add(service.expect(browser).headers["topic"])
        assert topics == {message.notification_id.hex}

    @pytest.mark.parametrize(
        ("lasts", "ttl"),
        [(timedelta(hours=1), "3600"), (timedelta(days=60), "2419200"), (timedelta(-1), "0")],
    )
    def test_it_is_kept_for_as_long_as_it_is_worth_telling(
        self, service, channel, browser, lasts, ttl
    ):
        channel.send(a_message(lasts=lasts), browser)
        assert service.expect(browser).headers["ttl"] == ttl

    def test_only_what_is_urgent_wakes_a_phone_that_saves_power(self, service, channel, browser):
        for is_urgent, urgency in ((False, "normal"), (True, "high")):
            channel.send(a_message(is_urgent=is_urgent), browser)
            assert service.expect(browser).headers["urgency"] == urgency

    def test_its_length_does_not_tell_what_it_is_about(self, service, channel, browser):
        for topic, body in ((Topic.BOOKING, "One."), (Topic.DIGEST, "A much longer sentence.")):
            channel.send(a_message(topic=topic, body=body), browser)
        assert service.expect(browser).size == service.expect(browser).size

    def test_a_signature_serves_for_an_hour(self, service, channel, browser):
        """Each is checked by the stand-in: who, for whom, and for a day at the most."""
        signatures = []
        start = datetime.now(UTC)
        for minutes in (0, 59, 61, 24 * 60 + 62):
            with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
                assert channel.send(a_message(), browser) == ACCEPTED
            signatures.append(service.expect(browser).headers["authorization"])
        assert signatures[0] == signatures[1]
        assert len(set(signatures)) == 3

    def test_a_dry_run_sends_nothing(self, service, channel, browser):
        ended = channel.send(a_message(), browser, dry_run=True)
        assert ended == Outcome(ending=Ending.ACCEPTED, reason="not_asked")
        assert service.pushes == []

    def test_threads_share_a_channel(self, service, channel, sender):
        browsers = [service.subscribe(sender) for _ in range(20)]
        ended: list[Outcome] = []
        threads = [
            threading.Thread(target=lambda b=b: ended.append(channel.send(a_message(), b)))
            for b in browsers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert ended == [ACCEPTED] * 20
        for browser in browsers:
            service.expect(browser)


REFUSED = Outcome(ending=Ending.FAILED, reason="refused")
FAULT = Outcome(ending=Ending.FAULT, reason="key_refused")
SERVICE_ERROR = Outcome(ending=Ending.LATER, reason="service_error")


def gone(reason: DropReason) -> Outcome:
    return Outcome(ending=Ending.GONE, reason=str(reason), drop=reason)


def quota(seconds: int) -> Outcome:
    return Outcome(ending=Ending.LATER, reason="quota", retry_after=timedelta(seconds=seconds))


class TestHowItEnds:
    @pytest.mark.parametrize(
        ("reply", "outcome"),
        [
            (Reply(status=201), ACCEPTED),
            (Reply(status=201, headers={"Location": "/m/secret"}), ACCEPTED),
            (Reply(status=200), ACCEPTED),
            (Reply(status=202), ACCEPTED),
            (replies.MOZILLA_NO_ENDPOINT, gone(DropReason.UNREGISTERED)),
            (replies.MOZILLA_EXPIRED, gone(DropReason.UNREGISTERED)),
            (replies.MOZILLA_OTHER_KEY, gone(DropReason.WRONG_SENDER)),
            (replies.GOOGLE_OTHER_KEY, gone(DropReason.WRONG_SENDER)),
            (replies.APPLE_OTHER_KEY, gone(DropReason.WRONG_SENDER)),
            (replies.APPLE_BAD_ADDRESS, gone(DropReason.BAD_ADDRESS)),
            (replies.MOZILLA_UNAUTHORISED, FAULT),
            (replies.GOOGLE_UNAUTHORISED, FAULT),
            (replies.APPLE_BAD_JWT, FAULT),
            (Reply(status=403), FAULT),
            (replies.BAD_MESSAGE, REFUSED),
            (Reply(status=400), REFUSED),
            (Reply(status=418), REFUSED),
            (replies.TOO_LARGE, Outcome(ending=Ending.FAILED, reason="too_large")),
            (Reply(status=429), quota(10)),
            (Reply(status=429, headers={"Retry-After": "3"}), quota(10)),
            (Reply(status=429, headers={"Retry-After": "120"}), quota(120)),
            (Reply(status=429, headers={"Retry-After": "9" * 30}), quota(86400)),
            (Reply(status=429, headers={"Retry-After": "soon"}), quota(10)),
            (Reply(status=406), quota(10)),
            (Reply(status=408), SERVICE_ERROR),
            (Reply(status=500), SERVICE_ERROR),
            (Reply(status=502), SERVICE_ERROR),
            (Reply(status=599), SERVICE_ERROR),
            (
                Reply(status=503, headers={"Retry-After": "7"}),
                replace(SERVICE_ERROR, retry_after=timedelta(seconds=7)),
            ),
            (replies.HANGS_UP, Outcome(ending=Ending.LATER, reason="unreachable")),
        ],
    )
    def test_every_answer(self, service, channel, browser, reply, outcome):
        service.will_answer(browser, reply)
        assert channel.send(a_message(), browser) == outcome
        service.expect(browser)
        assert channel.send(a_message(), browser) == ACCEPTED
        service.expect(browser)

    def test_a_wait_until_a_date(self, service, channel, browser):
        now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
        then = format_datetime(now + timedelta(minutes=5), usegmt=True)
        service.will_answer(browser, Reply(status=503, headers={"Retry-After": then}))
        with time_machine.travel(now, tick=False):
            ended = channel.send(a_message(), browser)
        service.expect(browser)
        assert ended.retry_after == timedelta(minutes=5)

    @pytest.mark.parametrize(
        "reply", [replies.MOZILLA_UNAUTHORISED, replies.GOOGLE_UNAUTHORISED, Reply(status=403)]
    )
    def test_a_signature_that_was_good_for_others_is_not_what_is_wrong(
        self, service, channel, sender, browser, reply
    ):
        """Or one browser's odd subscription would stop the channel for everybody."""
        assert channel.send(a_message(), service.subscribe(sender)) == ACCEPTED
        service.expect()
        service.will_answer(browser, reply)
        assert channel.send(a_message(), browser) == REFUSED
        service.expect(browser)

    def test_a_browser_that_subscribed_to_another_hub(self, service, channel):
        other = vapid_keys.public_text(ec.generate_private_key(ec.SECP256R1()))
        browser = service.subscribe(other)
        assert channel.send(a_message(), browser) == gone(DropReason.WRONG_SENDER)
        service.expect(browser)

    @pytest.mark.parametrize(
        "keys",
        [
            {"p256dh": "BAAA"},
            {"p256dh": "B" + "A" * 86},
            {"p256dh": "§"},
            {"p256dh": None},
            {"auth": None},
        ],
    )
    def test_keys_that_are_none(self, channel, browser, keys):
        assert channel.send(a_message(), replace(browser, **keys)) == gone(DropReason.BAD_ADDRESS)

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_is_not_followed(self, service, channel, browser, status):
        service.will_answer(
            browser, Reply(status=status, headers={"Location": f"{service.url}/elsewhere"})
        )
        ended = channel.send(a_message(), browser)
        assert ended == Outcome(ending=Ending.LATER, reason="redirected")
        service.expect(browser)
        assert service.elsewhere == []

    def test_a_slow_answer_is_not_waited_for_and_not_asked_for_twice(
        self, service, channel, browser, monkeypatch
    ):
        monkeypatch.setattr(web_push, "WITHIN", (1, 0.2))
        service.will_answer(browser, Reply(status=201, delay=3))
        assert channel.send(a_message(), browser) == Outcome(ending=Ending.LATER, reason="timeout")
        service.expect(browser)
        assert len(service.pushes) == 1

    def test_nobody_there(self, channel, sender):
        with PushService() as gone_by_now:
            browser = gone_by_now.subscribe(sender)
        assert channel.send(a_message(), browser) == Outcome(
            ending=Ending.LATER, reason="unreachable"
        )

    def test_a_long_answer_is_not_read(self, service, channel, browser):
        words = b"x" * 500_000 + b"VapidPkHashMismatch"
        service.will_answer(browser, Reply(status=400, body=words))
        assert channel.send(a_message(), browser) == REFUSED
        service.expect(browser)

    def test_a_dripping_answer_keeps_nobody(self, channel, browser, monkeypatch):
        monkeypatch.setattr(web_push, "WITHIN", (1, 1))
        is_over = threading.Event()

        def drip(listener: socket.socket) -> None:
            link, _ = listener.accept()
            with link:
                link.recv(65536)
                link.sendall(b"HTTP/1.1 400 No\r\nContent-Length: 2000\r\n\r\n")
                while not is_over.wait(0.1):
                    try:
                        link.sendall(b"x")
                    except OSError:
                        return

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=drip, args=[listener])
            thread.start()
            address = f"http://127.0.0.1:{listener.getsockname()[1]}/a"
            began = time.monotonic()
            try:
                assert channel.send(a_message(), replace(browser, address=address)) == REFUSED
                assert time.monotonic() - began < 1.5
            finally:
                is_over.set()
                thread.join(5)

    def test_a_connection_is_kept(self, service, channel, browser):
        for _ in range(3):
            channel.send(a_message(), browser)
            service.expect(browser)
        assert len(service._server._links) == 1

    def test_what_it_answers_and_where_is_never_logged(self, service, channel, browser, caplog):
        caplog.set_level(logging.INFO)
        for reply in (replies.GOOGLE_OTHER_KEY, Reply(status=500, body=b"secret words")):
            service.will_answer(browser, reply)
            channel.send(a_message(), browser)
            service.expect(browser)
        channel.send(a_message(), replace(browser, p256dh="BAAA"))
        for secret in ("secret words", "credentials", browser.address, browser.auth):
            assert secret not in caplog.text
