"""`hub run`: database, API and worker under one roof, stopped together by Ctrl-C."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TextIO

from sqlalchemy.exc import DBAPIError

from hub_api import child_keys, db, doctor, embedded, migrate, token_keys
from hub_api.server import refuse_taken_port
from hub_api.settings import SettingsError, make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from hub_api.settings import Settings

STARTS_WITHIN = 30.0
STOPS_WITHIN = 35.0
RESTART_AFTER = 2.0


class _Stop(Exception):
    """Somebody asked us to stop."""


def run(settings: Settings, say: Callable[[str], None]) -> None:
    """Start everything, say where it is, and look after it until told to stop.

    Raises `SettingsError` with one line that says what to do.
    """
    _stop_on_signals()
    refuse_taken_port(settings.host, settings.port)
    try:
        with ExitStack() as stack:
            stack.enter_context(_only_hub_in(settings))
            with _stops_held():
                ready = stack.enter_context(embedded.with_database(settings))
            prepare(ready, is_demo=settings.database is None or settings.demo, say=say)
            children = stack.enter_context(_children(ready))
            _wait_until_ready(ready, children)
            _greet(ready, say)
            _look_after(children, settings, say)
    except _Stop:
        say("Stopped.")


STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""A closed terminal stops the hub as Ctrl-C does."""


def _stop_on_signals() -> None:
    for number in _stops():
        signal.signal(number, _stop)


def _stops() -> list[signal.Signals]:
    """All of `STOPS`, except a closed terminal where nohup has switched that off."""
    is_nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [number for number in STOPS if not (is_nohup and number is signal.SIGHUP)]


@contextmanager
def _stops_held() -> Iterator[None]:
    """Stop after this block and not within it: what is half started can't be stopped."""
    asked: list[int] = []
    for number in _stops():
        signal.signal(number, lambda found, _frame: asked.append(found))
    yield
    _stop_on_signals()
    if asked:
        _stop(asked[0], None)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    # A second Ctrl-C must not cut the stopping short.
    for number in STOPS:
        signal.signal(number, signal.SIG_IGN)
    raise _Stop


def prepare(settings: Settings, *, is_demo: bool, say: Callable[[str], None]) -> None:
    """Bring keys and schema up to date, and put demo data into an empty database."""
    if not settings.keys_path.exists():
        token_keys.rotate_token_keys(settings.keys_path)
    token_keys.load_token_keys(settings.keys_path)
    refuse_unreachable(settings)
    url = settings.required_database().migration
    if migrate.current(url) != migrate.newest():
        say("Preparing the database…")
        migrate.move(url)
    child_keys.provide_secrets(settings)
    doctor.refuse_unsafe_roles(settings)
    if is_demo and migrate.is_empty(url):
        from seed import southwark

        say("Adding demo data…")
        southwark.seed(settings)


def refuse_unreachable(settings: Settings) -> None:
    """Raise `SettingsError` naming the address at which no role can log in."""
    urls = settings.required_database()
    for name, url in (
        ("HUB_DATABASE_URL", urls.api),
        ("HUB_WORKER_DATABASE_URL", urls.worker),
        ("HUB_MIGRATION_DATABASE_URL", urls.migration),
    ):
        engine = db.make_engine(url, connections=1)
        try:
            engine.connect().close()
        except DBAPIError as error:
            raise SettingsError(
                f"{name} leads to no usable database: {db.reason(error)}. Correct it, or unset all "
                "three addresses to use the embedded database."
            ) from None
        finally:
            engine.dispose()


@contextmanager
def _only_hub_in(settings: Settings) -> Iterator[None]:
    """One hub per data folder: two would stop each other's database."""
    make_folder(settings.data_dir)
    with (settings.data_dir / "hub.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"Another hub already runs from {settings.data_dir}. Stop it, or give this one a "
                "folder of its own: HUB_DATA_DIR=./var2"
            ) from None
        yield


class _Child:
    """A part of the hub in a process of its own, logging to a file."""

    def __init__(self, name: str, environment: dict[str, str], log: TextIO) -> None:
        self.name = name
        self._environment = environment
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._end_leftovers()
        # A session of its own: Ctrl-C reaches us alone, and we stop the parts in order.
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "hub_api.cli", self.name],
            env=self._environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self.process.returncode if self.process is not None else None

    def stop(self) -> None:
        deadline = time.monotonic() + STOPS_WITHIN
        while self.process is not None and self.is_running() and time.monotonic() < deadline:
            # Every second, to all its processes: one that is still loading misses the first call.
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
        self._end_leftovers()

    def _end_leftovers(self) -> None:
        """End what a killed part has left behind: it would keep the port."""
        if self.process is not None:
            self._signal(signal.SIGKILL)
            self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        """To the part and its processes: it leads a session, and so a group, of its own."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


@contextmanager
def _children(settings: Settings) -> Iterator[list[_Child]]:
    figures = settings.data_dir / "metrics"
    shutil.rmtree(figures, ignore_errors=True)
    figures.mkdir()
    settings.log_dir.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        **environment_of(settings),
        "HUB_SUPERVISED": "1",
        "PROMETHEUS_MULTIPROC_DIR": str(figures),
    }
    children: list[_Child] = []
    with ExitStack() as stack:
        try:
            for name in ("api",) * settings.api_processes + ("worker",):
                log = stack.enter_context((settings.log_dir / f"{name}.log").open("a"))
                children.append(_Child(name, environment, log))
            yield children
        finally:
            for child in children:
                child.stop()


def environment_of(settings: Settings) -> dict[str, str]:
    """What a part of the hub needs to know, as environment variables."""
    urls = settings.required_database()
    return {
        "HUB_DATABASE_URL": urls.api,
        "HUB_WORKER_DATABASE_URL": urls.worker,
        "HUB_MIGRATION_DATABASE_URL": urls.migration,
        "HUB_DATA_DIR": str(settings.data_dir),
        "HUB_PORT": str(settings.port),
    }


def address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def _wait_until_ready(settings: Settings, children: list[_Child]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        for child in children:
            if not child.is_running():
                raise SettingsError(
                    f"The {child.name} did not start. Its log: {settings.log_dir}/{child.name}.log"
                )
        if _is_healthy(settings):
            return
        time.sleep(0.05)
    raise SettingsError(f"The API did not answer in time. Its log: {settings.log_dir}/api.log")


_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Asks our own address, whatever proxy the environment names for others."""


def _is_healthy(settings: Settings) -> bool:
    try:
        with _DIRECT.open(f"{address(settings)}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _look_after(children: list[_Child], settings: Settings, say: Callable[[str], None]) -> None:
    while True:
        time.sleep(0.5)
        if settings.database is None and not embedded.is_running(settings.pgdata):
            say("The database stopped; restarting it.")
            time.sleep(RESTART_AFTER)
            with contextlib.suppress(SettingsError), _stops_held():
                embedded.start(settings.pgdata)
        for child in children:
            if not child.is_running():
                say(f"The {child.name} stopped (exit {child.exit_code}); restarting it.")
                time.sleep(RESTART_AFTER)
                child.start()


def _greet(settings: Settings, say: Callable[[str], None]) -> None:
    say(f"\nThe Mockingbird hub is up:  {address(settings)}")
    say(f"Browse and try the API:     {address(settings)}/docs")
    say(f"Logs:                       {settings.log_dir}")
    if settings.demo_accounts_path.exists():
        accounts = json.loads(settings.demo_accounts_path.read_text())
        say(f"\nDemo logins (also in {settings.demo_accounts_path}):\n")
        for role, login in accounts.items():
            say(f"  {role:<22} {login['email']:<36} {login['password']}")
    say("\nCtrl-C stops everything.")
