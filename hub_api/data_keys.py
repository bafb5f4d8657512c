"""The rings of data keys: the secrets behind what is stored, in one file that must never be lost.

A ring has a current key, under which everything new is wrapped or sealed, and keeps every older
key: a row or a backup may still need it. Keys are 32 random bytes and have ids from 1 to 255.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub_api import private_files, settings
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

CHILDREN, AUDIT = "children", "audit"
RINGS = (CHILDREN, AUDIT)
"""What wraps each child's key (child_keys.py), and what seals the audit trail."""

KEY_BYTES = 32
LAST_ID = 255
SETTING = "HUB_DATA_KEYS_FILE"


class UnknownKey(Exception):
    """A key id this ring has never held, or does not hold yet."""


@dataclass(frozen=True, slots=True, repr=False)
class Ring:
    """Keys by id, and which of them is for new work. Shows none of them when printed."""

    current_id: int
    keys: dict[int, bytes]

    def key(self, key_id: int) -> bytes:
        """Raises `UnknownKey`."""
        try:
            return self.keys[key_id]
        except KeyError:
            raise UnknownKey(key_id) from None


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Every ring of a file, by name."""

    rings: dict[str, Ring]

    def ring(self, name: str) -> Ring:
        """Raises `KeyError` for a name that is not one of `RINGS`."""
        return self.rings[name]


def load_secrets(path: Path) -> Secrets:
    """Read the file. Raises `SettingsError` saying what to do."""
    try:
        stored = json.loads(path.read_text())
        return Secrets({name: _read_ring(stored[name]) for name in RINGS})
    except FileNotFoundError:
        raise SettingsError(
            f"There are no data keys at {path}. Restore the file from its backup; for a hub that "
            "has stored nothing yet, make it: hub keys rotate --data"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        raise SettingsError(
            f"The data keys at {path} can't be read. Restore the file from its backup: without it "
            "nobody can read what was written about a child."
        ) from None


def _read_ring(stored: dict[str, Any]) -> Ring:
    keys = {
        int(key_id): base64.b64decode(key, validate=True) for key_id, key in stored["keys"].items()
    }
    ring = Ring(int(stored["current"]), keys)
    if ring.current_id not in keys or not all(
        1 <= key_id <= LAST_ID and len(key) == KEY_BYTES for key_id, key in keys.items()
    ):
        raise ValueError("not a ring of data keys")
    return ring


def make_secrets(path: Path) -> None:
    """Write a fresh file with every ring. Raises `SettingsError` rather than replace one."""
    with private_files.one_at_a_time(path, setting=SETTING):
        if path.exists():
            raise SettingsError(f"There are data keys at {path} already; they are never replaced.")
        _write(path, Secrets({name: Ring(1, {1: _new_key()}) for name in RINGS}))


def rotate_secret(path: Path, name: str) -> int:
    """Add a new current key to one ring, keeping all the others. Returns its id.

    Raises `SettingsError`.
    """
    with private_files.one_at_a_time(path, setting=SETTING):
        kept = load_secrets(path)
        before = kept.ring(name)
        # Never an id that was used before, even one a person has taken out of the file.
        new_id = max(before.current_id, *before.keys) + 1
        if new_id > LAST_ID:
            raise SettingsError(
                f"The ring {name!r} in {path} has used all its {LAST_ID} key ids; it goes on with "
                "the current key."
            )
        after = Ring(new_id, {**before.keys, new_id: _new_key()})
        _write(path, Secrets({**kept.rings, name: after}))
    return new_id


def _new_key() -> bytes:
    return os.urandom(KEY_BYTES)


def _write(path: Path, secrets: Secrets) -> None:
    stored = {
        name: {
            "current": str(ring.current_id),
            "keys": {
                str(key_id): base64.b64encode(key).decode() for key_id, key in ring.keys.items()
            },
        }
        for name, ring in secrets.rings.items()
    }
    private_files.write(path, json.dumps(stored, indent=1), setting=SETTING)


# --- the rings of this process -----------------------------------------------------------------

_kept: dict[Path, Secrets] = {}


def ring(name: str) -> Ring:
    """A ring of this process's settings, read from the file once. Raises `SettingsError`."""
    path = settings.current().data_keys_path
    if path not in _kept:
        _kept[path] = load_secrets(path)
    return _kept[path].ring(name)


def key(name: str, key_id: int) -> bytes:
    """One key of a ring. An id it does not know makes the process read the file again, once.

    So a running process follows a rotation by itself. Raises `UnknownKey`, and `SettingsError` when
    the file can't be read any more; what the process knew before, it keeps.
    """
    try:
        return ring(name).key(key_id)
    except UnknownKey:
        path = settings.current().data_keys_path
        _kept[path] = load_secrets(path)
        return ring(name).key(key_id)


def forget() -> None:
    """Forget what was read: for a command that changes the file and goes on working with it."""
    _kept.clear()
