"""The key of push to browsers: made once, and its public half for everybody who logs in."""

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hub_api import private_files
from hub_api import settings as hub_settings
from hub_api.notifications import vapid_keys
from hub_api.settings import Channels
from tests.running.program import hub_in_process


class TestTheKeyBrowsersSubscribeTo:
    PATH = "/notifications/web-push-key"

    def test_is_the_public_half(self, world, settings, tmp_path):
        key = vapid_keys.make(tmp_path / "vapid.pem")
        channels = Channels(vapid_key_file=tmp_path / "vapid.pem")
        hub_settings.use(replace(settings, channels=channels))
        text = world.carer.get(self.PATH).json["application_server_key"]
        point = base64.urlsafe_b64decode(text + "=")
        assert ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point) == (
            key.public_key()
        )

    @pytest.mark.parametrize("name", [None, "missing.pem"])
    def test_is_not_there_when_it_is_off(self, world, settings, tmp_path, name):
        channels = Channels(vapid_key_file=name and tmp_path / name)
        hub_settings.use(replace(settings, channels=channels))
        answer = world.carer.get(self.PATH)
        assert (answer.status_code, answer.json["code"]) == (404, "web_push_off")

    def test_needs_a_login(self, world):
        assert world.phone().get(self.PATH).status_code == 401


class TestMakingIt:
    def test_makes_a_private_file_and_says_what_browsers_subscribe_to(self, tmp_path):
        path = tmp_path / "keys" / "vapid.pem"
        said = hub_in_process("keys", "vapid", HUB_VAPID_KEY_FILE=path, HUB_DATA_DIR=tmp_path)
        assert said.exit_code == 0, said.output
        assert vapid_keys.public_text(vapid_keys.load(path)) in said.output
        assert private_files.is_private(path)

    def test_never_replaces_one(self, tmp_path):
        path = tmp_path / "vapid.pem"
        vapid_keys.make(path)
        before = path.read_bytes()
        said = hub_in_process("keys", "vapid", HUB_VAPID_KEY_FILE=path, HUB_DATA_DIR=tmp_path)
        assert (said.exit_code, path.read_bytes()) == (1, before)
        assert "already" in said.output

    def test_asks_where(self, tmp_path):
        said = hub_in_process("keys", "vapid", HUB_DATA_DIR=tmp_path)
        assert said.exit_code == 1
        assert "HUB_VAPID_KEY_FILE is not set" in said.output
