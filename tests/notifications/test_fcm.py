"""The channel `fcm`: the real library against a stand-in, every way a push can end."""

import json
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import time_machine
from uuid_utils.compat import uuid7

from hub_api import clock
from hub_api.notifications import fcm
from hub_api.notifications.categories import Topic
from hub_api.notifications.channels import Ending, Message, Outcome, Recipient
from hub_api.notifications.models import DropReason
from hub_api.settings import Channels, SettingsError
from tests.standins import fcm as google_says
from tests.standins.server import Reply

ADDRESS = "cZ9-very-own-address-of-one-phone"
PHONE = Recipient(kind="fid", address=ADDRESS)


def message(**changes) -> Message:
    usual = Message(
        notification_id=uuid7(),
        topic=Topic.BOOKING,
        title="Mockingbird",
        body="You have a new update: Booking",
        lasts=timedelta(hours=2),
        is_urgent=False,
    )
    return replace(usual, **changes)


@pytest.fixture
def channel(google, tmp_path):
    found = fcm.from_settings(google.channels(tmp_path))
    yield found
    found.close()


def later(reason, seconds=None):
    wait = None if seconds is None else timedelta(seconds=seconds)
    return Outcome(ending=Ending.LATER, reason=reason, retry_after=wait)


def fault(reason):
    return Outcome(ending=Ending.FAULT, reason=reason)


def gone(drop):
    return Outcome(ending=Ending.GONE, reason=drop, drop=drop)


BAD_MESSAGE = Outcome(ending=Ending.FAILED, reason="bad_message")

TABLE = {
    "unregistered": (google_says.UNREGISTERED, gone(DropReason.UNREGISTERED)),
    "404 without FcmError": (google_says.NO_PROJECT, fault("no_such_project")),
    "404 of some page": (Reply(status=404, body=b"<html>"), fault("no_such_project")),
    "400 about the token": (google_says.BAD_ADDRESS, gone(DropReason.BAD_ADDRESS)),
    "400 naming the token": (google_says.BAD_TOKEN_FIELD, gone(DropReason.BAD_ADDRESS)),
    "400 naming the fid": (
        google_says.refusal(400, "INVALID_ARGUMENT", google_says.bad_fields("message.fid")),
        gone(DropReason.BAD_ADDRESS),
    ),
    "400 naming a field": (google_says.BAD_MESSAGE, BAD_MESSAGE),
    "400 naming a field, with FcmError": (
        google_says.refusal(
            400,
            "INVALID_ARGUMENT",
            google_says.fcm_error("INVALID_ARGUMENT"),
            google_says.bad_fields("message.token", "message.data"),
        ),
        BAD_MESSAGE,
    ),
    "400 naming nothing": (google_says.refusal(400, "INVALID_ARGUMENT"), BAD_MESSAGE),
    "400 of some page": (Reply(status=400, body=b"<html>"), BAD_MESSAGE),
    "another sender's": (google_says.WRONG_SENDER, gone(DropReason.WRONG_SENDER)),
    "403": (google_says.FORBIDDEN, fault("permission_denied")),
    "Apple's key": (google_says.APPLE_KEY, fault("third_party_auth")),
    "401": (google_says.UNAUTHENTICATED, fault("unauthenticated")),
    "quota": (google_says.quota(), later("quota", 10)),
    "quota, and when": (google_says.quota(Retry_After="90"), later("quota", 90)),
    "quota, and soon": (google_says.quota(Retry_After="1"), later("quota", 10)),
    "quota, and for ever": (google_says.quota(Retry_After="9" * 20), later("quota", 86_400)),
    "quota, in no words": (google_says.quota(Retry_After="soon"), later("quota", 10)),
    "429 of some page": (Reply(status=429, body=b"<html>"), later("quota", 10)),
    "500": (google_says.INTERNAL, later("service_error")),
    "500 of some page": (Reply(status=500, body=b"<html>"), later("service_error")),
    "502": (Reply(status=502, body=b"<html>"), later("service_error")),
    "503": (google_says.UNAVAILABLE, later("service_unavailable")),
    "503, and when": (
        replace(google_says.UNAVAILABLE, headers={"Retry-After": "30"}),
        later("service_unavailable", 30),
    ),
    "503, and when no calendar goes so far": (
        replace(google_says.UNAVAILABLE, headers={"Retry-After": "9" * 12}),
        later("service_unavailable", 24 * 60 * 60),
    ),
    "504": (google_says.GATEWAY_TIMEOUT, later("timeout")),
    "504 of some page": (Reply(status=504, body=b"<html>"), later("service_error")),
    "hangs up": (google_says.HANGS_UP, later("service_unavailable")),
    "200 without a name": (Reply(body={}), later("malformed_answer")),
    "200 with a list": (Reply(body=[]), later("malformed_answer")),
    "200 cut short": (Reply(body=b'{"name"'), later("service_error")),
    "200 of some page": (Reply(body=b"<html>"), later("service_error")),
    "an error that is a word": (
        Reply(status=500, body={"error": "down"}),
        later("malformed_answer"),
    ),
    "an error in no alphabet": (Reply(status=500, body=b"\xff\xfe"), later("malformed_answer")),
    "a kind nobody foresaw": (google_says.refusal(409, "ABORTED"), later("unexpected")),
    "418": (Reply(status=418, body=b"tea"), later("service_error")),
}


class TestEveryReply:
    @pytest.mark.parametrize("name", TABLE)
    def test_ends_in_its_outcome_after_one_attempt_and_says_nothing_of_the_phone(
        self, name, google, channel, caplog, capfd
    ):
        caplog.set_level(logging.DEBUG)
        reply, outcome = TABLE[name]
        google.will_answer(ADDRESS, reply)
        assert channel.send(message(), PHONE) == outcome
        google.expect(ADDRESS)
        google.refuse_unexpected()
        assert ADDRESS not in caplog.text + str(outcome) + "".join(capfd.readouterr())

    def test_accepted_has_the_name_google_gave_it(self, google, channel):
        google.will_answer(ADDRESS, Reply(body={"name": "projects/hub-in-a-test/messages/0:17"}))
        outcome = channel.send(message(), PHONE)
        assert outcome == Outcome(ending=Ending.ACCEPTED, provider_id="0:17")
        google.expect(ADDRESS)

    def test_a_read_that_takes_too_long_is_tried_again_by_the_ledger_and_not_here(
        self, google, channel, monkeypatch
    ):
        monkeypatch.setattr(channel._session.get_adapter(google.url), "send", impatient(0.2))
        google.will_answer(ADDRESS, Reply(delay=5))
        assert channel.send(message(), PHONE) == later("timeout")
        google.expect(ADDRESS)

    def test_ten_seconds_is_how_long_the_library_waits(self, google, channel, monkeypatch):
        seen = []
        adapter = channel._session.get_adapter(google.url)
        monkeypatch.setattr(adapter, "send", impatient(5, adapter, seen))
        channel.send(message(), PHONE)
        assert seen == [10]
        google.expect(ADDRESS)

    def test_a_date_is_waited_for(self, google, channel):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
            google.will_answer(
                ADDRESS, google_says.quota(Retry_After="Sun, 22 Nov 2026 12:05:00 GMT")
            )
            assert channel.send(message(), PHONE) == later("quota", 300)
        google.expect(ADDRESS)

    def test_a_host_that_is_down_is_tried_later(self, google, channel):
        channel.send(message(), PHONE)
        google.expect(ADDRESS)
        google.stop()
        assert channel.send(message(), PHONE) == later("service_unavailable")

    def test_what_the_library_can_not_encode_fails_without_a_request(self, google, channel):
        assert channel.send(message(title=3), PHONE) == BAD_MESSAGE
        assert channel.send(message(lasts="a while"), PHONE) == BAD_MESSAGE
        assert channel.send(message(), replace(PHONE, address="")) == BAD_MESSAGE
        assert google.pushes == []

    def test_a_channel_that_is_closing_loses_nothing(self, google, tmp_path):
        channel = fcm.from_settings(google.channels(tmp_path))
        channel.close()
        assert channel.send(message(), PHONE) == later("unexpected")


def impatient(seconds, adapter=None, seen=None):
    """The connection's `send` with less patience, noting what it was asked to have."""
    usual = adapter or requests.adapters.HTTPAdapter()
    send = usual.send

    def hurried(request, **asked):
        if seen is not None:
            seen.append(asked["timeout"])
        return send(request, **{**asked, "timeout": seconds})

    return hurried


class TestTokens:
    def test_a_revoked_key_is_a_fault(self, google, tmp_path):
        channel = fcm.from_settings(google.channels(tmp_path, key="revoked"))
        assert channel.send(message(), PHONE) == fault("key_refused")
        channel.close()
        assert google.pushes == []

    @pytest.mark.parametrize(
        "reply",
        [
            Reply(status=500, body={"error": "internal_failure"}),
            Reply(status=503, body=b"<html>"),
            Reply(status=429),
            Reply(status=400, body={"error": "temporarily_unavailable"}),
            Reply(hangs_up=True),
            Reply(body=b"[]"),
        ],
    )
    def test_a_token_host_that_is_ill_is_asked_once_and_tried_later(self, reply, google, channel):
        google.token_replies.append(reply)
        assert channel.send(message(), PHONE).ending is Ending.LATER
        assert google.pushes == []
        assert google.token_requests == 1
        assert channel.send(message(), PHONE).ending is Ending.ACCEPTED
        google.expect(ADDRESS)

    def test_one_token_serves_many_pushes_until_it_runs_out(self, google, channel):
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False) as traveller:
            for _ in range(3):
                channel.send(message(), PHONE)
            assert google.token_requests == 1
            traveller.shift(timedelta(minutes=58))
            assert channel.send(message(), PHONE).ending is Ending.ACCEPTED
        assert google.token_requests == 2
        assert len(google.expect_rest()) == 4

    def test_a_refused_token_is_replaced_for_the_next_push(self, google, channel):
        channel.send(message(), PHONE)
        google.forget_tokens()
        assert channel.send(message(), PHONE) == fault("unauthenticated")
        assert channel.send(message(), PHONE).ending is Ending.ACCEPTED
        assert google.token_requests == 2
        assert [push.status for push in google.expect_rest()] == [200, 401, 200]

    def test_eight_threads_share_one_new_token(self, google, channel):
        noon = time_machine.travel("2026-11-22T12:00:00Z")
        with noon as traveller, ThreadPoolExecutor(8) as threads:
            for minutes in (0, 58):
                traveller.shift(timedelta(minutes=minutes))
                sent = [threads.submit(channel.send, message(), PHONE) for _ in range(40)]
                assert {one.result().ending for one in sent} == {Ending.ACCEPTED}
        assert google.token_requests == 2
        assert len(google.expect_rest()) == 80

    def test_threads_that_wait_for_a_token_in_vain_do_not_queue_for_their_own(
        self, google, channel
    ):
        google.token_replies.extend([Reply(status=503, delay=0.5)] * 8)
        with ThreadPoolExecutor(8) as threads:
            sent = [threads.submit(channel.send, message(), PHONE) for _ in range(8)]
            assert {one.result().ending for one in sent} == {Ending.LATER}
        assert google.token_requests < 4
        assert google.pushes == []


class TestWhatIsSent:
    @pytest.mark.parametrize("kind", ["fid", "token"])
    def test_goes_by_the_kind_of_address(self, kind, google, channel):
        channel.send(message(), replace(PHONE, kind=kind))
        push = google.expect(ADDRESS)
        assert push.kind == kind
        assert not push.dry_run

    def test_is_constant_words_and_the_id_and_nothing_else(self, google, channel):
        nid = uuid7()
        with time_machine.travel("2026-11-22T12:00:00Z", tick=False):
            channel.send(message(notification_id=nid), PHONE)
            expires_at = int(clock.now().timestamp()) + 7200
        assert google.expect(nid=nid).message == {
            "fid": ADDRESS,
            "data": {"nid": str(nid), "category": "booking"},
            "notification": {"title": "Mockingbird", "body": "You have a new update: Booking"},
            "android": {
                "collapse_key": str(nid),
                "priority": "high",
                "ttl": "7200s",
                "notification": {"tag": str(nid), "visibility": "PRIVATE"},
            },
            "apns": {
                "headers": {
                    "apns-collapse-id": str(nid),
                    "apns-priority": "10",
                    "apns-expiration": str(expires_at),
                },
                "payload": {"aps": {"sound": "default"}},
            },
            "webpush": {
                "headers": {"Topic": nid.hex, "TTL": "7200", "Urgency": "high"},
                "notification": {"tag": str(nid)},
            },
        }

    def test_urgent_ones_break_through_a_focus(self, google, channel):
        channel.send(message(is_urgent=True), PHONE)
        aps = google.expect(ADDRESS).message["apns"]["payload"]["aps"]
        assert aps == {"sound": "default", "interruption-level": "time-sensitive"}

    @pytest.mark.parametrize(
        ("lasts", "ttl"),
        [
            (timedelta(days=-1), "0s"),
            (timedelta(seconds=1.5), "1s"),
            (timedelta(days=90), f"{28 * 24 * 3600}s"),
        ],
    )
    def test_is_kept_for_as_long_as_it_lasts_within_what_google_takes(
        self, lasts, ttl, google, channel
    ):
        channel.send(message(lasts=lasts), PHONE)
        sent = google.expect(ADDRESS).message
        assert sent["android"]["ttl"] == ttl
        assert sent["webpush"]["headers"]["TTL"] == ttl.removesuffix("s")
        assert (sent["apns"]["headers"]["apns-expiration"] == "0") == (ttl == "0s")

    def test_dry_runs_are_checked_only(self, google, channel):
        assert channel.send(message(), PHONE, dry_run=True).ending is Ending.ACCEPTED
        assert google.expect(ADDRESS).dry_run


class TestStandIn:
    def test_fails_on_a_push_nobody_expected(self, google, channel):
        channel.send(message(), PHONE)
        with pytest.raises(AssertionError, match="nobody expected"):
            google.refuse_unexpected()
        with pytest.raises(AssertionError, match="no push to another"):
            google.expect("another", within=0.05)
        google.expect(ADDRESS)

    def test_refuses_what_google_would(self):
        assert google_says.faults_of({"fid": "a", "data": {"nid": "b"}}) == []
        assert google_says.faults_of({"fid": "a", "token": "a"}) == ["message"]
        assert google_says.faults_of({"data": {"from": "b"}}) == ["message", "message.data"]
        assert google_says.faults_of({"fid": "a" * 4096}) == ["message"]


class TestOpening:
    def test_without_credentials_there_is_no_channel(self):
        assert fcm.from_settings(Channels()) is None

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"project_id": "p", "private_key": "x"}'])
    def test_a_file_that_is_no_key_is_said_in_one_line(self, text, tmp_path):
        path = tmp_path / "key.json"
        path.write_text(text)
        with pytest.raises(SettingsError, match="HUB_FCM_CREDENTIALS_FILE") as said:
            fcm.from_settings(Channels(fcm_credentials_file=path))
        assert "\n" not in str(said.value)

    def test_a_file_that_is_not_there_is_said(self, tmp_path):
        with pytest.raises(SettingsError, match="can't be read"):
            fcm.from_settings(Channels(fcm_credentials_file=tmp_path / "none.json"))

    def test_goes_to_google_and_retries_nothing_unless_a_stand_in_is_named(self, google, tmp_path):
        channel = fcm.from_settings(replace(google.channels(tmp_path), fcm_url=Channels().fcm_url))
        adapter = channel._session.get_adapter("https://fcm.googleapis.com/v1/projects/p")
        assert adapter.max_retries.total == 0
        assert channel._session._max_refresh_attempts == 0
        channel.close()


def test_nothing_imports_firebase_until_it_is_to_send():
    """It costs every process that does a second and tens of megabytes."""
    program = (
        "import sys, hub_api.cli, hub_api.worker, hub_api.server, hub_api.notifications.service;"
        "print([*{'firebase_admin', 'google.auth'} & {*sys.modules}])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(said.stdout) == []
