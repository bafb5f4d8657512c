"""Which days and nights are too late to say anything new about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api import clock, nights
from hub_api.errors import Conflict

if TYPE_CHECKING:
    from datetime import date


def refuse_past(day: date) -> None:
    """Raise `Conflict` for a day before today."""
    if day < clock.london_today():
        _refuse()


def refuse_past_night(night: date) -> None:
    """Raise `Conflict` for a night that is over: at one in the morning, last night is not."""
    if nights.is_over(night):
        _refuse()


def _refuse() -> None:
    raise Conflict("That day has passed already. Please choose another.", code="in_the_past")
