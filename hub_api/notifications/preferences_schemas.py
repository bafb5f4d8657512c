"""Shapes of somebody's preferences for being told."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

import marshmallow as ma
from marshmallow import fields

from hub_api import clock
from hub_api.notifications import words
from hub_api.notifications.categories import Category, Severity
from hub_api.notifications.preferences import Way, WaySetting
from hub_api.schemas import Flag, Line, Schema, length, one_of

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")


class TimeOfDay(fields.Field[time]):
    """A time on the clock on the wall, to the minute."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"type": "string", "pattern": f"^{_TIME.pattern}$"}, **kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> time:
        if not (isinstance(value, str) and _TIME.fullmatch(value)):
            raise ma.ValidationError("Please give a time such as 22:00.")
        return time.fromisoformat(value)


class TimeZone(Line):
    """A name of the tz database."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if name not in clock.time_zones():
            raise ma.ValidationError("Please give a place such as Europe/London.")
        return name


class Mobile(Line):
    """A telephone number with its country code (E.164); spaces are welcome and not kept."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        number = super()._deserialize(value, attr, data, **kwargs).replace(" ", "")
        if not _E164.fullmatch(number):
            raise ma.ValidationError(
                "Please give the number with its country code, such as +44 7700 900123."
            )
        return number


class Language(Line):
    """One of the languages the hub speaks."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        language = super()._deserialize(value, attr, data, **kwargs)
        if language not in words.languages():
            spoken = ", ".join(words.languages())
            raise ma.ValidationError(f"The hub speaks these languages: {spoken}.")
        return language


class QuietHoursSchema(Schema):
    """From when until when, in the person's own time zone; across midnight where it is later."""

    from_ = TimeOfDay(required=True, data_key="from", attribute="from")
    until = TimeOfDay(required=True)

    @ma.validates_schema
    def refuse_none(self, quiet: dict[str, time], **_: Any) -> None:
        """The whole day or none of it? Neither: no quiet hours are null."""
        if quiet["from"] == quiet["until"]:
            raise ma.ValidationError(
                "Please choose two different times, or none for no quiet hours.", "until"
            )


class ChoiceSchema(Schema):
    """One choice. What isn't chosen is as usual."""

    category = fields.String(required=True, validate=one_of(Category))
    way = fields.String(required=True, validate=one_of(Way))
    is_on = Flag(required=True)

    @ma.validates_schema
    def refuse_to_hide_what_is_urgent(self, choice: dict[str, Any], **_: Any) -> None:
        """Whoever could turn it off might sleep while a child waits."""
        if Category.of(choice["category"]).severity is Severity.URGENT and not choice["is_on"]:
            raise ma.ValidationError(
                "This is urgent when it comes, so it can't be turned off.", "is_on"
            )


class PreferencesIn(Schema):
    """All of somebody's preferences; what was there before is replaced."""

    quiet_hours = fields.Nested(QuietHoursSchema, required=True, allow_none=True)
    time_zone = TimeZone(required=True)
    mobile = Mobile(required=True, allow_none=True)
    language = Language(required=True)
    choices = fields.List(
        fields.Nested(ChoiceSchema),
        required=True,
        validate=length(0, 200, "Please choose each thing once."),
    )

    @ma.validates_schema
    def refuse_twice(self, wanted: dict[str, Any], **_: Any) -> None:
        """Which of them was meant?"""
        chosen = [(choice["category"], choice["way"]) for choice in wanted["choices"]]
        if len(chosen) != len({*chosen}):
            raise ma.ValidationError("Please choose each thing once.", "choices")


class TellingSchema(Schema):
    """What comes of the choices for one category."""

    category = fields.String(required=True, validate=one_of(Category))
    words = fields.String(required=True, metadata={"description": "What to show the person."})
    severity = fields.String(required=True, validate=one_of(Severity))
    can_be_turned_off = fields.Boolean(required=True)
    push = fields.String(required=True, validate=one_of(WaySetting))
    email = fields.String(required=True, validate=one_of(WaySetting))
    sms = fields.String(required=True, validate=one_of(WaySetting))


class PreferencesSchema(Schema):
    version = fields.Integer(required=True)
    quiet_hours = fields.Nested(
        QuietHoursSchema,
        required=True,
        allow_none=True,
        metadata={"description": "When no push and no text message comes but urgent ones."},
    )
    time_zone = fields.String(required=True)
    mobile = fields.String(required=True, allow_none=True)
    language = fields.String(required=True)
    languages = fields.List(
        fields.String(), required=True, metadata={"description": "Those the hub speaks."}
    )
    choices = fields.List(fields.Nested(ChoiceSchema), required=True)
    categories = fields.List(
        fields.Nested(TellingSchema),
        required=True,
        metadata={"description": "What the person can be told of in their roles, and how."},
    )
