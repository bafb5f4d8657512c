"""Does it cost the same with a thousand times as many sleepovers? `make bench-flat`.

The same people ask the same of a hub with 2,000 sleepovers and with 2,000,000 (or as many as the
first argument says), in 400 constellations; CPU of application and PostgreSQL together, and blocks
that the statements look at. Fails above `ALLOWED` times (performance.md, goal 2). Takes about a
quarter of an hour and 8 GB in a folder that is thrown away.
"""

from __future__ import annotations

import io
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import sqlalchemy as sa

from bench.blocks import blocks_of
from bench.many import fill
from bench.requests import Bench, Caller, Cost, cost_of
from hub_api import create_app, embedded, logs, migrate, token_keys
from hub_api.settings import Settings
from seed import southwark

if TYPE_CHECKING:
    from collections.abc import Callable

FEW, MANY, CONSTELLATIONS = 2_000, 2_000_000, 400
ROUNDS, REQUESTS, ACCEPTS = 5, 100, 8
PAGE = 50
ALLOWED = 1.2

Jobs = dict[str, tuple["Callable[[], Any]", int]]
"""What is measured, and how many at once."""


@dataclass(frozen=True)
class Found:
    """What one kind of request costs: CPU milliseconds, and blocks where it only reads."""

    cpu: float
    blocks: int | None


def jobs_of(bench: Bench) -> Jobs:
    """The same requests of the same people, whatever there is."""
    place = bench.home["constellation_id"]
    newest = bench.hub_carer.call("GET", "/sleepovers?limit=1")[1]["items"][0]["id"]
    waiting = [bench.ask(draft=False) for _ in range(ROUNDS * ACCEPTS + 1)]

    paths = {
        "list of sleepovers": f"/sleepovers?limit={PAGE}",
        "list of requests": f"/respite-requests?limit={PAGE}",
        "calendar": f"/constellations/{place}/bed-nights",
    }
    jobs: Jobs = {}
    for who, person in bench.people().items():
        for name, path in paths.items():
            jobs[f"{name}, {who}"] = partial(_get, person, path), REQUESTS
        jobs[f"nothing new, {who}"] = CatchingUp(person), REQUESTS
    return {
        **jobs,
        "one sleepover": (partial(_get, bench.hub_carer, f"/sleepovers/{newest}"), REQUESTS),
        "accept": ((lambda: bench.accept(waiting.pop())), ACCEPTS),
    }


def _get(person: Caller, path: str) -> None:
    status, answer = person.call("GET", path)
    assert status == 200, answer
    # One full page is compared with another.
    assert f"limit={PAGE}" not in path or len(answer["items"]) == PAGE, path


class CatchingUp:
    """A phone that is on: it has caught up, and asks again with the cursor it was given last."""

    def __init__(self, person: Caller) -> None:
        self._person, self._cursor = person, ""
        while self()["more"]:
            pass

    def __call__(self) -> Any:
        """Ask once, for the answer. Raises `AssertionError` where it isn't one."""
        status, answer = self._person.call("GET", f"/sync?limit=500{self._cursor}")
        assert status == 200, answer
        self._cursor = f"&cursor={answer['cursor']}"
        return answer


def measure(bench: Bench) -> dict[str, Found]:
    """The least of the rounds, which take turns: whatever else runs here only adds to it."""
    jobs, engine = jobs_of(bench), bench.carer.app.engine
    blocks = {name: blocks_of(engine, work) for name, (work, _) in jobs.items() if name != "accept"}
    jobs["accept"][0]()
    with engine.connect() as connection:
        server = [psutil.Process(connection.scalar(sa.text("select pg_backend_pid()")))]
    costs: dict[str, list[Cost]] = {name: [] for name in jobs}
    for _ in range(ROUNDS):
        for name, (work, count) in jobs.items():
            costs[name].append(cost_of(work, count, server))
    return {
        name: Found(
            min(ours for ours, _ in found) + statistics.mean(served for _, served in found),
            blocks.get(name),
        )
        for name, found in costs.items()
    }


def start_bench(settings: Settings, logins: southwark.Logins) -> Bench:
    """The hub, and Bellenden's people logged in to it."""
    app = create_app(settings)

    def log_in(role: str) -> Caller:
        _, pair = Caller(app).call("POST", "/auth/login", logins[role])
        return Caller(app, pair["access_token"])

    carer = log_in("satellite_carer")
    home = carer.call("GET", "/households")[1]["items"][0]
    return Bench(carer, log_in("hub_carer"), log_in("liaison_worker"), home)


def main() -> None:
    """Measure at both sizes, print the ratios, and fail when one is too large."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else MANY
    logs.configure(io.StringIO())
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "var"
        server = embedded.start(data_dir / "pgdata")
        try:
            settings = Settings(
                database=server.urls(), data_dir=data_dir, writes_allowed=1_000_000, api_threads=1
            )
            migrate.move(server.urls().migration)
            token_keys.rotate_token_keys(settings.keys_path)
            loading = southwark.Loading(settings, constellations=CONSTELLATIONS, months=1)
            measured, *_ = (town.id for town in loading.towns())
            logins = loading.finish()
            for size in (FEW, many):
                began = time.monotonic()
                rows = fill(server.url(database=embedded.DATABASE), size, measured)
                print(f"{rows} in {time.monotonic() - began:.0f} s", flush=True)
                bench = start_bench(settings, logins)
                found[size] = measure(bench)
                bench.carer.app.engine.dispose()
        finally:
            server.release()
    sys.exit(1 if report(found[FEW], found[many], many) > ALLOWED else 0)


def report(few: dict[str, Found], many: dict[str, Found], size: int) -> float:
    """Print a table; the largest ratio of CPU."""
    print(f"{'':<34} {'CPU ms':>8} {'at ' + str(size):>12} {'ratio':>6}   blocks  at {size}")
    for name, before in few.items():
        after = many[name]
        ratio = after.cpu / before.cpu
        line = f"{name:<34} {before.cpu:>8.2f} {after.cpu:>12.2f} {ratio:>6.2f}"
        print(line + ("" if before.blocks is None else f"   {before.blocks:>6}  {after.blocks:>6}"))
    return max(many[name].cpu / found.cpu for name, found in few.items())


if __name__ == "__main__":
    main()
