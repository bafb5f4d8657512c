"""Programs that a test starts as an operator would, and stops whatever becomes of the test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
from click.testing import CliRunner, Result

from hub_api import cli
from hub_api.settings import DatabaseUrls

HUB = ("-m", "hub_api.cli")


def wait_until(condition: Any, within: float = 20.0) -> Any:
    """Wait for a condition and return what it found; fail when it takes longer than `within` s."""
    deadline = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {within} s in vain"
        time.sleep(0.02)
    return found


def environment_with(settings: dict[str, Any]) -> dict[str, str]:
    """Our environment with these `HUB_` variables and no others."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    return {**others, **{name: str(value) for name, value in settings.items()}}


def addresses(urls: DatabaseUrls) -> dict[str, str]:
    """The three addresses of a database as environment variables."""
    return {
        "HUB_DATABASE_URL": urls.api,
        "HUB_WORKER_DATABASE_URL": urls.worker,
        "HUB_MIGRATION_DATABASE_URL": urls.migration,
    }


def hub(*arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Run a `hub …` command to its end."""
    return subprocess.run(
        [sys.executable, *HUB, *arguments],
        env=environment_with(settings),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def hub_in_process(*arguments: str, **settings: Any) -> Result:
    """Run a `hub …` command inside this process, which spares loading it anew."""
    others = {name: None for name in os.environ if name.startswith("HUB_")}
    given = {name: str(value) for name, value in settings.items()}
    return CliRunner().invoke(cli.main, [*arguments], env={**others, **given})


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended, be it that nobody has asked after it yet."""
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


@contextmanager
def _hanging_up_heard() -> Iterator[None]:
    """What is started in here ends with its terminal, even where we would not (`nohup`)."""
    usual = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, usual)


class Program:
    """A running program: what it says goes to a file, and leaving the block ends it."""

    def __init__(self, arguments: tuple[str, ...], says: Path, **settings: Any) -> None:
        self._says = says
        with says.open("w") as output, _hanging_up_heard():
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                env=environment_with(settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._known: dict[int, psutil.Process] = {}

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        return self._says.read_text()

    def descendants(self) -> list[psutil.Process]:
        """The processes it started and those that they started, as of now."""
        with suppress(psutil.NoSuchProcess):
            found = psutil.Process(self.pid).children(recursive=True)
            self._known |= {process.pid: process for process in found}
            return found
        return []

    def ends(self, within: float = 40.0) -> int:
        """Wait for its end and return its exit code."""
        return self._process.wait(within)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit code."""
        self.descendants()
        self._process.send_signal(how)
        return self.ends()

    def kill(self) -> None:
        """End it and whatever it started, without asking."""
        self.descendants()
        if self.is_running:
            self._process.kill()
            self._process.wait()
        for process in self._known.values():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
