"""Google is away for an hour, under a fake clock: everything arrives or expires, and no stampede.

`make battery` runs it with 1,000; PUSH_OUTAGE says with how many.
"""

import os
from collections import Counter
from datetime import timedelta

import pytest
import time_machine

from hub_api import clock, db
from hub_api.notifications import delivering, service
from hub_api.notifications.categories import Category
from tests.notifications.sending import UNAVAILABLE, Answering, make_ready

MANY = int(os.environ.get("PUSH_OUTAGE", "30"))
BASE = "2026-11-24T09:00:00+00:00"
HOUR = timedelta(hours=1)
TICK = timedelta(seconds=5)


@pytest.fixture
def frozen(world):  # noqa: ARG001 - whose logins are of today
    with time_machine.travel(BASE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def told(post, town, world, frozen):  # noqa: ARG001 - told at nine
    """Many for one phone; one in ten is worth no more than the outage lasts."""
    hub_carer = world.here.hub_carer
    town.phone(hub_carer)
    with db.transaction(town.owner):
        ids = [
            service.put(
                {hub_carer: hub_carer},
                Category.REQUEST_SUBMITTED if number % 10 else Category.PUSH_TEST,
            )[hub_carer]
            for number in range(MANY)
        ]
    make_ready(post.engine, *ids)
    return ids


@pytest.fixture
def attempts(post, told):  # noqa: ARG001 - counted from then on
    """Second since the outage began → attempts at that moment."""
    began, counted = clock.now(), Counter()
    post.fcm.meanwhile = lambda: counted.update([int((clock.now() - began).total_seconds())])
    return counted


UNFINISHED = "select from deliveries where state in ('queued', 'sending') limit 1"


class TestAnHourWithoutGoogle:
    def test_loses_nothing_and_ends_without_a_stampede(self, post, attempts, frozen, rows, capsys):
        began = clock.now()
        post.fcm.always = UNAVAILABLE
        while clock.now() - began < HOUR:
            post.send_due()
            frozen.shift(TICK)
        during = attempts.total()
        post.fcm.always = Answering().always
        while rows(UNFINISHED):
            assert clock.now() - began < HOUR + 2 * delivering.LONGEST_WAIT
            post.send_due()
            frozen.shift(TICK)
        after = {at: n for at, n in attempts.items() if at >= HOUR.total_seconds()}
        busiest = max(after.values()) / TICK.total_seconds()
        lasted = max(after) - HOUR.total_seconds()
        states = Counter(row.state for row in rows("select state from deliveries"))
        with capsys.disabled():
            print(
                f"\n{MANY} during an outage of an hour: {dict(states)}; {during / MANY:.1f} "
                f"attempts each meanwhile; afterwards {sum(after.values())} in {lasted:.0f} s, "
                f"{busiest:.1f}/s at the busiest"
            )
        late = -(-MANY // 10)
        assert states == {"accepted": MANY - late, "expired": late}
        assert during / MANY < 40
        # Spread over the longest wait: never three times the even rate.
        even = (MANY - late) / delivering.LONGEST_WAIT.total_seconds()
        assert busiest <= max(3 * even, 2)
        assert lasted <= delivering.LONGEST_WAIT.total_seconds()
