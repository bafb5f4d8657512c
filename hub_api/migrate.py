"""Running the migrations, as the owner of the database."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from hub_api import db
from hub_api.settings import SettingsError

ROOT = Path(__file__).resolve().parents[1]


def config(url: str = "") -> Config:
    """Alembic's configuration, whole: there is no alembic.ini to fall out of step."""
    alembic = Config()
    alembic.set_main_option("script_location", str(ROOT / "migrations"))
    alembic.set_main_option("prepend_sys_path", str(ROOT))
    alembic.set_main_option("path_separator", "os")
    alembic.attributes["url"] = url
    return alembic


def move(url: str, to: str = "head") -> None:
    """Bring the schema to a revision: up when it is ahead, down to it or `base` when behind."""
    try:
        if to == "base" or (to != "head" and _is_behind(url, to)):
            command.downgrade(config(url), to)
        else:
            command.upgrade(config(url), to)
    except CommandError as error:
        raise SettingsError(
            f"The schema can't be brought to {to}: {error}. Give a revision of this version of the "
            "hub, `head` or `base`; a newer database needs a newer hub."
        ) from None


@cache
def newest() -> str | None:
    """The revision this code was written for."""
    return ScriptDirectory.from_config(config()).get_current_head()


def serves(applied: str | None) -> bool:
    """Whether this code can serve a schema: its own, or one that a newer release has migrated.

    A release migrates first, and the nodes still running the one before it must go on serving.
    """
    if applied is None:
        return False
    known = {
        revision.revision for revision in ScriptDirectory.from_config(config()).walk_revisions()
    }
    return applied == newest() or applied not in known


def _is_behind(url: str, to: str) -> bool:
    now = current(url)
    if now is None:
        return False
    older = {
        revision.revision
        for revision in ScriptDirectory.from_config(config()).iterate_revisions(now, "base")
    }
    return to in older


def loses_data(url: str, to: str) -> bool:
    """Whether going to a revision goes back, in a database that people already use."""
    goes_back = to == "base" or (to != "head" and to != current(url) and _is_behind(url, to))
    return goes_back and current(url) is not None and not is_empty(url)


def current(url: str) -> str | None:
    """The revision a database is at."""
    engine = db.make_engine(url, connections=1)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def is_empty(url: str) -> bool:
    """Whether nobody has an account yet. The schema must be there."""
    engine = db.make_engine(url, connections=1)
    try:
        with engine.connect() as connection:
            return not connection.scalar(sa.text("select exists (select from accounts)"))
    finally:
        engine.dispose()
