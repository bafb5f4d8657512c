"""Processes that die at the worst moment, and what the whole database held before and after."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from hub_api.embedded import EmbeddedServer
from hub_api.settings import Settings
from tests.loopback import Loopback
from tests.running.program import Program, addresses, wait_until

HERE = Path(__file__).parent


class DyingServer:
    """Sends requests to an API that dies at the step they name."""

    def __init__(self, program: Program, rows: Callable[..., list[Any]]) -> None:
        self._program = program
        self._rows = rows
        port = wait_until(lambda: program.said().split("\n")[:-1])[0]
        self._http = Loopback(int(port))

    def close(self) -> None:
        self._http.close()

    def send(self, attempt: dict[str, Any], **headers: str) -> httpx.Response:
        sent = {**attempt["headers"], **{k.replace("_", "-"): v for k, v in headers.items()}}
        return self._http.post(f"/api/v1{attempt['path']}", json=attempt.get("body"), headers=sent)

    def die(self, moment: str, attempt: dict[str, Any], **headers: str) -> None:
        """Send a request that is never answered; return when the database has seen it end."""
        with pytest.raises(httpx.RemoteProtocolError):
            self.send(attempt, Die_At=moment, **headers)
        wait_until(lambda: self._program.said().endswith(f"{moment}\nexit -9\n"))
        wait_until(
            lambda: (
                not self._rows(
                    "select from pg_stat_activity where application_name = 'dying_server'"
                )
            )
        )


@pytest.fixture(scope="session")
def dying_program(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Program]:
    urls = addresses(settings.required_database())
    urls["HUB_DATABASE_URL"] += "&application_name=dying_server"
    says = tmp_path_factory.mktemp("dying") / "server.log"
    script = (str(HERE / "dying_server.py"),)
    with Program(script, says, HUB_DATA_DIR=settings.data_dir, **urls) as program:
        yield program


@pytest.fixture
def dying(dying_program: Program, rows: Callable[..., list[Any]]) -> Iterator[DyingServer]:
    server = DyingServer(dying_program, rows)
    yield server
    server.close()


@pytest.fixture
def worker_environment(settings: Settings) -> dict[str, Any]:
    """A worker that is given up after a second's silence."""
    return {
        **addresses(settings.required_database()),
        "HUB_DATA_DIR": settings.data_dir,
        "HUB_JOB_STALLED_SECONDS": 1,
    }


@pytest.fixture
def halves(rows: Callable[..., list[Any]]) -> Callable[[], set[str]]:
    """Name what is there without what belongs to it."""

    def find() -> set[str]:
        return {name for name, statement in _HALVES.items() if rows(f"{statement} limit 1")}

    return find


_TOLD = """
    (select 1 from notifications n where n.subject_id = {subject} and n.category = '{category}')
"""
_RECORDED = """
    (select 1 from audit_events a where a.subject_id = {subject} and a.action = '{action}')
"""
_HALVES = {
    "a job without its notification": """
        select from jobs.procrastinate_jobs j,
               jsonb_array_elements_text(j.args -> 'notification_ids') as told(id)
         where not exists (select from notifications n where n.id = told.id::uuid)""",
    "a notification without its job": """
        select from notifications n
         where not exists (select from jobs.procrastinate_jobs j
                            where j.args -> 'notification_ids' ? n.id::text)""",
    "a request sent without its notification": f"""
        select from respite_requests r where state <> 'draft' and not exists
        {_TOLD.format(subject="r.id", category="request_submitted")}""",
    "a request sent without its audit row": f"""
        select from respite_requests r where state <> 'draft' and not exists
        {_RECORDED.format(subject="r.id", action="respite_request:submit")}""",
    "a booking without its notification": f"""
        select from sleepovers s where not exists
        {_TOLD.format(subject="s.request_id", category="request_accepted")}""",
    "a booking without its audit row": f"""
        select from sleepovers s where not exists
        {_RECORDED.format(subject="s.request_id", action="respite_request:accept")}""",
    "a booking without its bed": """
        select from sleepovers s where state = 'confirmed'
           and not exists (select from bed_nights b where b.sleepover_id = s.id)""",
    "a booking without its request": """
        select from sleepovers s join respite_requests r on r.id = s.request_id
         where r.state <> 'accepted'""",
    "an accepted request without its booking": """
        select from respite_requests r where state = 'accepted'
           and not exists (select from sleepovers s where s.request_id = r.id)""",
    "a bed held by a cancelled sleepover": """
        select from bed_nights b join sleepovers s on s.id = b.sleepover_id
         where s.state = 'cancelled'""",
    "a cancellation without its notification": f"""
        select from sleepovers s where state = 'cancelled' and not exists
        {_TOLD.format(subject="s.id", category="sleepover_cancelled")}""",
    "a cancellation without its audit row": f"""
        select from sleepovers s where state = 'cancelled' and not exists
        {_RECORDED.format(subject="s.id", action="sleepover:cancel")}""",
    "an audit row of a booking that is not there": """
        select from audit_events a where action = 'respite_request:accept'
           and not exists (select from sleepovers s where s.request_id = a.subject_id)""",
    "a notification of a booking that is not there": """
        select from notifications n where category = 'request_accepted'
           and not exists (select from sleepovers s where s.request_id = n.subject_id)""",
}


@pytest.fixture
def superuser(server: EmbeddedServer) -> Callable[[str], list[Any]]:
    """Run a statement as the superuser, who sees every connection."""

    def run(statement: str) -> list[Any]:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            return connection.execute(statement).fetchall()

    return run
