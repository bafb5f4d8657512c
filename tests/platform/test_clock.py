"""Nights in London, across the clock changes."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from hub_api import clock

STARTS, ENDS = time(23, 0), time(5, 0)
SPRING_NIGHT = date(2027, 3, 27)  # the clock goes from 01:00 to 02:00 within it
AUTUMN_NIGHT = date(2026, 10, 24)  # the clock goes back from 02:00 to 01:00 within it


def at(text: str) -> datetime:
    """An instant given in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def london(day: date, hour: int, minute: int = 0) -> datetime:
    return clock.london_instant(day, time(hour, minute))


def nights(arrives_at: datetime, departs_at: datetime) -> list[date]:
    return clock.nights(arrives_at, departs_at, STARTS, ENDS)


class TestNights:
    def test_an_evening_to_the_next_morning_is_one_night(self):
        assert nights(at("2026-12-04 17:00"), at("2026-12-05 10:00")) == [date(2026, 12, 4)]

    def test_an_arrival_at_one_in_the_morning_holds_the_night_before(self):
        saturday = date(2026, 12, 5)
        assert nights(london(saturday, 1), london(saturday, 10)) == [date(2026, 12, 4)]

    def test_a_day_visit_holds_no_night(self):
        assert nights(at("2026-12-05 05:00"), at("2026-12-05 23:00")) == []

    @pytest.mark.parametrize(
        ("arrives", "departs", "held"),
        [
            ("2026-12-05 04:59", "2026-12-05 12:00", [date(2026, 12, 4)]),
            ("2026-12-05 05:00", "2026-12-05 12:00", []),
            ("2026-12-05 12:00", "2026-12-05 23:00", []),
            ("2026-12-05 12:00", "2026-12-05 23:01", [date(2026, 12, 5)]),
        ],
    )
    def test_the_edges_of_a_night_belong_to_the_day(self, arrives, departs, held):
        assert nights(at(arrives), at(departs)) == held

    def test_summer_evenings_count_in_london_time(self):
        # 22:30 UTC is 23:30 in London: the night has begun.
        assert nights(at("2026-07-03 20:00"), at("2026-07-03 22:30")) == [date(2026, 7, 3)]
        assert nights(at("2026-12-04 20:00"), at("2026-12-04 22:30")) == []


class TestNightsAcrossTheClockChanges:
    @pytest.mark.parametrize("night", [SPRING_NIGHT, AUTUMN_NIGHT])
    @pytest.mark.parametrize("length", range(1, 15))
    def test_a_stay_has_as_many_nights_as_evenings(self, night, length):
        for first in (night - timedelta(days=n) for n in range(length)):
            stay = nights(london(first, 17), london(first + timedelta(days=length), 10))
            assert stay == [first + timedelta(days=n) for n in range(length)]

    @pytest.mark.parametrize(
        ("night", "hours"), [(SPRING_NIGHT, 5), (AUTUMN_NIGHT, 7), (date(2026, 12, 4), 6)]
    )
    def test_the_night_is_an_hour_shorter_or_longer(self, night, hours):
        begins, ends = london(night, 23), london(night + timedelta(days=1), 5)
        assert ends - begins == timedelta(hours=hours)

    @pytest.mark.parametrize("night", [SPRING_NIGHT, AUTUMN_NIGHT])
    def test_every_minute_of_the_night_holds_it_and_no_other(self, night):
        begins, ends = london(night, 23), london(night + timedelta(days=1), 5)
        instant = begins
        while instant < ends:
            assert nights(instant, instant + timedelta(minutes=1)) == [night]
            instant += timedelta(minutes=1)
        assert nights(begins - timedelta(minutes=1), begins) == []
        assert nights(ends, ends + timedelta(minutes=1)) == []

    def test_both_one_o_clocks_of_the_autumn_night_belong_to_it(self):
        first, second = at("2026-10-25 00:30"), at("2026-10-25 01:30")
        assert first.astimezone(clock.LONDON).hour == second.astimezone(clock.LONDON).hour == 1
        for arrival in (first, second):
            assert nights(arrival, at("2026-10-25 10:00")) == [AUTUMN_NIGHT]


class TestLondonInstant:
    @pytest.mark.parametrize(
        ("day", "hour", "expected"),
        [
            (date(2026, 7, 1), 23, "2026-07-01 22:00"),
            (date(2026, 12, 1), 23, "2026-12-01 23:00"),
            (date(2026, 10, 25), 1, "2026-10-25 00:00"),  # twice: the first
            (date(2027, 3, 28), 1, "2027-03-28 01:00"),  # never: as if the clock had not moved
        ],
    )
    def test_is_the_utc_of_a_wall_clock(self, day, hour, expected):
        assert clock.london_instant(day, time(hour)) == at(expected)


class TestSpoken:
    def test_an_instant_is_said_as_in_london(self):
        assert clock.spoken_instant(at("2027-06-01 22:30")) == "23:30 on Tuesday 1 June 2027"

    def test_dates_are_said_as_people_say_them(self):
        days = [date(2026, 12, 4), date(2026, 12, 5), date(2026, 12, 6)]
        assert clock.spoken_list(days[:1]) == "Friday 4 December"
        assert clock.spoken_list(days) == (
            "Friday 4 December, Saturday 5 December and Sunday 6 December"
        )
        assert clock.spoken_list([]) == ""
