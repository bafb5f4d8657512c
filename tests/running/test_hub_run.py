"""`hub run`: everything under one roof, with demo logins, and gone when it is told to stop."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.running.program import environment_with, is_gone, wait_until

ROOT = Path(__file__).parents[2]
LOGINS = {
    "satellite_carer",
    "other_satellite_carer",
    "hub_carer",
    "other_hub_carer",
    "liaison_worker",
    "home_duty_staff",
    "programme_manager",
    "system_administrator",
}


def constellations_of(hub, login):
    """Where somebody's household, or their own role, belongs."""
    with hub.http(login) as http:
        roles = http.get("/api/v1/me").json()["roles"]
        of_roles = {role["constellation_id"] for role in roles} - {None}
        homes = http.get("/api/v1/households").json().get("items", [])
        return of_roles | {home["constellation_id"] for home in homes}


class TestWhatItSays:
    def test_is_where_it_is_and_how_to_log_in(self, running_hub):
        said = running_hub.said()
        assert f"http://127.0.0.1:{running_hub.port}\n" in said
        assert f"http://127.0.0.1:{running_hub.port}/docs\n" in said
        for name, login in running_hub.logins.items():
            assert re.search(rf"^  {name} +{login['email']} +{login['password']}$", said, re.M)

    def test_is_kept_in_a_file_of_eight_logins_for_its_owner_alone(self, running_hub):
        path = running_hub.data_dir / "demo-accounts.json"
        assert path.stat().st_mode & 0o777 == 0o600
        assert set(running_hub.logins) == LOGINS
        for login in running_hub.logins.values():
            assert set(login) == {"email", "password"}
            assert all(login.values())


class TestTheDemoAccounts:
    @pytest.mark.parametrize("login", sorted(LOGINS))
    def test_can_log_in(self, running_hub, login):
        with running_hub.http(login) as http:
            me = http.get("/api/v1/me").json()
        assert me["email"] == running_hub.logins[login]["email"]
        assert {role["role"] for role in me["roles"]} == {login.removeprefix("other_")}

    def test_are_of_two_constellations(self, running_hub):
        (here,) = constellations_of(running_hub, "hub_carer")
        (elsewhere,) = constellations_of(running_hub, "other_hub_carer")
        assert here != elsewhere
        assert constellations_of(running_hub, "satellite_carer") == {here}
        assert constellations_of(running_hub, "liaison_worker") == {here}
        assert constellations_of(running_hub, "other_satellite_carer") == {elsewhere}


class TestItsPages:
    def test_say_that_it_is_ready(self, running_hub):
        with running_hub.http() as http:
            ready = http.get("/readyz")
        assert ready.status_code == 200
        assert ready.json() == {
            "status": "ready",
            "checks": {"database": "ok", "migrations": "ok", "jobs": "ok", "deliveries": "ok"},
            "channels": dict.fromkeys(("fcm", "webpush", "email", "sms"), "off: no credentials"),
        }

    def test_show_figures(self, running_hub):
        with running_hub.http() as http:
            http.get("/healthz")
            figures = http.get("/metrics").text
        assert re.search(r'^hub_requests_total\{.*route="/healthz".*\} [1-9]', figures, re.M)
        assert re.search(r"^hub_jobs_waiting \d", figures, re.M)

    def test_bring_the_documentation_from_this_machine_alone(self, running_hub):
        with running_hub.http() as http:
            page = http.get("/docs")
            parts = {
                path: http.get(path) for path in re.findall(r'(?:src|href)="([^"]+)"', page.text)
            }
            document = http.get("/api/v1/openapi.json").json()
        assert {"/docs/assets/swagger-ui-bundle.js", "/docs/assets/swagger-ui.css"} <= set(parts)
        assert {part.status_code for part in parts.values()} == {200}
        for answer in (page, *parts.values()):
            sources = re.findall(r"[\w-]+ ([^;]+)", answer.headers["Content-Security-Policy"])
            assert set(" ".join(sources).split()) <= {
                "'none'",
                "'self'",
                "'unsafe-inline'",
                "data:",
            }
        assert not re.search(r"//\w", page.text + parts["/docs/start.js"].text)
        assert not re.search(
            r"url\([\"']?(?!data:|[\"'])", parts["/docs/assets/swagger-ui.css"].text
        )
        assert not [s["url"] for s in document.get("servers", []) if not s["url"].startswith("/")]


class TestTheTour:
    @pytest.mark.parametrize("time_round", ["first", "second"])
    def test_runs_to_its_end(self, running_hub, time_round):
        tour = subprocess.run(
            [sys.executable, ROOT / "examples" / "tour.py"],
            env=environment_with(running_hub.settings),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (tour.returncode, tour.stderr) == (0, ""), time_round
        assert "That was the main path." in tour.stdout
        assert [
            int(status) for status in re.findall(r"→ (\d+)", tour.stdout) if status >= "300"
        ] == [404]


class TestAPartThatDies:
    def test_is_started_again_when_it_is_the_worker(self, running_hub):
        worker = running_hub.part("worker")
        worker.kill()
        wait_until(lambda: running_hub.part("worker") not in (None, worker))
        assert "The worker stopped (exit -9); restarting it." in running_hub.said()
        TestTheTour().test_runs_to_its_end(running_hub, "with a new worker")

    def test_is_started_again_when_it_is_one_process_of_the_api(self, running_hub):
        first, second = running_hub.parts("api")
        first.kill()
        wait_until(lambda: second in running_hub.parts("api") and running_hub.servers() == 2)
        assert "The api stopped (exit -9); restarting it." in running_hub.said()
        with running_hub.http() as http:
            assert http.get("/readyz").status_code == 200

    def test_is_started_again_when_it_is_the_whole_api(self, running_hub):
        before = running_hub.parts("api")
        for process in before:
            process.kill()
        wait_until(lambda: not set(before) & set(running_hub.parts("api")))
        wait_until(running_hub.is_up)
        TestTheTour().test_runs_to_its_end(running_hub, "with a new API")

    def test_is_started_again_when_it_is_the_database(self, running_hub):
        database = running_hub.database()
        database.kill()
        wait_until(lambda: "The database stopped; restarting it." in running_hub.said())
        with running_hub.http() as http:
            wait_until(lambda: http.get("/readyz").status_code == 200)
        TestTheTour().test_runs_to_its_end(running_hub, "with a new database server")


def busyness():
    """How many times longer than on an idle machine things take."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class TestStopping:
    def test_ends_every_process_and_frees_the_port(self, running_hub):
        processes = [*running_hub.descendants(), running_hub.database()]
        assert len(processes) >= 4
        assert running_hub.stop(signal.SIGINT) == 0
        assert running_hub.said().endswith("Stopped.\n")
        assert [process for process in processes if not is_gone(process)] == []
        with running_hub.http() as http, pytest.raises(httpx.ConnectError):
            http.get("/healthz")

    def test_is_followed_by_a_quick_start_on_the_same_data(self, running_hub, hubs):
        logins = running_hub.logins
        with running_hub.http("satellite_carer") as http:
            sleepovers = http.get("/api/v1/sleepovers").json()
        assert running_hub.stop(signal.SIGTERM) == 0
        began = time.monotonic()
        again = hubs.greeting()
        assert time.monotonic() - began < 5 * busyness()
        wait_until(again.is_up)
        assert "Adding demo data" not in again.said()
        assert again.logins == logins
        with again.http("satellite_carer") as http:
            assert http.get("/api/v1/sleepovers").json() == sleepovers

    def test_does_not_take_long_while_the_api_still_starts(self, running_hub):
        running_hub.stop()
        with type(running_hub)(running_hub.data_dir, running_hub.port) as hub:
            wait_until(lambda: len(hub.parts("api")) > 1)
            os.kill(hub.pid, signal.SIGINT)
            assert hub.ends(within=6) == 0

    def test_ends_the_database_while_it_still_starts(self, running_hub):
        running_hub.stop()
        with type(running_hub)(running_hub.data_dir, running_hub.port) as hub:
            database = wait_until(hub.database)
            assert hub.stop(signal.SIGINT) == 0
            assert is_gone(database)


class TestAKilledSupervisor:
    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP])
    def test_takes_its_parts_along_and_the_next_start_works(self, running_hub, how):
        parts = [*running_hub.parts("api"), running_hub.part("worker")]
        os.kill(running_hub.pid, how)
        running_hub.ends()
        wait_until(lambda: not any(part.is_running() for part in parts))
        with type(running_hub)(running_hub.data_dir, running_hub.port) as hub:
            wait_until(hub.is_up)
            with hub.http() as http:
                assert http.get("/healthz").status_code == 200
            assert hub.stop() == 0
