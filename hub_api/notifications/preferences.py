"""By which ways somebody wants to hear of what, and when they want to be left alone.

Without a choice it is as the severity has it, and urgent things always come: a child may be
waiting. Quiet hours are there from the start (`HUB_QUIET_FROM`): most of our carers are over 60,
sleep is what they are short of, and one who never opens the settings must not be woken by a
withdrawn request. Nothing is lost by it: what matters by night is urgent and passes, e-mails are
not held back, and the rest is told in the morning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from hub_api import clock, db, settings
from hub_api.audit import service as audit
from hub_api.errors import StaleVersion
from hub_api.notifications import words
from hub_api.notifications.categories import Category, Severity
from hub_api.notifications.models import NotificationPreferences

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, time
    from uuid import UUID

    from hub_api.access import Actor


class Way(StrEnum):
    """How something reaches somebody, as people think of it."""

    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"


class WaySetting(StrEnum):
    """Whether something goes one way."""

    ON = "on"
    INSTEAD = "instead"
    """Only when it reaches no phone."""
    OFF = "off"
    """Turned off, though it would go that way."""
    UNUSED = "unused"
    """It doesn't go that way unless somebody chooses so."""


USUAL = {
    Severity.ROUTINE: {Way.PUSH: WaySetting.ON},
    Severity.IMPORTANT: {Way.PUSH: WaySetting.ON, Way.EMAIL: WaySetting.INSTEAD},
    Severity.URGENT: dict.fromkeys(Way, WaySetting.ON),
}
"""What goes which way while nobody has chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What one person chose, or the defaults."""

    version: int = 0
    quiet_from: time | None = None
    quiet_until: time | None = None
    time_zone: str = "Europe/London"
    mobile: str | None = None
    language: str = words.ENGLISH
    choices: dict[str, dict[str, bool]] = field(default_factory=dict)

    def quiet_end(self, now: datetime) -> datetime | None:
        """When the quiet hours end that it is in now; None outside them."""
        if self.quiet_from is None or self.quiet_until is None:
            return None
        return clock.window_end(now, self.time_zone, self.quiet_from, self.quiet_until)

    def setting(self, category: Category, way: Way, severity: Severity | None = None) -> WaySetting:
        """Whether something of this category goes this way. Urgent things always do."""
        how_much = severity or category.severity
        usual = USUAL[how_much].get(way, WaySetting.UNUSED)
        chosen = self.choices.get(category, {}).get(way)
        if how_much is Severity.URGENT or chosen is None:
            return usual
        if chosen:
            return WaySetting.ON
        return WaySetting.UNUSED if usual is WaySetting.UNUSED else WaySetting.OFF


def usual() -> Preferences:
    """Of somebody who has chosen nothing."""
    rules = settings.current().channels
    if rules.quiet_from == rules.quiet_until:
        return Preferences()
    return Preferences(quiet_from=rules.quiet_from, quiet_until=rules.quiet_until)


def of(account_ids: Iterable[UUID]) -> dict[UUID, Preferences]:
    """What each of these people chose, in one statement."""
    wanted = {*account_ids}
    table = NotificationPreferences.__table__
    found = sa.select(table).where(NotificationPreferences.account_id.in_(wanted))
    chosen = {row.account_id: _preferences(row) for row in db.connection().execute(found)}
    return {account_id: chosen.get(account_id) or usual() for account_id in wanted}


def _preferences(row: Any) -> Preferences:
    return Preferences(
        version=row.version,
        quiet_from=row.quiet_from,
        quiet_until=row.quiet_until,
        time_zone=row.time_zone,
        mobile=row.mobile,
        language=row.language,
        choices=row.choices,
    )


# --- a person's own --------------------------------------------------------------------------

QuietHours = TypedDict("QuietHours", {"from": "time", "until": "time"})


class ChoiceIn(TypedDict):
    """One choice: `schemas.ChoiceSchema`."""

    category: Category
    way: Way
    is_on: bool


class Wanted(TypedDict):
    """All of somebody's preferences: `preferences_schemas.PreferencesIn`."""

    quiet_hours: QuietHours | None
    time_zone: str
    mobile: str | None
    language: str
    choices: list[ChoiceIn]


def get_preferences(actor: Actor) -> dict[str, Any]:
    """The actor's own, with what comes of them for each category that can concern them."""
    return _shown(actor, of([actor.account_id])[actor.account_id])


def put_preferences(actor: Actor, seen_version: int, wanted: Wanted) -> dict[str, Any]:
    """Replace the actor's preferences. `seen_version` is 0 while there are none.

    Raises `StaleVersion` when they were changed meanwhile.
    """
    before = of([actor.account_id])[actor.account_id]
    after = _save(actor.account_id, seen_version, wanted)
    audit.record(
        "notification_preferences:change",
        actor_id=actor.account_id,
        subject_id=actor.account_id,
        changed=_differences(before, after),
    )
    return _shown(actor, after)


def _save(account_id: UUID, seen_version: int, wanted: Wanted) -> Preferences:
    """In one statement, which takes either the row as it was seen or the place where there is none.

    Raises `StaleVersion`.
    """
    table, quiet = NotificationPreferences, wanted["quiet_hours"]
    values = {
        "version": seen_version + 1,
        "quiet_from": quiet and quiet["from"],
        "quiet_until": quiet and quiet["until"],
        "time_zone": wanted["time_zone"],
        "mobile": wanted["mobile"],
        "language": wanted["language"],
        "choices": _by_category(wanted["choices"]),
    }
    seen = sa.and_(table.account_id == account_id, table.version == seen_version)
    statement: Any = (
        insert(table).values(account_id=account_id, **values).on_conflict_do_nothing()
        if seen_version == 0
        else sa.update(table).where(seen).values(values)
    )
    result = db.connection().execute(statement.returning(*table.__table__.columns))
    row = result.one_or_none()
    if row is None:
        raise StaleVersion
    return _preferences(row)


def _differences(before: Preferences, after: Preferences) -> list[str]:
    """What was changed, by the names it has in the document."""
    found = {
        "quiet_hours": (before.quiet_from, before.quiet_until)
        != (after.quiet_from, after.quiet_until)
    }
    for name in ("time_zone", "mobile", "language", "choices"):
        found[name] = getattr(before, name) != getattr(after, name)
    return [name for name, differs in found.items() if differs]


def _by_category(choices: list[ChoiceIn]) -> dict[str, dict[str, bool]]:
    found: dict[str, dict[str, bool]] = {}
    for choice in choices:
        found.setdefault(choice["category"], {})[choice["way"]] = choice["is_on"]
    return found


def _shown(actor: Actor, chosen: Preferences) -> dict[str, Any]:
    roles = {grant.role for grant in actor.grants}
    quiet_from, quiet_until = chosen.quiet_from, chosen.quiet_until
    return {
        "version": chosen.version,
        "quiet_hours": None
        if quiet_from is None or quiet_until is None
        else {"from": f"{quiet_from:%H:%M}", "until": f"{quiet_until:%H:%M}"},
        "time_zone": chosen.time_zone,
        "mobile": chosen.mobile,
        "language": chosen.language,
        "languages": words.languages(),
        "choices": [
            {"category": category, "way": way, "is_on": is_on}
            for category, ways in sorted(chosen.choices.items())
            for way, is_on in sorted(ways.items())
        ],
        "categories": [
            {
                "category": category,
                "words": words.in_language(category.words, chosen.language),
                "severity": category.severity,
                "can_be_turned_off": category.severity is not Severity.URGENT,
                **{str(way): chosen.setting(category, way) for way in Way},
            }
            for category in Category
            if category.concerns(roles)
        ],
    }
