"""`hub doctor`: what is configured, reachable, missing or unsafe."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, ProgrammingError

from hub_api import child_keys, clock, db, embedded, private_files, token_keys
from hub_api.notifications import opening
from hub_api.operations.service import BEHIND, readiness
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hub_api.settings import Channels, Settings

OK, OFF, MISSING, UNSAFE = "ok", "off", "missing", "unsafe"
FAILING = {MISSING, UNSAFE}


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the hub and what was found."""

    verdict: str
    part: str
    words: str


def examine(settings: Settings) -> list[Finding]:
    """Everything worth knowing, whatever state the hub is in."""
    findings = [
        *_unknown_settings(settings),
        *_keys(settings),
        *_channel_keys(settings.channels),
        _anchor(settings),
    ]
    if settings.database is None and not settings.pgdata.exists():
        return [*findings, Finding(MISSING, "database", "none yet: `hub run` makes one")]
    try:
        with embedded.with_database(settings) as ready:
            findings += _database(ready, "configured" if settings.database else "embedded")
    except SettingsError as error:
        findings.append(Finding(MISSING, "database", str(error)))
    return findings


def _unknown_settings(settings: Settings) -> Iterator[Finding]:
    for name in sorted(settings.extra):
        yield Finding(UNSAFE, "settings", f"{name} is no setting of the hub: a slip of the pen?")


def _keys(settings: Settings) -> Iterator[Finding]:
    path = settings.keys_path
    try:
        token_keys.load_token_keys(path)
    except SettingsError as error:
        yield Finding(MISSING, "keys", str(error))
        return
    yield _private("keys", path, f"token keys in {path}")


def _private(part: str, path: Path, words: str) -> Finding:
    if not private_files.is_private(path):
        return Finding(UNSAFE, part, f"others can read {path}: chmod 600 {path}")
    return Finding(OK, part, words)


def _channel_keys(given: Channels) -> Iterator[Finding]:
    """The files of the channels that are set up: whoever reads one can speak in the hub's name."""
    for part, path in {
        "fcm-key": given.fcm_credentials_file,
        "vapid-key": given.vapid_key_file,
        "notify-key": given.notify_key_file,
    }.items():
        if path is None:
            continue
        try:
            path.read_bytes()
        except OSError as error:
            yield Finding(MISSING, part, f"{path} can't be read ({error.strerror})")
        else:
            yield _private(part, path, f"in {path}")


def _data_keys(path: Path, owner: sa.Engine) -> Iterator[Finding]:
    try:
        with db.transaction(owner):
            child_keys.refuse_wrong_secrets(path)
    except SettingsError as error:
        yield Finding(MISSING, "data-keys", str(error))
    except ProgrammingError:
        return  # no such table yet: that is for `migrations` to say
    else:
        yield _private("data-keys", path, f"data keys in {path} open the newest child's key")


_UNTOLD = sa.text("""
    with held as (
      select g.role, g.account_id, g.constellation_id
        from role_grants g join accounts a on a.id = g.account_id and a.is_active
       where g.starts_on <= :today and (g.ends_on is null or g.ends_on > :today)
         and g.role in ('liaison_worker', 'programme_manager', 'on_call_manager'))
    select c.name from constellations c
     where (c.closed_on is null or c.closed_on > :today)
       and exists (select from held where role = 'programme_manager')
       and (select count(distinct h.account_id) from held h
             where h.role <> 'liaison_worker' or h.constellation_id = c.id) < 2
     order by c.name
""")
"""Where the one who may open a record in an emergency is all there is: `break_glass.service`."""


def _telling(owner: sa.Engine) -> Iterator[Finding]:
    try:
        with owner.connect() as connection:
            names = connection.scalars(_UNTOLD, {"today": clock.london_today()}).all()
    except ProgrammingError:
        return  # no such table or column yet: that is for `migrations` to say
    for name in names:
        yield Finding(
            MISSING,
            "break-glass",
            f"nobody would be told of a record opened in {name}, so none can be: give it a liaison "
            "worker, or the service a second programme manager",
        )


def _anchor(settings: Settings) -> Finding:
    """Whether the anchor can be added to. Looking makes no file and no folder."""
    path = settings.audit_anchor_path
    place = path if path.exists() else path.parent
    if path.is_dir() or not os.access(place, os.W_OK):
        return Finding(
            MISSING,
            "anchor",
            f"can't add to {path}: let the worker write there, or set HUB_AUDIT_ANCHOR_FILE",
        )
    return Finding(OK, "anchor", f"heads of the audit chain in {path}")


OLDEST_UNSEALED_SECONDS = 60.0
"""An audit event that has waited longer means that no worker seals."""

_SEALING = sa.text("""
    select sealed, extract(epoch from now() - last_sealed_at)::float as last_seal,
           case when isfinite(oldest_unsealed_at)
                then extract(epoch from now() - oldest_unsealed_at)::float else 0 end as oldest
      from audit_sealing()
""")


def _sealing(connection: sa.Connection) -> Finding:
    try:
        found = connection.execute(_SEALING).one()
    except ProgrammingError:
        return Finding(MISSING, "sealing", BEHIND)
    if found.oldest > OLDEST_UNSEALED_SECONDS:
        words = f"an audit event has waited {found.oldest:.0f} s for its seal: is a worker up?"
        return Finding(MISSING, "sealing", words)
    if not found.sealed:
        return Finding(OK, "sealing", "no audit event is sealed yet")
    words = f"{found.sealed} audit events sealed, the last {found.last_seal:.0f} s ago"
    return Finding(OK, "sealing", words)


def _database(settings: Settings, kind: str) -> Iterator[Finding]:
    urls = settings.required_database()
    for role, url in (("api", urls.api), ("worker", urls.worker), ("migration", urls.migration)):
        engine = db.make_engine(url, connections=1)
        try:
            with engine.connect() as connection:
                yield _role(role, connection, kind)
                if role == "worker":
                    yield _sealing(connection)
            if role == "api":
                yield from _parts(engine, settings.channels)
            if role == "migration":
                yield from _data_keys(settings.data_keys_path, engine)
                yield from _telling(engine)
        except DBAPIError as error:
            yield Finding(
                MISSING, "database", f"can't log in as the {role} role: {db.reason(error)}"
            )
        finally:
            engine.dispose()


_PRIVILEGES = sa.text("""
    select current_user,
           exists (select from pg_roles
                    where (rolsuper or rolbypassrls) and pg_has_role(current_user, oid, 'member'))
             as bypasses,
           exists (select from pg_tables
                    where schemaname = 'public' and pg_has_role(current_user, tableowner, 'member'))
             as owns
""")


def _role(role: str, connection: sa.Connection, kind: str) -> Finding:
    found = connection.execute(_PRIVILEGES).one()
    if role != "migration" and (found.bypasses or found.owns):
        return Finding(
            UNSAFE,
            "database",
            f"the {role} role {found.current_user} owns tables or is above row-level security, "
            "itself or as a member: give it one that is neither",
        )
    return Finding(OK, "database", f"{role} role {found.current_user} ({kind})")


def refuse_unsafe_roles(settings: Settings) -> None:
    """Raise `SettingsError` when the API or worker role is above row-level security.

    A database that does not answer is another matter: it may be back in a moment.
    """
    urls = settings.required_database()
    for role, url in (("api", urls.api), ("worker", urls.worker)):
        engine = db.make_engine(url, connections=1)
        try:
            with engine.connect() as connection:
                found = _role(role, connection, "")
        except DBAPIError:
            continue
        finally:
            engine.dispose()
        if found.verdict == UNSAFE:
            raise SettingsError(f"Unsafe: {found.words} (docs/operator.md).")


def _parts(engine: sa.Engine, channels: Channels) -> Iterator[Finding]:
    found = readiness(engine, channels)
    for part, words in found.parts.items():
        if part != "database":
            yield Finding(OK if words == "ok" else MISSING, part, words)
    for name, words in found.channels.items():
        verdict = OK if words == "ok" else OFF if words == opening.OFF else MISSING
        yield Finding(verdict, name, words.removeprefix("off: "))
    if found.channels and set(found.channels.values()) == {opening.OFF}:
        yield Finding(OFF, "push", "notifications reach the inbox only")
