"""How a stay went, as far as it has come by now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from hub_api import clock
from hub_api.sleepovers.models import CancelReason, EarlyEndReason, SleepoverState

if TYPE_CHECKING:
    from hub_api.sleepovers.facts import Stay
    from seed.rows import Dice

HOUR = timedelta(hours=1)
CANCELLED, ENDED_EARLY = 0.06, 0.08
"""Of all stays that were accepted; of those with more than one night."""


@dataclass(frozen=True, slots=True)
class Life:
    """The nights a stay holds, and the columns that say how it went."""

    nights: frozenset[date]
    columns: dict[str, Any]


def live(stay: Stay, confirmed_at: datetime, now: datetime, dice: Dice) -> Life:
    """Called off, or lived through up to this moment."""
    cancelled_at = confirmed_at + (stay.arrives_at - confirmed_at) * dice.random()
    if dice.chance(CANCELLED) and cancelled_at <= now:
        called_off = {
            "state": SleepoverState.CANCELLED,
            "cancelled_at": cancelled_at,
            "cancel_reason": dice.choice([*CancelReason]),
            "version": 2,
        }
        return Life(frozenset(), called_off)
    nights, returned_at, early = _ended(stay, now, dice)
    arrived_at = stay.arrives_at + dice.between(-HOUR / 3, HOUR / 2)
    closed_at = returned_at + dice.between(4 * HOUR, 48 * HOUR)
    columns: dict[str, Any] = {"state": SleepoverState.CONFIRMED, "version": 1}
    for at, change in (
        (arrived_at, {"state": SleepoverState.IN_STAY, "arrived_at": arrived_at}),
        (returned_at, {"state": SleepoverState.RETURNED, "returned_at": returned_at, **early}),
        (closed_at, {"state": SleepoverState.CLOSED, "closed_at": closed_at}),
    ):
        if at <= now:
            columns = {**columns, **change, "version": columns["version"] + 1}
    return Life(frozenset(nights), columns)


def _ended(
    stay: Stay, now: datetime, dice: Dice
) -> tuple[tuple[date, ...], datetime, dict[str, Any]]:
    """The nights slept, the time of the return, and why it was early, if it was."""
    if len(stay.nights) > 1 and dice.chance(ENDED_EARLY):
        slept = dice.randrange(1, len(stay.nights))
        gone_at = clock.london_instant(stay.nights[slept], time(11))
        if gone_at <= now:
            return (
                stay.nights[:slept],
                gone_at,
                {"early_end_reason": dice.choice([*EarlyEndReason])},
            )
    return stay.nights, stay.departs_at + dice.between(-HOUR / 2, HOUR / 2), {}
