"""When the hub's nights begin and end, by the settings: one place for all who ask.

Night D runs from D `night_starts` to D+1 `night_ends` in London.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hub_api import clock, settings

if TYPE_CHECKING:
    from datetime import date, datetime

_DAY = timedelta(days=1)

LONGEST_STAY = timedelta(days=60)
"""From arrival to departure: whoever asks for more has slipped. `longest_stay` of the settings and
the approvals are far below."""


def starts_at(night: date) -> datetime:
    """The instant at which a night begins."""
    return clock.london_instant(night, settings.current().night_starts)


def ends_at(night: date) -> datetime:
    """The instant at which a night is over."""
    return clock.london_instant(night + _DAY, settings.current().night_ends)


def is_over(night: date) -> bool:
    """Whether a night is over: at one in the morning, last night is not."""
    return ends_at(night) <= clock.now()


def first_not_over() -> date:
    """The night that runs, or else the next to begin."""
    today = clock.london_today()
    return today if is_over(today - _DAY) else today - _DAY


def between(arrives_at: datetime, departs_at: datetime) -> list[date]:
    """The nights a stay holds, in order."""
    rules = settings.current()
    return clock.nights(arrives_at, departs_at, rules.night_starts, rules.night_ends)
