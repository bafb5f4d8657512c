"""The secrets file: rings of 256-bit keys by purpose, in one file only its owner can read.

`{"audit": {"current": "1", "keys": {"1": "<base64 of 32 bytes>"}}, …}`. New work uses the current
key of a ring; older keys stay for what they were used for.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hub_api.settings import SettingsError, make_folder

if TYPE_CHECKING:
    from pathlib import Path

RINGS = ("children", "audit")
KEY_BYTES = 32


class UnknownKey(Exception):
    """A key id this ring has never held."""


@dataclass(frozen=True, slots=True, repr=False)
class Ring:
    """The keys of one purpose, and which of them is used for what is new."""

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
    """Every ring of the secrets file."""

    rings: dict[str, Ring]

    def ring(self, purpose: str) -> Ring:
        """The ring for `children` or `audit`. Raises `SettingsError` when the file has none."""
        if purpose not in self.rings:
            raise SettingsError(f"The secrets file has no keys for {purpose}. Restore the file.")
        return self.rings[purpose]


def load_secrets(path: Path) -> Secrets:
    """Read the file. Raises `SettingsError` saying what to do."""
    try:
        stored = json.loads(path.read_text())
        rings = {purpose: _ring(found) for purpose, found in stored.items()}
    except FileNotFoundError:
        raise SettingsError(
            f"There is no secrets file at {path}. Make one: hub keys rotate --data"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError, binascii.Error):
        raise SettingsError(
            f"The secrets file {path} can't be read. Restore it from your backup: what it protects "
            "can't be read or checked without it."
        ) from None
    return Secrets(rings)


def _ring(found: dict[str, dict[str, str]]) -> Ring:
    keys = {
        int(key_id): base64.b64decode(text, validate=True) for key_id, text in found["keys"].items()
    }
    ring = Ring(int(str(found["current"])), keys)
    if any(len(key) != KEY_BYTES for key in keys.values()) or ring.current_id not in keys:
        raise ValueError
    return ring


def make_secrets(path: Path) -> None:
    """Make the file with a fresh key in each ring. Raises `SettingsError`; never overwrites."""
    make_folder(path.parent)
    rings = {
        purpose: {
            "current": "1",
            "keys": {"1": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()},
        }
        for purpose in RINGS
    }
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(rings, file)
    except OSError as error:
        raise SettingsError(
            f"The secrets can't be written to {path} ({error.strerror}). Choose another place with "
            "HUB_DATA_KEYS_FILE."
        ) from None
