"""The file of data keys: private, never replaced by a fresh one, and only ever added to."""

import base64
import json
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub_api import data_keys
from hub_api import settings as hub_settings
from hub_api.settings import Settings, SettingsError


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "deep" / "data-keys.json"
    data_keys.make_secrets(made)
    return made


class TestAFreshFile:
    def test_holds_both_rings_with_a_key_of_their_own(self, path):
        secrets = data_keys.load_secrets(path)
        keys = [secrets.ring(name).key(1) for name in ("children", "audit")]
        assert [len(key) for key in keys] == [32, 32]
        assert keys[0] != keys[1]
        assert {secrets.ring(name).current_id for name in data_keys.RINGS} == {1}
        stored = json.loads(path.read_text())
        assert set(stored) == {"children", "audit"}
        assert stored["audit"] == {
            "current": "1",
            "keys": {"1": base64.b64encode(keys[1]).decode()},
        }

    def test_is_for_its_owner_alone(self, path):
        assert path.stat().st_mode & 0o777 == 0o600
        data_keys.rotate_secret(path, "audit")
        assert path.stat().st_mode & 0o777 == 0o600

    def test_never_replaces_one(self, path):
        before = path.read_bytes()
        with pytest.raises(SettingsError, match="never replaced"):
            data_keys.make_secrets(path)
        assert path.read_bytes() == before

    def test_is_made_once_by_many(self, tmp_path):
        def make(_):
            try:
                data_keys.make_secrets(tmp_path / "keys.json")
            except SettingsError:
                return 0
            return 1

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(make, range(8))) == 1

    def test_shows_no_key_when_printed(self, path):
        secrets = data_keys.load_secrets(path)
        shown = f"{secrets!r} {secrets} {secrets.ring('audit')!r} {secrets.rings}"
        assert str(secrets.ring("audit").key(1)) not in shown

    def test_that_can_not_be_written_names_the_setting(self, path):
        with pytest.raises(SettingsError, match="HUB_DATA_DIR"):
            data_keys.make_secrets(path / "below" / "data-keys.json")


class TestRotating:
    def test_adds_a_key_to_one_ring_and_keeps_all_others(self, path):
        before = data_keys.load_secrets(path)
        assert [data_keys.rotate_secret(path, "children") for _ in range(3)] == [2, 3, 4]
        after = data_keys.load_secrets(path)
        assert after.ring("children").current_id == 4
        assert sorted(after.ring("children").keys) == [1, 2, 3, 4]
        assert len({*after.ring("children").keys.values()}) == 4
        assert after.ring("children").key(1) == before.ring("children").key(1)
        assert after.ring("audit").keys == before.ring("audit").keys

    def test_by_many_at_once_loses_no_key(self, path):
        """Who reads before another has written would drop the other's key, and what it wrapped."""
        with ThreadPoolExecutor(8) as threads:
            made = list(threads.map(lambda _: data_keys.rotate_secret(path, "children"), range(24)))
        assert sorted(made) == list(range(2, 26))
        assert sorted(data_keys.load_secrets(path).ring("children").keys) == list(range(1, 26))

    def test_never_gives_an_id_a_second_time(self, path):
        for _ in range(2):
            data_keys.rotate_secret(path, "audit")
        stored = json.loads(path.read_text())
        stored["audit"]["keys"].pop("2")
        path.write_text(json.dumps(stored))
        assert data_keys.rotate_secret(path, "audit") == 4

    def test_ends_with_the_last_id_of_a_byte(self, path):
        stored = json.loads(path.read_text())
        stored["audit"] = {"current": "255", "keys": {"255": stored["audit"]["keys"]["1"]}}
        path.write_text(json.dumps(stored))
        with pytest.raises(SettingsError, match="255"):
            data_keys.rotate_secret(path, "audit")
        assert data_keys.load_secrets(path).ring("audit").current_id == 255

    def test_cut_short_leaves_the_file_as_it_was(self, path, monkeypatch):
        before = path.read_bytes()

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(SettingsError, match="HUB_DATA_KEYS_FILE"):
            data_keys.rotate_secret(path, "children")
        assert path.read_bytes() == before


KEY = base64.b64encode(bytes(32)).decode()


class TestAFile:
    def test_that_is_missing_says_what_to_do(self, tmp_path):
        with pytest.raises(SettingsError, match="Restore the file from its backup"):
            data_keys.load_secrets(tmp_path / "none.json")

    @pytest.mark.parametrize(
        "ring",
        [
            {"current": "2", "keys": {"1": KEY}},
            {"current": "0", "keys": {"0": KEY}},
            {"current": "256", "keys": {"256": KEY}},
            {"current": "1", "keys": {"1": KEY[:-8]}},
            {"current": "1", "keys": {"1": "*" + KEY}},
            {"current": "1", "keys": {}},
            {"current": "1", "keys": ["1", KEY]},
            {"current": None, "keys": {"1": KEY}},
            {},
            [],
            None,
        ],
    )
    def test_that_is_damaged_is_refused(self, path, ring):
        stored = json.loads(path.read_text())
        path.write_text(json.dumps({**stored, "children": ring}))
        with pytest.raises(SettingsError, match="can't be read"):
            data_keys.load_secrets(path)

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"children": {}}'])
    def test_that_is_no_such_file_is_refused(self, path, content):
        path.write_bytes(content)
        with pytest.raises(SettingsError, match="can't be read"):
            data_keys.load_secrets(path)


@pytest.fixture
def process(tmp_path, monkeypatch):
    """The settings of a process, with a fresh file; returns its path."""
    settings = Settings(data_dir=tmp_path)
    monkeypatch.setattr(hub_settings, "_current", settings)
    data_keys.make_secrets(settings.data_keys_path)
    return settings.data_keys_path


class TestARunningProcess:
    def test_follows_a_rotation_when_it_meets_the_new_key(self, process):
        first = data_keys.key("children", 1)
        assert data_keys.rotate_secret(process, "children") == 2
        assert data_keys.ring("children").current_id == 1
        second = data_keys.key("children", 2)
        assert second == data_keys.load_secrets(process).ring("children").key(2)
        assert data_keys.ring("children").current_id == 2
        assert data_keys.key("children", 1) == first

    @pytest.mark.usefixtures("process")
    def test_does_not_know_a_key_that_nobody_made(self):
        with pytest.raises(data_keys.UnknownKey):
            data_keys.key("children", 7)
        assert data_keys.key("children", 1)

    def test_keeps_what_it_knows_when_the_file_is_gone(self, process):
        known = data_keys.key("children", 1)
        process.unlink()
        with pytest.raises(SettingsError):
            data_keys.key("children", 2)
        assert data_keys.key("children", 1) == known

    def test_reads_the_place_that_is_set(self, tmp_path, monkeypatch):
        elsewhere = tmp_path / "safe" / "rings.json"
        data_keys.make_secrets(elsewhere)
        environment = {"HUB_DATA_KEYS_FILE": str(elsewhere)}
        monkeypatch.setattr(hub_settings, "_current", hub_settings.from_environment(environment))
        assert data_keys.key("audit", 1) == data_keys.load_secrets(elsewhere).ring("audit").key(1)
