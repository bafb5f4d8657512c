"""The data keys as an operator meets them: made once, never lost in silence, rotated, erased."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from hub_api import data_keys, embedded
from tests.loopback import free_port
from tests.phone import in_days
from tests.running.dying_rotation import MOMENTS
from tests.running.program import addresses, environment_with, hub
from tests.running.test_one_line import line_of

SCRIPT = Path(__file__).parent / "dying_rotation.py"


@pytest.fixture
def environment(settings):
    return {"HUB_DATA_DIR": settings.data_dir, **addresses(settings.required_database())}


class TestTheFile:
    def test_is_made_with_the_demo_and_missed_once_it_is_gone(self, tmp_path, make_database):
        environment = {"HUB_DATA_DIR": tmp_path, **addresses(make_database("hub_lost"))}
        path = tmp_path / "data-keys.json"
        assert hub("keys", "rotate", **environment).returncode == 0
        assert hub("seed", **environment).returncode == 0
        assert path.stat().st_mode & 0o777 == 0o600
        path.unlink()
        port = free_port()
        for command in (("run",), ("api",), ("keys", "rotate", "--data")):
            line = line_of(hub(*command, HUB_PORT=port, **environment))
            assert f"There are no data keys at {path}. Restore the file from its backup" in line
            assert not path.exists()

    def test_is_made_by_hand_for_a_database_without_a_child(self, tmp_path, make_database):
        kept_apart = tmp_path / "apart" / "rings.json"
        environment = {
            "HUB_DATA_DIR": tmp_path / "var",
            "HUB_DATA_KEYS_FILE": kept_apart,
            **addresses(make_database("hub_by_hand")),
        }
        made = hub("keys", "rotate", "--data", **environment)
        assert (made.returncode, made.stdout.splitlines()) == (
            0,
            [
                "Made the data keys.",
                f"Back up {kept_apart} now, apart from the database: nothing can replace it.",
            ],
        )
        assert data_keys.load_secrets(kept_apart).ring("children").current_id == 1
        again = hub("keys", "rotate", "--data", **environment)
        assert "Data key 2 is the current one; 0 children's keys rewrapped." in again.stdout

    def test_is_not_made_before_the_schema(self, tmp_path, server):
        embedded.create_database(server.url(), "hub_no_schema")
        environment = {"HUB_DATA_DIR": tmp_path, **addresses(server.urls("hub_no_schema"))}
        line = line_of(hub("keys", "rotate", "--data", **environment))
        assert "`hub migrate`" in line
        assert not (tmp_path / "data-keys.json").exists()


class TestRotating:
    def test_goes_unnoticed_in_a_running_hub(self, running_hub):
        with running_hub.http("satellite_carer") as http:
            (home,) = http.get("/api/v1/households").json()["items"]
            body = {
                "household_id": home["id"],
                "children": [child["id"] for child in home["children"]],
                "kind": "planned",
                "arrives_at": in_days(300),
                "departs_at": in_days(301, hour=10),
                "reason": "other",
                "note": "Both sleep badly.",
                "draft": True,
            }
            request = http.post("/api/v1/respite-requests", json=body).json()
            path = f"/api/v1/respite-requests/{request['id']}"
            token = http.headers["Authorization"]
        for _ in range(2):
            rotated = hub("keys", "rotate", "--data", HUB_DATA_DIR=running_hub.data_dir)
            assert re.search(r"; [1-9]\d+ children's keys rewrapped\.", rotated.stdout)
            for _ in range(12):  # a connection each, so that both processes answer
                with running_hub.http() as http:
                    found = http.get(path, headers={"Authorization": token})
                    assert (found.status_code, found.json()["note"]) == (200, body["note"])

    @pytest.mark.parametrize("moment", MOMENTS)
    def test_killed_anywhere_leaves_all_readable_and_is_finished_by_the_next(
        self, world, environment, rows, moment
    ):
        one, other = (str(child) for child in world.here.family.children)
        requests = {
            world.asked(days=day, children=children, note=f"note {day}")["id"]: f"note {day}"
            for day, children in ((7, [one]), (20, [other]), (30, [one, other]))
        }

        def notes():
            return {
                request: world.hub_carer.get(f"/respite-requests/{request}").json["note"]
                for request in requests
            }

        under = "select distinct key_id from child_keys order by key_id"
        killed = subprocess.run(
            [sys.executable, SCRIPT, moment],
            env=environment_with(environment),
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert len(rows(under)) == (1 if "file" in moment else 2)
        assert notes() == requests
        finished = hub("keys", "rotate", "--data", **environment)
        assert "8 children's keys rewrapped." in finished.stdout
        assert len(rows(under)) == 1
        assert notes() == requests


class TestErasingAChild:
    def test_asks_first_and_then_is_for_ever(self, world, environment, rows):
        child = world.here.family.children[0]
        request = world.asked(note="Sleeps badly.")
        path = f"/respite-requests/{request['id']}"
        for answer in ("n\n", "\n", ""):
            asked = subprocess.run(
                [sys.executable, "-m", "hub_api.cli", "keys", "erase-child", str(child)],
                env=environment_with(environment),
                input=answer,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert asked.returncode == 1
            assert "Nobody can undo it." in asked.stdout
            assert world.hub_carer.get(path).json["note"] == "Sleeps badly."
        erased = hub("keys", "erase-child", str(child), "--yes", **environment)
        assert (erased.returncode, erased.stdout) == (0, "Erased.\n")
        assert world.hub_carer.get(path).json["note"] is None
        again = hub("keys", "erase-child", str(child), "--yes", **environment)
        assert (again.returncode, again.stdout) == (0, "It was erased before.\n")
        assert len(rows("select 1 from audit_events where action = 'child_key:erase'")) == 1
        assert hub("keys", "rotate", "--data", **environment).returncode == 0
        assert world.hub_carer.get(path).json["note"] is None

    def test_of_nobody_is_said_in_one_line(self, environment):
        nobody = uuid7()
        line = line_of(hub("keys", "erase-child", str(nobody), "--yes", **environment))
        assert line == f"Error: There is no child with the id {nobody}."
