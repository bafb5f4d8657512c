"""When a person's quiet hours end, told by walking along the clock on the wall."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub_api import clock

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
USUAL = (time(22), time(7))
CHANGES = {
    "spring in London": ("Europe/London", datetime(2027, 3, 28, 1, tzinfo=UTC)),
    "autumn in London": ("Europe/London", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    "spring in New York": ("America/New_York", datetime(2027, 3, 14, 7, tzinfo=UTC)),
    "autumn on Lord Howe, by half an hour": (
        "Australia/Lord_Howe",
        datetime(2027, 4, 3, 15, tzinfo=UTC),
    ),
}
"""The instants at which clocks change."""

times = st.times(min_value=time(0), max_value=time(23, 59)).map(
    lambda at: at.replace(second=0, microsecond=0, fold=0)
)


class Wall:
    """A clock on a wall that somebody looks at every minute, some days before and after a change.

    It shows some times twice, of which the first counts, and skips some: these are when it would
    have shown them, had it gone on as it did since midnight.
    """

    def __init__(self, zone: str, change: datetime) -> None:
        self.first: dict[tuple[date, time], datetime] = {}
        wall = ZoneInfo(zone)
        instant = change - 4 * DAY
        while instant < change + 4 * DAY:
            shown = instant.astimezone(wall)
            key = (shown.date(), shown.time().replace(fold=0, tzinfo=None))
            self.first.setdefault(key, instant)
            instant += MINUTE
        self.days = sorted({day for day, _ in self.first})[1:-1]

    def shows(self, day: date, at: time) -> datetime:
        since_midnight = timedelta(hours=at.hour, minutes=at.minute)
        return self.first.get((day, at)) or self.first[day, time(0)] + since_midnight

    def quiet_until(self, instant: datetime, starts: time, ends: time) -> datetime | None:
        """The end of the quiet hours that an instant is in."""
        for day in self.days[:-1]:
            last = day if starts < ends else day + DAY
            if self.shows(day, starts) <= instant < self.shows(last, ends):
                return self.shows(last, ends)
        return None


WALLS = {name: Wall(*change) for name, change in CHANGES.items()}


@pytest.mark.parametrize("name", CHANGES)
class TestAcrossTheClockChange:
    def test_every_minute_of_both_nights_is_as_the_wall_says(self, name):
        zone, change = CHANGES[name]
        instant = change - DAY
        while instant < change + DAY:
            found = clock.window_end(instant, zone, *USUAL)
            assert found == WALLS[name].quiet_until(instant, *USUAL), instant
            instant += MINUTE

    @settings(max_examples=200, deadline=None)
    @given(starts=times, ends=times, minutes=st.integers(-1500, 1500))
    def test_so_are_all_hours_that_somebody_could_choose(self, name, starts, ends, minutes):
        if starts == ends:
            return
        zone, change = CHANGES[name]
        instant = change + minutes * MINUTE
        found = clock.window_end(instant, zone, starts, ends)
        assert found == WALLS[name].quiet_until(instant, starts, ends)

    def test_so_is_an_edge_within_the_hour_that_is_skipped_or_comes_twice(self, name):
        zone, change = CHANGES[name]
        for starts, ends in (
            (time(1, 30), time(7)), (time(22), time(1, 30)), (time(1, 45), time(2, 15))
        ):  # fmt: skip
            for minutes in range(-120, 121):
                instant = change + minutes * MINUTE
                found = clock.window_end(instant, zone, starts, ends)
                assert found == WALLS[name].quiet_until(instant, starts, ends), instant


class TestAnOrdinaryNight:
    @pytest.mark.parametrize(
        ("at", "quiet"), [("21:59", False), ("22:00", True), ("06:59", True), ("07:00", False)]
    )
    def test_has_its_edges(self, at, quiet):
        instant = datetime.combine(date(2026, 12, 4), time.fromisoformat(at), UTC)
        assert (clock.window_end(instant, "Europe/London", *USUAL) is not None) == quiet

    def test_ends_on_the_same_day_when_it_is_no_night(self):
        nap = datetime(2026, 12, 4, 13, 30, tzinfo=UTC)
        end = clock.window_end(nap, "Europe/London", time(13), time(15))
        assert end == datetime(2026, 12, 4, 15, tzinfo=UTC)

    def test_of_a_zone_that_nobody_knows_any_more_is_london_s(self):
        summer = datetime(2026, 7, 4, 21, 30, tzinfo=UTC)
        end = datetime(2026, 7, 5, 6, tzinfo=UTC)
        for name in ("Europe/Atlantis", "../etc/passwd"):
            assert clock.window_end(summer, name, *USUAL) == end


def test_the_zones_one_may_choose_are_those_there_are():
    assert {"Europe/London", "Africa/Addis_Ababa"} <= clock.time_zones()
    assert "Europe/Atlantis" not in clock.time_zones()
