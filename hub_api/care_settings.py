"""What can be set of the care around a stay: a part of `settings.Settings`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CARE_VARIABLES = (
    "HUB_NOTIFY_WITHIN_HOURS", "HUB_ASK_UNDER_TWELVE_MINUTES",
    "HUB_ASK_OVER_TWELVE_MINUTES", "HUB_ASK_AT_HIGH_RISK_MINUTES", "HUB_HIGH_RISK_DAYS",
    "HUB_RETURN_INTERVIEW_HOURS",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CareSettings:
    """What is written about stays, and what is due when."""

    notify_within: timedelta = timedelta(hours=24)
    """How long after an event of Schedule 7 others must know of it (NMS 29)."""

    ask_under_twelve: timedelta = timedelta(hours=1)
    ask_over_twelve: timedelta = timedelta(hours=2)
    ask_at_high_risk: timedelta = timedelta(0)
    """How long after the time agreed the hub asks where a child is (NMS 5). Half a day at most:
    after a whole one `backstop` asks no more."""

    high_risk_for: timedelta = timedelta(days=90)
    """How long a child who was missing counts as one at high risk."""

    interview_within: timedelta = timedelta(hours=72)
    """How long after the return of a child who was missing the return interview is due: sooner than
    the 72 hours of domain.md, section 3, if anything."""

    @classmethod
    def read(cls, number: Callable[[str, int, int, int], int]) -> CareSettings:
        """From the environment: `number` reads a whole one by name, default, least and most."""
        return cls(
            notify_within=timedelta(hours=number("HUB_NOTIFY_WITHIN_HOURS", 24, 1, 24)),
            ask_under_twelve=timedelta(minutes=number("HUB_ASK_UNDER_TWELVE_MINUTES", 60, 0, 720)),
            ask_over_twelve=timedelta(minutes=number("HUB_ASK_OVER_TWELVE_MINUTES", 120, 0, 720)),
            ask_at_high_risk=timedelta(minutes=number("HUB_ASK_AT_HIGH_RISK_MINUTES", 0, 0, 720)),
            high_risk_for=timedelta(days=number("HUB_HIGH_RISK_DAYS", 90, 0, 3650)),
            interview_within=timedelta(hours=number("HUB_RETURN_INTERVIEW_HOURS", 72, 1, 72)),
        )
