"""How long a service asks to be left alone (`Retry-After`, RFC 9110 §10.2.3)."""

from __future__ import annotations

from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

from hub_api import clock

LONGEST = timedelta(days=1)
"""Whoever asks for more is asked again after a day."""


def wait_of(header: str | None) -> timedelta | None:
    """The wait a `Retry-After` names, in seconds or until a date; None when it says nothing."""
    text = header or ""
    try:
        if text.isdecimal():
            return min(timedelta(seconds=int(text)), LONGEST)
        at = parsedate_to_datetime(text)
        wait = (at if at.tzinfo else at.replace(tzinfo=UTC)) - clock.now()
        return min(max(timedelta(), wait), LONGEST)
    except OverflowError:
        return LONGEST
    except ValueError:
        return None
