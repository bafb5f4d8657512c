"""What a person can mend is said in one line, without a traceback, with what to do about it."""

import shutil
import signal
import socket

import psutil
import pytest

from tests.loopback import free_port
from tests.running.conftest import RunningHub
from tests.running.program import HUB, Program, addresses, hub, wait_until

NOWHERE = "postgresql://hub_api:secret@127.0.0.1:1/hub"
WRONG_HOST = {
    "HUB_DATABASE_URL": NOWHERE,
    "HUB_WORKER_DATABASE_URL": NOWHERE,
    "HUB_MIGRATION_DATABASE_URL": NOWHERE,
}
NAMES = tuple(WRONG_HOST)


def line_of(finished):
    """The one line that a refused command says."""
    assert finished.returncode != 0
    assert "Traceback" not in finished.stdout + finished.stderr
    lines = finished.stderr.splitlines()
    assert len(lines) == 1, finished.stderr
    assert lines[0].startswith("Error: ")
    return lines[0]


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "var"


class TestSettings:
    @pytest.mark.parametrize("port", ["abc", "70000", "0"])
    def test_that_are_no_port(self, data_dir, port):
        line = line_of(hub("run", HUB_DATA_DIR=data_dir, HUB_PORT=port))
        assert "HUB_PORT=" in line
        assert "give a whole number from 1 to 65535" in line

    @pytest.mark.parametrize("command", ["run", "seed"])
    def test_that_name_a_database_nobody_serves(self, data_dir, command):
        line = line_of(hub(command, HUB_DATA_DIR=data_dir, **WRONG_HOST))
        assert "HUB_DATABASE_URL" in line
        assert "secret" not in line

    def test_that_name_a_database_nobody_serves_are_told_where_it_was_looked_for(self, data_dir):
        line = line_of(hub("migrate", HUB_DATA_DIR=data_dir, **WRONG_HOST))
        assert "127.0.0.1" in line

    @pytest.mark.parametrize("name", NAMES)
    def test_that_name_another_kind_of_database(self, data_dir, name):
        wrong = {**WRONG_HOST, name: "mysql://hub_api@127.0.0.1/hub"}
        line = line_of(hub("run", HUB_DATA_DIR=data_dir, **wrong))
        assert f"{name} is not a PostgreSQL address. It looks like postgresql://" in line

    @pytest.mark.parametrize("name", NAMES)
    def test_that_leave_out_one_of_the_three_addresses(self, data_dir, name):
        line = line_of(hub("run", HUB_DATA_DIR=data_dir, **{**WRONG_HOST, name: ""}))
        assert f"{name} is not set" in line

    @pytest.mark.parametrize("command", ["api", "worker"])
    def test_that_leave_out_the_database_of_a_part(self, data_dir, command):
        line = line_of(hub(command, HUB_DATA_DIR=data_dir))
        assert (
            "set HUB_DATABASE_URL, HUB_WORKER_DATABASE_URL and HUB_MIGRATION_DATABASE_URL" in line
        )

    def test_that_name_a_database_port_that_is_none(self, data_dir):
        wrong = dict.fromkeys(NAMES, "postgresql://hub_api@127.0.0.1:port/hub")
        assert "HUB_" in line_of(hub("migrate", HUB_DATA_DIR=data_dir, **wrong))

    def test_that_name_an_unknown_revision(self, data_dir, make_database):
        urls = addresses(make_database("hub_revision"))
        assert "head" in line_of(hub("migrate", "--to", "nonsense", HUB_DATA_DIR=data_dir, **urls))

    def test_that_name_an_address_of_another_machine(self, data_dir):
        line = line_of(hub("run", HUB_DATA_DIR=data_dir, HUB_HOST="203.0.113.9"))
        assert "HUB_HOST" in line


class TestKeys:
    def test_that_are_missing(self, data_dir, settings):
        urls = addresses(settings.required_database())
        line = line_of(hub("api", HUB_DATA_DIR=data_dir, **urls))
        assert "hub keys rotate" in line
        assert hub("keys", "rotate", HUB_DATA_DIR=data_dir).returncode == 0
        assert (data_dir / "keys.json").stat().st_mode & 0o777 == 0o600

    @pytest.mark.parametrize("content", ["{}", '{"current": "a", "keys": {"a": "no key"}}'])
    def test_that_are_damaged(self, data_dir, settings, content):
        data_dir.mkdir()
        (data_dir / "keys.json").write_text(content)
        urls = addresses(settings.required_database())
        line = line_of(hub("api", HUB_DATA_DIR=data_dir, **urls))
        assert "Restore the file" in line


class TestAPortInUse:
    @pytest.mark.parametrize("command", ["run", "api"])
    def test_is_named_with_another_to_take(self, settings, command):
        with socket.socket() as busy:
            busy.bind(("127.0.0.1", 0))
            busy.listen()
            port = busy.getsockname()[1]
            urls = addresses(settings.required_database())
            line = line_of(hub(command, HUB_DATA_DIR=settings.data_dir, HUB_PORT=port, **urls))
        assert f"Port {port} on 127.0.0.1 is in use" in line
        assert "HUB_PORT=" in line


class TestADataFolder:
    def test_that_another_hub_uses(self, running_hub):
        line = line_of(hub("run", HUB_DATA_DIR=running_hub.data_dir))
        assert "Another hub already runs from" in line
        assert "HUB_DATA_DIR=" in line
        with running_hub.http() as http:
            assert http.get("/readyz").status_code == 200

    @pytest.mark.parametrize(
        "command",
        [("run",), ("migrate",), ("seed",), ("keys", "rotate")],
        ids=" ".join,
    )
    def test_that_can_not_be_made(self, tmp_path, command):
        (tmp_path / "file").touch()
        line = line_of(hub(*command, HUB_DATA_DIR=tmp_path / "file" / "var"))
        assert "HUB_DATA_DIR" in line

    def test_that_a_killed_first_start_left_half_made_works_after_its_advice(self, data_dir):
        pgdata = data_dir / "pgdata"
        with Program((*HUB, "run"), data_dir.with_suffix(".first"), HUB_DATA_DIR=data_dir) as first:
            wait_until((pgdata / "PG_VERSION").exists)
            initdb = first.descendants()
            first.kill()
        psutil.wait_procs(initdb, timeout=10)
        line = line_of(hub("run", HUB_DATA_DIR=data_dir))
        assert f"{pgdata} was left half made" in line
        assert "delete it and start again" in line

        shutil.rmtree(pgdata)
        with RunningHub(data_dir) as again:
            wait_until(again.is_up, within=40)
            with again.http("satellite_carer") as http:
                assert http.get("/api/v1/me").status_code == 200
            assert again.stop(signal.SIGINT) == 0


class TestARoleAboveThePolicies:
    @pytest.mark.parametrize("command", ["run", "api"])
    def test_is_refused(self, data_dir, make_database, command):
        urls = addresses(make_database("hub_unsafe"))
        urls["HUB_DATABASE_URL"] = urls["HUB_MIGRATION_DATABASE_URL"]
        keys = hub("keys", "rotate", HUB_DATA_DIR=data_dir)
        assert keys.returncode == 0
        line = line_of(hub(command, HUB_DATA_DIR=data_dir, HUB_PORT=free_port(), **urls))
        assert "Unsafe: the api role hub_owner" in line
