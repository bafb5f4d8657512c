"""When a person's quiet hours end, told by walking along the clock on the wall."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub_api import clock

MINUTE = timedelta(minutes=1)
USUAL = (time(22), time(7))
CHANGES = {
    "spring in London": ("Europe/London", datetime(2027, 3, 28, 1, tzinfo=UTC)),
    "autumn in London": ("Europe/London", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    "spring in New York": ("America/New_York", datetime(2027, 3, 14, 7, tzinfo=UTC)),
    "autumn on Lord Howe, by half an hour": (
        "Australia/Lord_Howe", datetime(2027, 4, 3, 15, tzinfo=UTC)
    ),
}  # fmt: skip
"""The instants at which clocks change."""


def walked(zone: str, first: datetime, minutes: int, starts: time, ends: time) -> dict:
    """For every minute whether it is quiet, by somebody who only looks at the clock on the wall.

    They begin when it first shows `starts` on a day, or, where it skips that, when it shows what is
    as long after midnight. They end when it first shows `ends`, skipped or not, after that.
    """
    wall = ZoneInfo(zone)
    is_quiet, seen, found = False, {}, {}
    instant = first
    for _ in range(minutes):
        local = instant.astimezone(wall)
        shows = (local.hour, local.minute)
        before = (instant - MINUTE).astimezone(wall)
        jumped = (local.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
        # A time that is skipped counts as the one so much later.
        unskipped = {shows}
        if any(
            timedelta() < j for j in [jumped, *(seen.get((local.date(), "jump"), (timedelta(),)))]
        ):
            seen[local.date(), "jump"] = (
                max(jumped, *seen.get((local.date(), "jump"), (jumped,))),
            )
        jump = seen.get((local.date(), "jump"), (timedelta(),))[0]
        if jump:
            since = seen.setdefault((local.date(), "at"), instant)
            if instant < since + jump:
                unskipped.add(((local - jump).hour, (local - jump).minute))
        for edge, name in ((ends, "ends"), (starts, "starts")):
            if (edge.hour, edge.minute) in unskipped and (local.date(), name) not in seen:
                seen[local.date(), name] = True
                is_quiet = name == "starts"
        found[instant] = is_quiet
        instant += MINUTE
    return found
