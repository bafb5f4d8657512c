"""Where push to browsers goes and where it never does, and what it needs to be set up."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hub_api.notifications import vapid_keys, web_push
from hub_api.notifications.channels import Ending, Outcome, Recipient
from hub_api.settings import Channels, SettingsError
from tests.notifications.messages import a_message
from tests.standins import web_push as replies
from tests.standins.web_push import PushService, self_signed

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


class TestOverTls:
    @pytest.fixture
    def certificate(self, tmp_path: Path) -> Path:
        return self_signed(tmp_path)

    def test_whom_nobody_vouches_for_is_told_nothing(self, certificate, channel, sender):
        with PushService(certificate) as service:
            browser = service.subscribe(sender)
            assert channel.send(a_message(), browser) == Outcome(ending=Ending.LATER, reason="tls")
            assert service.pushes == []

    def test_who_is_vouched_for(self, certificate, channel, sender, monkeypatch):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        with PushService(certificate) as service:
            assert channel.send(a_message(), service.subscribe(sender)) == ACCEPTED
            service.expect()


NOT_ALLOWED = Outcome(ending=Ending.FAILED, reason="host_not_allowed")


class TestWhereItSends:
    """Tried with a dry run, so that nothing leaves the machine."""

    @pytest.fixture
    def channel(self, channels: Channels) -> Iterator[web_push.WebPush]:
        hosts = replace(channels, web_push_hosts=Channels().web_push_hosts)
        channel = web_push.from_settings(hosts)
        yield channel
        channel.close()

    @pytest.mark.parametrize(
        "endpoint",
        [
            "https://fcm.googleapis.com/fcm/send/a:b",
            "https://fcm.googleapis.com:443/fcm/send/a:b",
            "https://updates.push.services.mozilla.com/wpush/v2/gAA",
            "https://web.push.apple.com/QF8",
            "https://wns2-par02p.notify.windows.com/w/?token=BQ%3d%3d",
        ],
    )
    def test_to_the_push_services_we_know(self, channel, browser, endpoint):
        ended = channel.send(a_message(), replace(browser, address=endpoint), dry_run=True)
        assert ended.ending == Ending.ACCEPTED

    @pytest.mark.parametrize(
        "endpoint",
        [
            "http://fcm.googleapis.com/fcm/send/a",
            "https://fcm.googleapis.com:8443/fcm/send/a",
            "https://fcm.googleapis.com.example.org/a",
            "https://example.org/fcm.googleapis.com/a",
            "https://evilfcm.googleapis.com/a",
            "https://user@fcm.googleapis.com/a",
            "https://fcm.googleapis.com@example.org/a",
            "https://example.org\\@fcm.googleapis.com/a",
            "https://example.org#.notify.windows.com/a",
            "https://example.org/?.notify.windows.com/a",
            "https://fcm.googleapis.com",
            "https://fcm.googleapis.com\n.example.org/a",
            "https://fcm.googleapis.com/a\nb",
            "https://127.0.0.1/a",
            "http://127.0.0.1:8000/a",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/a",
            "file:///etc/passwd",
            "",
        ],
    )
    def test_and_nowhere_else(self, channel, browser, endpoint):
        recipient = replace(browser, address=endpoint)
        assert channel.send(a_message(), recipient, dry_run=True) == NOT_ALLOWED

    def test_not_to_this_machine_either_unless_it_is_named(self, service, channel, browser):
        assert channel.send(a_message(), browser) == NOT_ALLOWED
        assert service.pushes == []


class TestSettings:
    def test_off_without_a_key(self):
        assert web_push.from_settings(Channels()) is None

    @pytest.mark.parametrize(
        "contact",
        ["", "hub@example.org", "mailto: hub@example.org", "mailto:hub@localhost", "https://x"],
    )
    def test_needs_a_contact_that_apple_takes(self, channels, contact):
        with pytest.raises(SettingsError, match="HUB_VAPID_CONTACT") as refused:
            web_push.from_settings(replace(channels, vapid_contact=contact))
        assert "\n" not in str(refused.value)

    @pytest.mark.parametrize("contact", ["mailto:hub@example.org", "https://hub.example.org"])
    def test_takes_what_the_library_takes(self, channels, contact):
        channel = web_push.from_settings(replace(channels, vapid_contact=contact))
        channel._signature_for("https://fcm.googleapis.com")
        channel.close()

    def test_a_contact_without_a_key_is_half_set(self):
        with pytest.raises(SettingsError, match="HUB_VAPID_KEY_FILE is not"):
            web_push.from_settings(Channels(vapid_contact=replies.CONTACT))

    @pytest.mark.parametrize("what", ["missing", "folder", "words", "another_curve", "public"])
    def test_a_key_that_can_not_be_used_says_so_in_one_line(self, channels, tmp_path, what):
        path = tmp_path / "other.pem"
        other = ec.generate_private_key(ec.SECP384R1())
        if what == "folder":
            path.mkdir()
        elif what == "words":
            path.write_text("not a key")
        elif what == "another_curve":
            path.write_bytes(
                other.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
        elif what == "public":
            path.write_bytes(
                other.public_key().public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                )
            )
        with pytest.raises(SettingsError, match="HUB_VAPID_KEY_FILE") as refused:
            web_push.from_settings(replace(channels, vapid_key_file=path))
        assert "\n" not in str(refused.value)
