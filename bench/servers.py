"""Which HTTP server: CPU per request, latency, and slow phones (`python -m bench.servers`).

Each server runs the API in two processes on an embedded PostgreSQL that is thrown away, takes the
same requests from the same eight connections in interleaved rounds, and is then asked for its
health while 32 slow clients hold half-sent requests. Loopback only; every process is stopped by its
id.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from hub_api import embedded, migrate, token_keys
from hub_api.settings import Settings
from hub_api.supervisor import environment_of
from seed import southwark

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT, CONNECTIONS, REQUESTS, ROUNDS, SLOW = 8790, 8, 1600, 3, 32

GUNICORN = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{PORT}", "-w", "2", "wsgi:app"]
GRANIAN = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
# With its media type: without one the hub refuses before it reads, and no thread would wait.
HALF_A_REQUEST = (
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n{"
)
SERVERS = {
    "waitress": [[sys.executable, "-m", "hub_api.cli", "api"]] * 2,
    "granian": [
        [*GRANIAN, "--port", str(PORT), "--workers", "2", "--blocking-threads", "4", "wsgi:app"]
    ],
    "gunicorn sync": [GUNICORN],
    "gunicorn gthread": [[*GUNICORN, "-k", "gthread", "--threads", "4"]],
}
"""The commands that start each: waitress has one process each."""


@contextlib.contextmanager
def serving(
    commands: list[list[str]], environment: dict[str, str]
) -> Iterator[list[psutil.Process]]:
    """The server's processes, ready to answer."""
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(  # noqa: S603 - our own commands, above
                    command,
                    env={**environment, "HUB_SUPERVISED": "1"},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            for command in commands
        ]
        try:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and not healthy(1):
                time.sleep(0.1)
            time.sleep(1)  # the second process may be a moment later
            yield [psutil.Process(process.pid) for process in started]
        finally:
            for process in started:
                process.terminate()


def healthy(timeout: float) -> bool:
    """Whether /healthz answers within so many seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=timeout)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def log_in(login: dict[str, str]) -> str:
    """An access token."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    body, headers = json.dumps(login), {"Content-Type": "application/json"}
    connection.request("POST", "/api/v1/auth/login", body, headers)
    token = str(json.loads(connection.getresponse().read())["access_token"])
    connection.close()
    return token


def load(token: str) -> list[float]:
    """Seconds of each of `REQUESTS` requests over `CONNECTIONS` connections."""
    took: list[float] = []

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
        for _ in range(REQUESTS // CONNECTIONS):
            began = time.perf_counter()
            connection.request(
                "GET", "/api/v1/households", headers={"Authorization": f"Bearer {token}"}
            )
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            took.append(time.perf_counter() - began)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def cpu(processes: list[psutil.Process]) -> float:
    """CPU seconds of a server's processes and theirs."""
    total = 0.0
    for process in processes:
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                total += times.user + times.system
    return total


def health_among_slow_clients() -> int:
    """Of 15 health checks, how many answer within two seconds while slow clients hold on."""
    slow = [socket.create_connection(("127.0.0.1", PORT)) for _ in range(SLOW)]
    try:
        for client in slow:
            client.sendall(HALF_A_REQUEST)
        time.sleep(0.5)
        return sum(healthy(2) for _ in range(15))
    finally:
        for client in slow:
            client.close()


def main() -> None:
    """Measure and print a table."""
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in SERVERS}
    health: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "var"
        server = embedded.start(data_dir / "pgdata")
        try:
            settings = Settings(database=server.urls(), data_dir=data_dir, port=PORT)
            migrate.move(server.urls().migration)
            token_keys.rotate_token_keys(settings.keys_path)
            login = southwark.seed(settings)["satellite_carer"]
            environment = {**os.environ, **environment_of(settings)}
            for round_ in range(ROUNDS):
                for name, commands in SERVERS.items():
                    with serving(commands, environment) as processes:
                        token = log_in(login)
                        load(token)
                        before = cpu(processes)
                        took = sorted(load(token))
                        spent = (cpu(processes) - before) * 1000 / REQUESTS
                        p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
                        figures[name].append((spent, p50 * 1000, p99 * 1000))
                        if round_ == 0:
                            health[name] = health_among_slow_clients()
        finally:
            server.release()
    print(f"{'server':<18} {'CPU ms':>8} {'p50 ms':>8} {'p99 ms':>8}  health with {SLOW} slow")
    for name, rounds in figures.items():
        spent, p50, p99 = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:<18} {spent:>8.2f} {p50:>8.1f} {p99:>8.1f}  {health[name]} of 15")


if __name__ == "__main__":
    main()
