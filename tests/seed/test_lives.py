"""How seeded stays have gone by a given moment."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

import pytest

from hub_api import clock
from hub_api.sleepovers.facts import Stay
from seed.lives import live
from seed.rows import Dice

HOUR = timedelta(hours=1)
FRIDAY = date(2026, 6, 5)
ARRIVES, DEPARTS = (clock.london_instant(day, time(16)) for day in (FRIDAY, date(2026, 6, 6)))
HUB, CHILD = UUID(int=1), UUID(int=2)
STAY = Stay(HUB, (CHILD,), ARRIVES, DEPARTS, (FRIDAY,), "other", None)


def states(now: datetime) -> set[str]:
    """Of two hundred lives of one night."""
    return {
        str(live(STAY, ARRIVES - 48 * HOUR, now, Dice(number)).columns["state"])
        for number in range(200)
    }


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (ARRIVES - HOUR / 2, "confirmed"),
        (ARRIVES + HOUR, "in_stay"),
        (DEPARTS + 3 * HOUR, "returned"),
        (DEPARTS + 49 * HOUR, "closed"),
    ],
)
def test_a_stay_is_where_it_would_be_by_now(now, state):
    assert states(now) == {state, "cancelled"}
