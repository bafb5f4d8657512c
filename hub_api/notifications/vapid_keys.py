"""The key that signs push to browsers (VAPID, RFC 8292): one P-256 private key, PEM, in a file.

Browsers subscribe to its public half. With another key each of them would have to subscribe anew,
so there is no rotating it, and making one never replaces one.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hub_api import private_files
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

SETTING = "HUB_VAPID_KEY_FILE"


def load(path: Path) -> ec.EllipticCurvePrivateKey:
    """Read the key. Raises `SettingsError` saying what to do."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError:
        raise SettingsError(
            f"There is no key for web push at {path} ({SETTING}). Make it: hub keys vapid"
        ) from None
    except OSError as error:
        raise SettingsError(f"{SETTING}={path} can't be read ({error.strerror}).") from None
    except (ValueError, TypeError):
        raise SettingsError(f"{SETTING}={path} is not a private key as PEM.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise SettingsError(f"{SETTING}={path} is not a P-256 key, which web push needs.")
    return key


def make(path: Path) -> ec.EllipticCurvePrivateKey:
    """Make the key, where there is none."""
    with private_files.one_at_a_time(path, setting=SETTING):
        if path.exists():
            raise SettingsError(
                f"There is a key for web push at {path} already. With another, every browser must "
                "subscribe anew; if you want that, move it away first."
            )
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        private_files.write(path, pem.decode(), setting=SETTING)
    return key


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    """Its public half as browsers take it: `applicationServerKey`, base64url."""
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()
