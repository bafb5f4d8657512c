"""Sealing texts and keys with AES-256-GCM, and the column type of sealed texts. No database here.

Everything sealed is bound to its place, `table.column:primary key`: moved anywhere else, it does
not open (security.md, Data protection). A text's key is derived from the data keys of all the
children it is about, so it is lost as soon as any of them is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.engine import Dialect

FORMAT = b"\x01"
"""The first byte of a sealed text: how the rest is made. Another way of sealing gets another."""

KEY_BYTES = 32
NONCE_BYTES = 12


class Unreadable(Exception):
    """Something sealed does not open: damaged, moved from its place, or under another key.

    Not a refusal: it answers 500 and is logged, without the data.
    """


@dataclass(frozen=True, slots=True, repr=False)
class Ciphertext:
    """A sealed text as it is stored: format byte, nonce, AES-GCM output."""

    sealed: bytes


class EncryptedText(TypeDecorator[Ciphertext]):
    """The column type of free text about children: it takes a `Ciphertext` and nothing else."""

    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Ciphertext | None, dialect: Dialect) -> bytes | None:  # noqa: ARG002 - SQLAlchemy's signature
        if value is None:
            return None
        if not isinstance(value, Ciphertext):
            raise TypeError("Free text is stored sealed: child_keys.protect() makes a Ciphertext.")
        return value.sealed

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Ciphertext | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else Ciphertext(bytes(value))


def seal_text(keys: Sequence[bytes], place: str, text: str) -> Ciphertext:
    """Seal a text under the keys of all its children, in the order of their ids."""
    return Ciphertext(FORMAT + _seal(_text_key(keys, place), place, text.encode()))


def open_text(keys: Sequence[bytes], place: str, ciphertext: Ciphertext) -> str:
    """The text again. Raises `Unreadable`."""
    if ciphertext.sealed[:1] != FORMAT:
        raise Unreadable
    return _open(_text_key(keys, place), place, ciphertext.sealed[1:]).decode()


def wrap(wrapping_key: bytes, place: str, key: bytes) -> bytes:
    """A data key, sealed under a key of a ring."""
    return _seal(wrapping_key, place, key)


def unwrap(wrapping_key: bytes, place: str, wrapped: bytes) -> bytes:
    """The data key again. Raises `Unreadable`."""
    return _open(wrapping_key, place, wrapped)


def _text_key(keys: Sequence[bytes], place: str) -> bytes:
    """One key out of all of them: whoever lacks one of them knows nothing of it.

    Being of this one place as well, it seals a handful of texts at most: a random nonce never
    comes twice.
    """
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise ValueError("A text is sealed under the 32-byte key of at least one child.")
    derivation = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"hub text 1 " + place.encode())
    return derivation.derive(b"".join(keys))


def _seal(key: bytes, place: str, content: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, place.encode())


def _open(key: bytes, place: str, sealed: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError):
        raise Unreadable from None
