"""Which days and nights are too late to say anything new about."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hub_api import clock, settings
from hub_api.errors import Conflict

if TYPE_CHECKING:
    from datetime import date


def refuse_past(day: date) -> None:
    """Raise `Conflict` for a day before today."""
    if day < clock.london_today():
        _refuse()


def refuse_past_night(night: date) -> None:
    """Raise `Conflict` for a night that is over: at one in the morning, last night is not."""
    if is_past_night(night):
        _refuse()


def is_past_night(night: date) -> bool:
    """Whether a night is over."""
    ends_at = clock.london_instant(night + timedelta(days=1), settings.current().night_ends)
    return ends_at <= clock.now()


def _refuse() -> None:
    raise Conflict("That day has passed already. Please choose another.", code="in_the_past")
