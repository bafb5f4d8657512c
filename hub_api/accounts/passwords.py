"""Passwords: argon2id with the parameters of security.md, at most four hashes at once per process.

The library's default costs 64 MiB a hash; a storm of logins would take gigabytes.
"""

from __future__ import annotations

import re
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw

from hub_api.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def slow_hash(content: bytes, salt: bytes) -> bytes:
    """32 bytes that cost as much to guess from as a password's hash."""
    with _at_once:
        return hash_secret_raw(
            content, salt, time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32,
            type=Type.ID,
        )  # fmt: skip


def is_password(password: str, password_hash: str | None) -> bool:
    """Whether this is the password. None, for an unknown account, takes the same time."""
    with _at_once:
        try:
            return _hasher.verify(password_hash or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False


SHORTEST, LONGEST = 10, 200
"""Characters of a password. Length is what counts, so there are no rules about kinds of character
(NCSC, Password policy: updating your approach)."""
FEWEST_DIFFERENT = 5


def refuse_weak(password: str, *, field: str, known: Sequence[str]) -> None:
    """Raise `Invalid` about this field for a password that is easily guessed.

    `known` is what others know of the person: their name and e-mail address.
    """
    folded = password.casefold()
    words = {word for text in known for word in re.split(r"\W+", text.casefold()) if len(word) > 3}
    if not SHORTEST <= len(password) <= LONGEST:
        advice = f"Please choose at least {SHORTEST} characters: three random words work well."
    elif len({*folded}) < FEWEST_DIFFERENT:
        advice = "Please use more different characters: three random words work well."
    elif any(word in folded for word in words):
        advice = "Please leave your name and e-mail address out of it."
    elif any(common in folded for common in _COMMON) and len(password) < 2 * SHORTEST:
        advice = "That one is easily guessed. Three random words work well."
    else:
        return
    raise Invalid(errors={field: [advice]})


_COMMON = ("password", "qwerty", "letmein", "123456", "abcdef", "iloveyou", "mockingbird")
"""Beginnings and middles of the passwords most often found in leaks."""
