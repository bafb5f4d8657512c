"""Time: the only module that touches time zones.

Instants are aware and UTC. A night, a duty day or a birthday is a `date` and means Europe/London.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

LONDON = ZoneInfo("Europe/London")


def now() -> datetime:
    """This instant, in UTC."""
    return datetime.now(UTC)


def london_date(instant: datetime) -> date:
    """The London date of an instant."""
    return instant.astimezone(LONDON).date()


def london_today() -> date:
    """The date on a kitchen calendar in Southwark."""
    return london_date(now())


def london_instant(day: date, at: time) -> datetime:
    """The UTC instant of a London wall-clock time.

    A time that happens twice (the autumn change) means its first occurrence; one that never
    happens (the spring change) means the instant an hour after the clock stood before it.
    """
    return datetime.combine(day, at, tzinfo=LONDON).astimezone(UTC)


@cache
def time_zones() -> frozenset[str]:
    """The names of the tz database, such as Europe/London."""
    return frozenset(available_timezones())


def window_end(instant: datetime, time_zone: str, starts: time, ends: time) -> datetime | None:
    """When the daily window of wall-clock times that an instant is in ends; None outside it.

    A window begins when the clock on the wall of that zone first shows `starts`, and is over when
    it next shows `ends`, on the same day or the day after. Both are instants (as `london_instant`
    has them), so nobody is in a window twice in the night whose clock shows an hour twice. Of a
    zone that the tz database no longer knows, London's clock counts.
    """
    zone = _zone(time_zone)
    across_midnight = timedelta(days=ends <= starts)
    today = instant.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        begins_at = datetime.combine(day, starts, tzinfo=zone).astimezone(UTC)
        ends_at = datetime.combine(day + across_midnight, ends, tzinfo=zone).astimezone(UTC)
        if begins_at <= instant < ends_at:
            return ends_at
    return None


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return LONDON


def nights(arrives_at: datetime, departs_at: datetime, starts: time, ends: time) -> list[date]:
    """The nights a stay holds, in order.

    Night D runs from D `starts` to D+1 `ends` in London, and a stay that overlaps it holds it: an
    arrival at 01:00 on Saturday holds Friday's night. Bounds are instants, so a night across a
    clock change is simply an hour shorter or longer.
    """
    day = arrives_at.astimezone(LONDON).date() - timedelta(days=1)
    last = departs_at.astimezone(LONDON).date()
    held = []
    while day <= last:
        night_starts_at = london_instant(day, starts)
        night_ends_at = london_instant(day + timedelta(days=1), ends)
        if arrives_at < night_ends_at and departs_at > night_starts_at:
            held.append(day)
        day += timedelta(days=1)
    return held


def whole_years(since: date, until: date) -> int:
    """The anniversaries there have been. Of 29 February it is 1 March in a year without one."""
    has_been = (until.month, until.day) >= (since.month, since.day)
    return until.year - since.year - (not has_been)


def spoken(day: date) -> str:
    """A date as a person says it: Friday 4 December."""
    return f"{day:%A} {day.day} {day:%B}"


def spoken_instant(instant: datetime) -> str:
    """An instant as a person in London writes it down: 17:40 on Friday 4 December 2026."""
    there = instant.astimezone(LONDON)
    return f"{there:%H:%M} on {spoken(there.date())} {there.year}"


def spoken_list(days: list[date]) -> str:
    """Dates as a person lists them: Friday 4 December and Saturday 5 December."""
    words = [spoken(day) for day in days]
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
