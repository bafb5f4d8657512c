"""Passwords: argon2id with the parameters of security.md, at most four hashes at once per process.

The library's default costs 64 MiB a hash; a storm of logins would take gigabytes.
"""

from __future__ import annotations

from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_at_once = BoundedSemaphore(4)
_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA"
    "$0ojLNLSTPZJCTBoMSVCZwTwPzSuQ9sSiHOJkIGXS3f8"
)
"""A hash nobody's password has, so that an unknown address takes as long as a known one."""


def hash_password(password: str) -> str:
    """An argon2id hash in the standard encoded form."""
    with _at_once:
        return _hasher.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether this is the password. None, for an unknown account, takes the same time."""
    with _at_once:
        try:
            return _hasher.verify(password_hash or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
