"""Shapes of packs. No address, on purpose."""

from __future__ import annotations

from datetime import time
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from hub_api.households.schemas import ChildSummarySchema
from hub_api.packs.contents import PackWord
from hub_api.packs.models import Says, Section
from hub_api.schemas import Day, Flag, FreeText, Instant, Line, Schema, length, one_of

LONGEST_TEXT = 4000
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"


def _line(longest: int, words: str, **options: Any) -> Line:
    return Line(
        **{"required": True, **options},
        validate=[
            length(1, longest, f"Please give {words} of at most {longest} characters."),
            validate.Regexp(r".*\S", error=f"Please give {words}."),
        ],
    )


class Each(fields.List[Any]):
    """A list in which nothing is there twice."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = super()._deserialize(value, attr, data, **kwargs)
        if len(set(found)) != len(found):
            raise ma.ValidationError("Please give each of these once.")
        return found


class TimeOfDay(fields.String):
    """A time by the clock in London, such as 08:00."""

    def __init__(self, **kwargs: Any) -> None:
        wrong = "Please give a time such as 08:00."
        # `\Z`, since `$` would take a line break after it.
        super().__init__(validate=validate.Regexp(rf"{_TIME}\Z", error=wrong), **kwargs)


# --- sections ----------------------------------------------------------------------------------


class ContactSchema(Schema):
    """Somebody to ring."""

    name = _line(100, "a name")
    who = _line(100, "a word on who this is", metadata={"description": "Such as grandmother."})
    telephone = Line(
        required=True,
        validate=validate.Regexp(
            r"[0-9+() ]{3,30}\Z", error="Please give a telephone number in digits."
        ),
    )


class PackSectionIn(Schema):
    """What a section is to say."""

    says = fields.String(
        required=True,
        validate=one_of(Says),
        metadata={"description": "`nothing_to_tell` comes alone."},
    )
    text = FreeText(longest=LONGEST_TEXT)
    chosen = Each(
        fields.String(validate=one_of(PackWord)),
        load_default=list,
        validate=length(0, 10, "Please choose at most 10."),
        metadata={"description": "In a section that has a list of words."},
    )
    contacts = fields.List(
        fields.Nested(ContactSchema),
        load_default=list,
        validate=length(0, 10, "Please give at most 10 people."),
        metadata={"description": "In the section `contacts`: whom to ring, in order."},
    )


class PackSectionSchema(Schema):
    """One section of a pack in one version."""

    id = fields.UUID(required=True)
    version = fields.Integer(
        required=True, metadata={"description": "For If-Match; 0 where there is no section yet."}
    )
    section = fields.String(required=True, validate=one_of(Section))
    says = fields.String(required=True, validate=one_of(Says))
    text = fields.String(required=True, allow_none=True)
    chosen = fields.List(fields.String(validate=one_of(PackWord)), required=True)
    contacts = fields.List(fields.Nested(ContactSchema), required=True)
    confirmed_on = fields.Date(required=True)
    is_to_confirm = fields.Boolean(
        required=True, metadata={"description": "So long ago that it may not be right any more."}
    )
    written_at = Instant(required=True)
    written_by = fields.UUID(required=True)


# --- medicines ---------------------------------------------------------------------------------


class MedicineIn(Schema):
    """A medicine that a child is given."""

    name = _line(200, "the name on the label")
    dose = _line(200, "the dose on the label")
    instructions = FreeText(longest=1000)
    times_of_day = Each(
        TimeOfDay(),
        load_default=list,
        validate=length(0, 12, "Please give at most 12 times."),
        metadata={"description": "By the clock in London."},
    )
    as_needed = Flag(
        load_default=False, metadata={"description": "When the child needs it, at no set time."}
    )
    is_controlled = Flag(load_default=False, metadata={"description": "A controlled drug."})
    starts_on = Day(load_default=None, metadata={"description": "By default, today."})
    ends_on = Day(
        load_default=None,
        allow_none=True,
        metadata={"description": "The first day on which it is not given any more."},
    )

    @ma.validates_schema
    def _has_times(self, data: dict[str, Any], **_: Any) -> None:
        if data["as_needed"] == bool(data["times_of_day"]):
            raise ma.ValidationError(
                "Please give the times of day, or say that it is given as needed.", "times_of_day"
            )

    @ma.post_load
    def _times(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "times_of_day": [time.fromisoformat(at) for at in data["times_of_day"]]}


class MedicineEndIn(Schema):
    ends_on = Day(
        required=True,
        metadata={
            "description": "The first day on which it is not given any more; the day it starts, "
            "when it was written down wrongly."
        },
    )


class MedicineSchema(Schema):
    """A medicine of a child; another dose is another medicine."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    child_id = fields.UUID(required=True)
    name = fields.String(required=True, allow_none=True)
    dose = fields.String(required=True, allow_none=True)
    instructions = fields.String(required=True, allow_none=True)
    times_of_day = fields.List(fields.String(), required=True)
    as_needed = fields.Boolean(required=True)
    is_controlled = fields.Boolean(required=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True, allow_none=True)


# --- the whole ---------------------------------------------------------------------------------


class PackSchema(Schema):
    """All that whoever looks after a child for a night must know."""

    id = fields.UUID(required=True, metadata={"description": "The child's."})
    child = fields.Nested(ChildSummarySchema, required=True)
    is_complete = fields.Boolean(
        required=True,
        metadata={"description": "Every section is there, so that a sleepover may begin."},
    )
    has_minimum = fields.Boolean(
        required=True, metadata={"description": "Enough for an emergency to begin with."}
    )
    missing = fields.List(fields.String(validate=one_of(Section)), required=True)
    to_confirm = fields.List(
        fields.String(validate=one_of(Section)),
        required=True,
        metadata={"description": "Confirmed so long ago that somebody should look before it."},
    )
    sections = fields.List(fields.Nested(PackSectionSchema), required=True)
    medicines = fields.List(fields.Nested(MedicineSchema), required=True)


# --- before deciding ---------------------------------------------------------------------------


class SaidSchema(Schema):
    """What a section says, in short."""

    says = fields.String(required=True, validate=one_of(Says))
    text = fields.String(required=True, allow_none=True)
    chosen = fields.List(fields.String(validate=one_of(PackWord)), required=True)


class MatchedChildSchema(ChildSummarySchema):
    """A child who is asked for; null where nobody has written it down."""

    allergies = fields.Nested(SaidSchema, required=True, allow_none=True)
    risks_to_child = fields.Nested(SaidSchema, required=True, allow_none=True)
    risks_from_child = fields.Nested(SaidSchema, required=True, allow_none=True)
    takes_medication = fields.Boolean(required=True, allow_none=True)


class MatchingSummarySchema(Schema):
    """What the hub carer sees before deciding, and no more."""

    id = fields.UUID(required=True, metadata={"description": "The request's."})
    children = fields.List(fields.Nested(MatchedChildSchema), required=True)
