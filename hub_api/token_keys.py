"""The ring of token keys: ES256 (P-256) private keys by `kid`, in one file only its owner can read.

New tokens are signed with the current key; older keys stay until the tokens they signed are gone.
The keys that guard what is stored, and must never be lost, are elsewhere: data_keys.py.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from uuid_utils.compat import uuid7

from hub_api import private_files
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

SETTING = "HUB_KEYS_FILE"
KEPT_KEYS = 2
"""The current key and the one before it: an access token lives ten minutes, a key far longer."""


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """Which key signs, and which keys are believed."""

    current: str
    keys: dict[str, ec.EllipticCurvePrivateKey]
    _public: dict[str, ec.EllipticCurvePublicKey] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        public = {kid: key.public_key() for kid, key in self.keys.items()}
        object.__setattr__(self, "_public", public)

    @property
    def signing_key(self) -> ec.EllipticCurvePrivateKey:
        return self.keys[self.current]

    def verifying_key(self, kid: object) -> ec.EllipticCurvePublicKey | None:
        """The public key a token names, or None for a name this ring has never held."""
        return self._public.get(kid) if isinstance(kid, str) else None


class TokenRing:
    """The ring in its file, read again when the file has changed.

    So all processes follow a rotation by themselves, and nobody is logged out: a token signed with
    a key this process has not met makes it look.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._changed_at = self._stamp()
        self._keys = load_token_keys(path)

    def current(self) -> TokenKeys:
        """The keys as the file has them now; those known before, while it can't be read."""
        stamp = self._stamp()
        if stamp != self._changed_at:
            with contextlib.suppress(SettingsError):
                self._keys = load_token_keys(self._path)
                self._changed_at = stamp
        return self._keys

    def verifying_key(self, kid: object) -> ec.EllipticCurvePublicKey | None:
        """The public key a token names, or None for a name the ring does not hold."""
        return self._keys.verifying_key(kid) or self.current().verifying_key(kid)

    def _stamp(self) -> int | None:
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return None


def load_token_keys(path: Path) -> TokenKeys:
    """Read the ring. Raises `SettingsError` saying how to make one."""
    try:
        stored = json.loads(path.read_text())
        ring = {
            kid: serialization.load_pem_private_key(pem.encode(), password=None)
            for kid, pem in stored["keys"].items()
        }
        current = stored["current"]
    except FileNotFoundError:
        raise SettingsError(
            f"There are no token keys at {path}. Make them: hub keys rotate"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, OSError):
        raise SettingsError(
            f"The token keys at {path} can't be read. Restore the file, or move it away and make "
            "new keys with `hub keys rotate` (everybody logs in again)."
        ) from None
    if current not in ring or not all(
        isinstance(key, ec.EllipticCurvePrivateKey) for key in ring.values()
    ):
        raise SettingsError(f"The token keys at {path} are not ES256 keys.")
    return TokenKeys(
        current, {k: v for k, v in ring.items() if isinstance(v, ec.EllipticCurvePrivateKey)}
    )


def rotate_token_keys(path: Path) -> str:
    """Add a new current key to the ring, or make the ring. Returns the new `kid`."""
    with private_files.one_at_a_time(path, setting=SETTING):
        keys = dict(load_token_keys(path).keys) if path.exists() else {}
        kid = str(uuid7())
        kept = [*keys.items()][-(KEPT_KEYS - 1) :] if keys else []
        ring = {**dict(kept), kid: ec.generate_private_key(ec.SECP256R1())}
        stored = {"current": kid, "keys": {k: _pem(key) for k, key in ring.items()}}
        private_files.write(path, json.dumps(stored), setting=SETTING)
    return kid


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
