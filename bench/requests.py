"""Statements and CPU per request of list, one, create and accept: `make bench`.

Runs the app in this process on an embedded PostgreSQL that is thrown away, and calls it as a
server would; beside it the raw limit (`bench/limit.py`). CPU is this process's own (application
and driver, without PostgreSQL); rounds are interleaved and the median is printed, so that a busy
machine disturbs every line alike.
"""

from __future__ import annotations

import io
import json
import statistics
import tempfile
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import sqlalchemy as sa

from bench.limit import Limit
from hub_api import clock, create_app, embedded, logs, migrate, token_keys
from hub_api.settings import Settings
from seed import southwark

if TYPE_CHECKING:
    from collections.abc import Callable

STAYS, ROUNDS, REQUESTS = 60, 5, 100
FIRST_NIGHT, NIGHTS_FREE = 65, 255
"""Days ahead from which the demo has planned nothing, and how many of them a stay may begin on."""


@dataclass
class Caller:
    """Calls the app as a server does, without a client library in between."""

    app: Any
    token: str = ""

    def call(
        self, method: str, path: str, body: Any = None, seen: str | None = None
    ) -> tuple[int, Any]:
        """The status and the JSON of one request."""
        path, _, query = path.partition("?")
        data = json.dumps(body).encode() if body is not None else b""
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/api/v1{path}",
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(data),
            "CONTENT_LENGTH": str(len(data)),
            "CONTENT_TYPE": "application/json",
            "HTTP_AUTHORIZATION": f"Bearer {self.token}",
        }
        if seen is not None:
            environ["HTTP_IF_MATCH"] = seen
        status: list[str] = []
        answer = b"".join(self.app(environ, lambda found, _headers: status.append(found)))
        return int(status[0][:3]), json.loads(answer)


@dataclass
class Bench:
    """A hub with some stays in it, and somebody on each side."""

    carer: Caller
    hub_carer: Caller
    liaison_worker: Caller
    home: dict[str, Any]
    night: int = 0

    def people(self) -> dict[str, Caller]:
        """Those who ask, in the order of the fields."""
        return {
            "carer": self.carer,
            "hub carer": self.hub_carer,
            "liaison worker": self.liaison_worker,
        }

    def ask(self, *, draft: bool) -> dict[str, Any]:
        """Ask for the first child's next evening that nobody has asked for yet.

        Every other one, since adjoining stays count as one; beyond what the demo has planned, and
        before the hub's approval is due for review. A draft asks for nothing yet.
        """
        if not draft:
            self.night += 2
            assert self.night < NIGHTS_FREE, "More stays than there are nights for them."
        day = FIRST_NIGHT + self.night
        arrives_at = clock.now().replace(hour=17, minute=0) + timedelta(days=day)
        status, request = self.carer.call(
            "POST",
            "/respite-requests",
            {
                "household_id": self.home["id"],
                "children": [self.home["children"][0]["id"]],
                "kind": "planned",
                "arrives_at": arrives_at.isoformat(),
                "departs_at": (arrives_at + timedelta(hours=17)).isoformat(),
                "reason": "rest_for_carer",
                "draft": draft,
            },
        )
        assert status < 300, request
        return dict(request)

    def accept(self, request: dict[str, Any]) -> None:
        seen = f'"{request["version"]}"'
        status, answer = self.hub_carer.call(
            "POST", f"/respite-requests/{request['id']}/accept", seen=seen
        )
        assert status == 200, answer


def set_up(settings: Settings) -> Bench:
    """Seed the demo, log both sides in, and book some stays."""
    migrate.move(settings.required_database().migration)
    token_keys.rotate_token_keys(settings.keys_path)
    logins = southwark.seed(settings)
    app = create_app(replace(settings, api_threads=2))

    def log_in(role: str) -> Caller:
        _, pair = Caller(app).call("POST", "/auth/login", logins[role])
        return Caller(app, pair["access_token"])

    carer = log_in("satellite_carer")
    home = carer.call("GET", "/households")[1]["items"][0]
    bench = Bench(carer, log_in("hub_carer"), log_in("liaison_worker"), home)
    for _ in range(STAYS):
        bench.accept(bench.ask(draft=False))
    return bench


@dataclass
class Job:
    """One kind of request, sent to the hub and to the raw limit."""

    hub: Callable[[], Any]
    limit: Callable[[], Any] | None = None
    count: int = REQUESTS


Cost = tuple[float, float]
"""CPU milliseconds of one request: of the application, and of PostgreSQL."""


def cost_of(work: Callable[[], Any], count: int, server: list[psutil.Process]) -> Cost:
    """What one of `count` calls costs. PostgreSQL's part is counted in hundredths of a second."""
    began, served = time.process_time(), _cpu(server)
    for _ in range(count):
        work()
    ours = time.process_time() - began
    return ours * 1000 / count, (_cpu(server) - served) * 1000 / count


def _cpu(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


@dataclass
class Figures:
    """What one job was found to cost."""

    statements: int
    hub: list[Cost] = field(default_factory=list)
    limit: list[Cost] = field(default_factory=list)

    def line(self) -> str:
        """Application alone, and with PostgreSQL: the hub, the limit, and how many times it."""
        parts = []
        for whole in (False, True):
            hub, limit = _typical(self.hub, whole=whole), _typical(self.limit, whole=whole)
            parts.append(
                f"{hub:>8.2f}" + (f" {limit:>6.2f} {hub / limit:>5.1f}" if limit else " " * 13)
            )
        return "   ".join([*parts, f"{self.statements:>10}"])


def _typical(costs: list[Cost], *, whole: bool) -> float:
    """The median of the application, and the mean of PostgreSQL, whose clock is coarse."""
    if not costs:
        return 0.0
    served = statistics.mean(server for _, server in costs) if whole else 0.0
    return statistics.median(ours for ours, _ in costs) + served


def measure(jobs: dict[str, Job], engine: sa.Engine, limit: Limit) -> dict[str, Figures]:
    """The costs of each job, round by round."""
    sent: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _cur, sql, *_: sent.append(sql))
    found = {}
    for name, job in jobs.items():
        job.hub()  # once unmeasured: caches fill
        sent.clear()
        job.hub()
        found[name] = Figures(len(sent))
    with engine.connect() as connection:
        ours = [psutil.Process(connection.scalar(sa.text("select pg_backend_pid()")))]
    theirs = [psutil.Process(limit.connection.info.backend_pid)]
    for _ in range(ROUNDS):
        for name, job in jobs.items():
            found[name].hub.append(cost_of(job.hub, job.count, ours))
            if job.limit is not None:
                found[name].limit.append(cost_of(job.limit, job.count, theirs))
    return found


def jobs_of(bench: Bench, raw: Bench) -> dict[str, Job]:
    """What is measured. `raw` is the same people calling the limit."""
    stay = bench.carer.call("GET", "/sleepovers?limit=1")[1]["items"][0]["id"]
    waiting = [bench.ask(draft=False) for _ in range(ROUNDS * REQUESTS // 10 + 2)]
    return {
        "list of 50": Job(
            lambda: bench.hub_carer.call("GET", "/sleepovers?limit=50"),
            lambda: raw.hub_carer.call("GET", "/sleepovers"),
        ),
        "one": Job(
            lambda: bench.carer.call("GET", f"/sleepovers/{stay}"),
            lambda: raw.carer.call("GET", f"/sleepovers/{stay}"),
        ),
        "create": Job(lambda: bench.ask(draft=True), lambda: raw.ask(draft=True)),
        "accept": Job(lambda: bench.accept(waiting.pop()), count=REQUESTS // 10),
    }


def main() -> None:
    """Measure and print a table."""
    logs.configure(io.StringIO())  # as in production, to a stream that costs nothing
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "var"
        server = embedded.start(data_dir / "pgdata")
        try:
            # One carer asks as often as a thousand would.
            settings = Settings(database=server.urls(), data_dir=data_dir, writes_allowed=1_000_000)
            bench = set_up(settings)
            limit = Limit(server.urls().api, token_keys.load_token_keys(settings.keys_path))
            raw = Bench(
                *(Caller(limit, person.token) for person in bench.people().values()), bench.home
            )
            found = measure(jobs_of(bench, raw), bench.carer.app.engine, limit)
            limit.connection.close()
            bench.carer.app.engine.dispose()
        finally:
            server.release()
    print(
        "CPU ms a request:      application   limit ratio   with PostgreSQL limit ratio  statements"
    )
    for name, figures in found.items():
        print(f"{name:<26} {figures.line()}")


if __name__ == "__main__":
    main()
