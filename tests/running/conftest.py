"""A hub started with `hub run`, as an operator starts it."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.loopback import Loopback, free_port
from tests.running.program import HUB, Program, is_gone, wait_until


class RunningHub(Program):
    """`hub run` in a data folder of its own, with its database."""

    def __init__(self, data_dir: Path, port: int | None = None) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        data_dir.mkdir(exist_ok=True)
        says = data_dir.with_suffix(".log")
        super().__init__((*HUB, "run"), says, **self.settings)

    @property
    def settings(self) -> dict[str, Any]:
        return {"HUB_DATA_DIR": self.data_dir, "HUB_PORT": self.port}

    @property
    def logins(self) -> dict[str, dict[str, str]]:
        return json.loads((self.data_dir / "demo-accounts.json").read_text())

    def is_greeting(self) -> bool:
        assert self.is_running, self.said()
        return "Ctrl-C stops everything." in self.said()

    def is_up(self) -> bool:
        """Whether both processes of the API serve; the greeting waits for the first."""
        return self.is_greeting() and self.servers() > 1

    def servers(self) -> int:
        """How many processes of the API listen on the port."""
        found = 0
        for api in self.parts("api"):
            with suppress(psutil.Error):
                found += any(
                    link.laddr.port == self.port and link.status == psutil.CONN_LISTEN
                    for link in api.net_connections("tcp")
                )
        return found

    def http(self, login: str = "") -> Loopback:
        return Loopback(self.port, self.logins[login] if login else None)

    def part(self, name: str) -> psutil.Process | None:
        """A supervised process of this name, if there is one just now."""
        return next(iter(self.parts(name)), None)

    def parts(self, name: str) -> list[psutil.Process]:
        """The supervised processes of this name."""
        found = []
        for process in psutil.Process(self.pid).children():
            with suppress(psutil.Error):
                if process.cmdline()[-1:] == [name]:
                    found.append(process)
        return found

    def database(self) -> psutil.Process | None:
        """The database server, which is nobody's child."""
        with suppress(FileNotFoundError, IndexError, psutil.NoSuchProcess):
            return psutil.Process(
                int((self.data_dir / "pgdata" / "postmaster.pid").read_text().split()[0])
            )
        return None

    def kill(self) -> None:
        super().kill()
        if database := self.database():
            with suppress(ProcessLookupError):
                os.kill(database.pid, signal.SIGQUIT)
            wait_until(lambda: is_gone(database))


class Hubs:
    """The hub the tests share; one that a test has stopped is started again for the next."""

    def __init__(self, data_dir: Path) -> None:
        self._hub = RunningHub(data_dir)

    def greeting(self) -> RunningHub:
        if not self._hub.is_running:
            self._hub = RunningHub(self._hub.data_dir, self._hub.port)
        wait_until(self._hub.is_greeting, within=40)
        return self._hub

    def up(self) -> RunningHub:
        hub = self.greeting()
        wait_until(hub.is_up)
        return hub

    def end(self) -> None:
        if self._hub.is_running:
            self._hub.stop()
        self._hub.kill()


@pytest.fixture(scope="session")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hubs]:
    made = Hubs(tmp_path_factory.mktemp("hub") / "var")
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def running_hub(hubs: Hubs) -> RunningHub:
    """A hub that is up, on demo data."""
    return hubs.up()
