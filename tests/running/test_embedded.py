"""The embedded server's folder, and what must never be mistaken for it."""

import subprocess
import sys

import pytest

from hub_api import embedded
from hub_api.settings import SettingsError


class TestAPidFile:
    def test_that_names_a_program_working_on_the_folder_is_no_server(self, tmp_path):
        waiting = "import sys; sys.stdin.read()"
        with subprocess.Popen(
            [sys.executable, "-c", waiting, str(tmp_path)], stdin=subprocess.PIPE
        ) as decoy:
            (tmp_path / "postmaster.pid").write_text(f"{decoy.pid}\n")
            assert not embedded.is_running(tmp_path)
            decoy.stdin.close()

    @pytest.mark.parametrize("text", ["", "x", "1"])
    def test_that_names_nobody_is_no_server(self, tmp_path, text):
        (tmp_path / "postmaster.pid").write_text(text)
        assert not embedded.is_running(tmp_path)


class TestTheListOfUsers:
    @pytest.mark.parametrize("text", ["{bad", "[1]", "[99999999]", '["x"]', ""])
    def test_forgets_whoever_is_no_longer_there(self, tmp_path, text):
        (tmp_path / ".handle_pids.json").write_text(text)
        embedded._forget_the_dead(tmp_path)
        assert (tmp_path / ".handle_pids.json").read_text() == "[]"


class TestAFolder:
    @pytest.mark.parametrize("name", ["with space", "quo'te", "x" * 120])
    def test_that_can_not_hold_it_is_refused_before_anything_is_made(self, tmp_path, name):
        with pytest.raises(SettingsError, match="HUB_DATA_DIR"):
            embedded.start(tmp_path / name / "pgdata")
        assert list(tmp_path.iterdir()) == []
