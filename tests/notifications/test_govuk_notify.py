"""E-mail and text messages, by the real client, against a stand-in for GOV.UK Notify."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from hub_api.notifications import govuk_notify
from hub_api.notifications.channels import Ending, Outcome, Recipient
from hub_api.settings import Channels, SettingsError
from tests.notifications.messages import a_message
from tests.standins import govuk_notify as replies
from tests.standins.govuk_notify import EMAIL_TEMPLATE, SMS_TEMPLATE, GovukNotify, Template
from tests.standins.server import Reply

MOBILE = Recipient(kind="sms", address="+447700900123")
MAILBOX = Recipient(kind="email", address="carer@example.org")
BOTH = pytest.mark.parametrize("recipient", [MOBILE, MAILBOX], ids=["sms", "email"])

SETTLES = govuk_notify.SETTLES


@pytest.fixture
def notify() -> Iterator[GovukNotify]:
    with GovukNotify() as stand_in:
        yield stand_in
        stand_in.refuse_unexpected()


@pytest.fixture
def channels(notify, tmp_path) -> Channels:
    return notify.channels(tmp_path)


@pytest.fixture
def channel(channels) -> Iterator[govuk_notify.GovukNotify]:
    channel = govuk_notify.from_settings(channels)
    yield channel
    channel.close()


def first(**changes):
    """A message of which there has been no attempt."""
    return a_message(may_be_repeat=False, **changes)


def fault(reason: str) -> Outcome:
    return Outcome(ending=Ending.FAULT, reason=reason)


def later(reason: str, wait: timedelta | None = SETTLES) -> Outcome:
    return Outcome(ending=Ending.LATER, reason=reason, retry_after=wait)


def failed(reason: str) -> Outcome:
    return Outcome(ending=Ending.FAILED, reason=reason)


class TestWhatIsSent:
    def test_a_text_message_of_constant_words(self, notify, channel):
        message = first()
        ended = channel.send(message, MOBILE)
        sent = notify.expect(MOBILE.address)
        assert ended == Outcome(ending=Ending.ACCEPTED, provider_id=sent.id)
        assert sent.body == "Booking: You have a new update."
        assert sent.nid == message.notification_id

    def test_an_email_of_constant_words(self, notify, channel):
        ended = channel.send(first(), MAILBOX)
        sent = notify.expect(MAILBOX.address)
        assert ended == Outcome(ending=Ending.ACCEPTED, provider_id=sent.id)
        assert sent.subject == "Booking: you have a message from the Mockingbird hub"
        assert sent.body.startswith("You have a new update.")

    def test_the_two_have_references_of_their_own(self, notify, channel):
        message = first()
        for recipient in (MOBILE, MAILBOX):
            channel.send(message, recipient)
        text, email = notify.expect(MOBILE.address), notify.expect(MAILBOX.address)
        assert text.reference == f"{message.notification_id}-sms"
        assert email.reference == f"{message.notification_id}-email"

    @BOTH
    def test_a_dry_run_has_the_template_filled_in_and_sends_nothing(
        self, notify, channel, recipient
    ):
        ended = channel.send(first(), recipient, dry_run=True)
        assert ended == Outcome(ending=Ending.ACCEPTED)
        assert notify.sent == []

    @pytest.mark.parametrize("what", ["missing", "asks for more"])
    def test_a_dry_run_notices_a_wrong_template(self, notify, channel, what):
        if what == "missing":
            del notify.templates[SMS_TEMPLATE]
        else:
            notify.templates[SMS_TEMPLATE] = Template("sms", "Dear ((name))")
        assert channel.send(first(), MOBILE, dry_run=True) == fault("template")

    def test_threads_have_a_client_each(self, notify, channel):
        numbers = [f"+4477009{number:05}" for number in range(20)]
        ended: list[Outcome] = []
        threads = [
            threading.Thread(
                target=lambda n=n: ended.append(channel.send(first(), replace(MOBILE, address=n)))
            )
            for n in numbers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert [outcome.ending for outcome in ended] == [Ending.ACCEPTED] * 20
        for number in numbers:
            notify.expect(number)


class TestATextMessageIsNotSentTwice:
    @BOTH
    @pytest.mark.parametrize(
        "reply",
        [
            replies.HANGS_UP,
            replies.BROKEN,
            Reply(status=504),
            Reply(status=201, body=b"<html>"),
            Reply(status=201, body={}),
        ],
        ids=["hangs up", "500", "504", "not JSON", "no id"],
    )
    def test_when_notify_took_it_and_we_were_not_told(self, notify, channel, recipient, reply):
        notify.will_answer(recipient.address, reply, takes=True)
        message = first()
        ended = channel.send(message, recipient)
        assert (ended.ending, ended.retry_after) == (Ending.LATER, SETTLES)
        sent = notify.expect(recipient.address)
        again = channel.send(replace(message, may_be_repeat=True), recipient)
        assert again == Outcome(ending=Ending.ACCEPTED, provider_id=sent.id)
        assert len(notify.sent) == 1

    def test_when_the_answer_took_too_long(self, notify, channel, monkeypatch):
        monkeypatch.setattr(govuk_notify, "SEND_WITHIN", (1, 0.2))
        notify.will_answer(MOBILE.address, Reply(status=201, delay=3), takes=True)
        message = first()
        assert channel.send(message, MOBILE) == later("timeout")
        sent = notify.expect(MOBILE.address)
        assert channel.send(replace(message, may_be_repeat=True), MOBILE).provider_id == sent.id
        assert len(notify.sent) == 1

    def test_and_is_sent_when_notify_never_took_it(self, notify, channel):
        notify.will_answer(MOBILE.address, replies.HANGS_UP)
        message = first()
        assert channel.send(message, MOBILE) == later("unreachable")
        again = channel.send(replace(message, may_be_repeat=True), MOBILE)
        assert again.provider_id == notify.expect(MOBILE.address).id

    def test_another_notification_is_no_repetition(self, notify, channel):
        for _ in range(2):
            channel.send(a_message(), MOBILE)
            notify.expect(MOBILE.address)

    def test_nor_is_anothers_message_whatever_notify_lists(self, notify, channel):
        another = {"notifications": [{"id": "1", "reference": "another-sms"}]}
        notify.will_answer("/v2/notifications", Reply(body=another))
        assert channel.send(a_message(), MOBILE).provider_id == notify.expect(MOBILE.address).id

    def test_a_first_attempt_asks_nothing(self, notify, channel):
        channel.send(first(), MOBILE)
        notify.expect(MOBILE.address)
        assert dict(notify.asked) == {"POST /v2/notifications/sms": 1}

    def test_nothing_is_sent_while_notify_can_not_say(self, notify, channel):
        notify.will_answer("/v2/notifications", replies.BROKEN)
        assert channel.send(a_message(), MOBILE) == later("service_error")
        assert notify.sent == []

    def test_who_does_not_say_asks(self):
        assert a_message().may_be_repeat


class TestHowItEnds:
    @BOTH
    @pytest.mark.parametrize(
        ("reply", "outcome"),
        [
            (replies.BAD_NUMBER, failed("bad_address")),
            (replies.BAD_EMAIL, failed("bad_address")),
            (replies.TEAM_KEY, failed("recipient_refused")),
            (replies.TRIAL, failed("recipient_refused")),
            (Reply(status=400, body=b"what"), failed("recipient_refused")),
            (Reply(status=418), failed("refused")),
            (Reply(status=401), fault("key_refused")),
            (replies.KEY_REFUSED, fault("key_refused")),
            (replies.CLOCK, fault("key_refused")),
            (replies.NOT_FOUND, fault("no_such_service")),
            (Reply(status=405), fault("no_such_service")),
            (replies.RATE, later("quota", timedelta(seconds=10))),
            (Reply(status=429), later("quota", timedelta(seconds=10))),
            (replies.BROKEN, later("service_error")),
            (Reply(status=502, body=b"<html>"), later("service_error")),
            (Reply(status=503), later("service_error")),
            (Reply(status=504), later("service_error")),
            (Reply(status=201, body=b"<html>"), later("malformed_answer")),
            (Reply(status=201, body=[]), later("unexpected")),
            (replies.HANGS_UP, later("unreachable")),
        ],
    )
    def test_every_answer(self, notify, channel, recipient, reply, outcome):
        notify.will_answer(recipient.address, reply)
        assert channel.send(first(), recipient) == outcome
        assert notify.sent == []
        assert channel.send(first(), recipient).ending == Ending.ACCEPTED
        notify.expect(recipient.address)

    @pytest.mark.parametrize("to", ["12", "not a number"])
    def test_a_number_that_is_none(self, channel, to):
        assert channel.send(first(), replace(MOBILE, address=to)) == failed("bad_address")

    @pytest.mark.parametrize("what", ["missing", "asks for more", "another kind"])
    def test_a_wrong_template_is_everybodys(self, notify, channel, what):
        """The same status and type as for one recipient; so the template itself is looked at."""
        if what == "missing":
            del notify.templates[SMS_TEMPLATE]
        elif what == "asks for more":
            notify.templates[SMS_TEMPLATE] = Template("sms", "((title)) ((name))")
        else:
            notify.templates[SMS_TEMPLATE] = notify.templates[EMAIL_TEMPLATE]
        assert channel.send(first(), MOBILE) == fault("template")
        assert channel.send(first(), MAILBOX).ending == Ending.ACCEPTED
        notify.expect(MAILBOX.address)

    def test_what_nobody_can_say_of_the_template_is_for_later(self, notify, channel):
        notify.will_answer(MOBILE.address, replies.TRIAL)
        notify.will_answer("/v2/templates", replies.BROKEN)
        assert channel.send(first(), MOBILE) == later("service_error")

    @pytest.mark.parametrize(
        ("now", "wait"),
        [
            (datetime(2026, 1, 31, 23, 59, 0, tzinfo=UTC), timedelta(minutes=1)),
            # Half past midnight in a London summer: Notify counts in UTC.
            (datetime(2026, 7, 1, 23, 30, 0, tzinfo=UTC), timedelta(minutes=30)),
            (datetime(2026, 7, 2, 0, 0, 0, tzinfo=UTC), timedelta(days=1)),
        ],
    )
    def test_the_limit_of_the_day_ends_at_midnight(self, notify, channel, now, wait):
        notify.will_answer(MOBILE.address, replies.DAY_LIMIT)
        with time_machine.travel(now, tick=False):
            assert channel.send(first(), MOBILE) == later("day_limit", wait)

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_takes_nobodys_number_along(self, notify, channel, status):
        elsewhere = {"Location": f"{notify.url}/elsewhere"}
        notify.will_answer(MOBILE.address, Reply(status=status, headers=elsewhere))
        assert channel.send(first(), MOBILE) == fault("redirected")
        assert set(notify.asked) == {"POST /v2/notifications/sms"}

    def test_a_key_that_is_revoked(self, notify, tmp_path):
        other = replies.KEY[:-4] + "0000"
        channel = govuk_notify.from_settings(notify.channels(tmp_path, other))
        for message in (first(), a_message()):
            assert channel.send(message, MOBILE) == fault("key_refused")
        channel.close()

    def test_nobody_there(self, tmp_path):
        with GovukNotify() as gone_by_now:
            channel = govuk_notify.from_settings(gone_by_now.channels(tmp_path))
        for message in (first(), a_message()):
            assert channel.send(message, MOBILE) == later("unreachable")
        channel.close()

    def test_nobodys_number_is_logged(self, notify, channel, caplog):
        caplog.set_level(logging.DEBUG)
        quoting = replies.refusal(400, "ValidationError", f"phone_number {MOBILE.address} is bad")
        notify.will_answer(MOBILE.address, quoting, replies.BROKEN, replies.HANGS_UP)
        for _ in range(3):
            channel.send(first(), MOBILE)
        assert MOBILE.address not in caplog.text
        assert "is bad" not in caplog.text


class TestWhatTheOperatorIsToldToSetUp:
    def test_is_what_is_tried_here(self, notify):
        page = (Path(__file__).parents[2] / "docs" / "operator.md").read_text()
        for template in notify.templates.values():
            assert f"\n{template.body}\n" in page
            assert template.subject in page
            assert template.placeholders == govuk_notify.PLACEHOLDERS


class TestSettings:
    def test_off_without_a_key(self):
        assert govuk_notify.from_settings(Channels()) is None

    @pytest.mark.parametrize("name", ["notify_email_template", "notify_sms_template"])
    def test_a_template_without_a_key_is_half_set(self, name):
        with pytest.raises(SettingsError, match="HUB_NOTIFY_KEY_FILE is not"):
            govuk_notify.from_settings(Channels(**{name: SMS_TEMPLATE}))

    def test_a_key_without_a_template_is_half_set(self, channels):
        with pytest.raises(SettingsError, match="neither HUB_NOTIFY_EMAIL_TEMPLATE nor"):
            govuk_notify.from_settings(
                replace(channels, notify_email_template="", notify_sms_template="")
            )

    def test_e_mail_alone(self, notify, channels):
        channel = govuk_notify.from_settings(replace(channels, notify_sms_template=""))
        assert channel.send(first(), MOBILE) == failed("no_template")
        assert channel.send(first(), MAILBOX).ending == Ending.ACCEPTED
        notify.expect(MAILBOX.address)
        channel.close()

    @pytest.mark.parametrize("name", ["notify_email_template", "notify_sms_template"])
    def test_a_template_is_named_by_its_id(self, channels, name):
        with pytest.raises(SettingsError, match=f"HUB_{name.upper()}") as refused:
            govuk_notify.from_settings(replace(channels, **{name: "reminder"}))
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize("what", ["missing", "folder", "words", "half", "bytes"])
    def test_a_key_that_can_not_be_used_says_so_in_one_line(self, channels, tmp_path, what):
        path = tmp_path / "other.key"
        if what == "folder":
            path.mkdir()
        elif what == "bytes":
            path.write_bytes(b"\xff\xfe")
        elif what != "missing":
            path.write_text({"words": "not a key", "half": replies.SERVICE}[what])
        with pytest.raises(SettingsError, match="HUB_NOTIFY_KEY_FILE") as refused:
            govuk_notify.from_settings(replace(channels, notify_key_file=path))
        assert "\n" not in str(refused.value)
        assert "not a key" not in str(refused.value)
