"""Shapes of constellations, hub homes, beds, blocked nights and memberships."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import marshmallow as ma
from marshmallow import fields

from hub_api.constellations.models import AbsenceReason, TemporaryBedReason
from hub_api.schemas import Day, Id, Line, Schema, length, one_of

LONGEST = timedelta(days=366)
"""Of nights blocked at once, or a temporary bed: beyond it a year is a slip of the finger."""


def _name(*, required: bool = True, **kwargs: Any) -> Line:
    return Line(
        required=required,
        validate=[
            length(1, 100, "Please give a name of 1 to 100 characters."),
            ma.validate.Regexp(r".*\S", error="Please give a name."),
        ],
        **kwargs,
    )


def _starts_on() -> Day:
    return Day(load_default=None, allow_none=True, metadata={"description": "Left out: today."})


def _ends_on(**kwargs: Any) -> Day:
    return Day(metadata={"description": "The first day without it."}, **kwargs)


class _NightsIn(Schema):
    """From one night up to and including another."""

    first_night = Day(required=True)
    last_night = Day(required=True, metadata={"description": "This night is included."})

    @ma.validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data["last_night"] < data["first_night"]:
            raise ma.ValidationError("This is before the first night.", "last_night")
        if data["last_night"] - data["first_night"] >= LONGEST:
            raise ma.ValidationError(f"Please give at most {LONGEST.days} nights.", "last_night")


# --- constellations ----------------------------------------------------------------------------


class ConstellationIn(Schema):
    name = _name()


class HubHomeSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)


class ConstellationSchema(Schema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    name = fields.String(required=True)
    closed_on = fields.Date(
        required=True, allow_none=True, metadata={"description": "The first day without it."}
    )
    hub_home = fields.Nested(
        HubHomeSchema, required=True, allow_none=True, metadata={"description": "Today's."}
    )
    liaison_workers = fields.List(
        fields.String(), required=True, metadata={"description": "Their names."}
    )


# --- hub homes ---------------------------------------------------------------------------------


class HubAppointmentIn(Schema):
    """Either a household, whose home becomes a hub home, or a hub home there is already."""

    household_id = Id(
        load_default=None,
        allow_none=True,
        metadata={"description": "Of this constellation. Its home becomes a hub home."},
    )
    hub_home_id = Id(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "A hub home there is already; that of another constellation may serve "
            "this one as well."
        },
    )
    name = _name(required=False, load_default=None, allow_none=True)
    home_authority = _name(
        required=False,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "The local authority where the hub carer lives, which is who exempts "
            "from the fostering limit."
        },
    )
    starts_on = _starts_on()
    ends_on = _ends_on(load_default=None, allow_none=True)

    @ma.validates_schema
    def _one_home(self, data: dict[str, Any], **_: Any) -> None:
        if (data["household_id"] is None) == (data["hub_home_id"] is None):
            raise ma.ValidationError("Please give a household or a hub home.", "household_id")
        for field in ("name", "home_authority"):
            if data["household_id"] is not None and data[field] is None:
                raise ma.ValidationError("Please fill this in.", field)
            if data["hub_home_id"] is not None and data[field] is not None:
                raise ma.ValidationError("The hub home has one already.", field)


class HubHomeChangeIn(Schema):
    """What may be changed: at least one of the two."""

    name = _name(required=False)
    home_authority = _name(
        required=False,
        metadata={
            "description": "The local authority where the hub carer lives. Exemptions from the "
            "fostering limit that another one gave count no more."
        },
    )

    @ma.validates_schema
    def _something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ma.ValidationError("Please give something to change.", "name")


class HubHomeDetailSchema(HubHomeSchema):
    version = fields.Integer(required=True)
    constellation_id = fields.UUID(
        required=True, metadata={"description": "Where it belongs, whichever it serves."}
    )
    household_id = fields.UUID(required=True)
    home_authority = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The local authority where the hub carer lives."},
    )


class EndIn(Schema):
    ends_on = _ends_on(required=True)


class HubAppointmentSchema(Schema):
    id = fields.UUID(required=True)
    hub_home_id = fields.UUID(required=True)
    hub_home = fields.String(required=True, metadata={"description": "The hub home's name."})
    household_id = fields.UUID(required=True)
    home_authority = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The local authority where the hub carer lives."},
    )
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(
        required=True, allow_none=True, metadata={"description": "The first day without it."}
    )


# --- beds --------------------------------------------------------------------------------------

_BEDROOM = {"description": "Beds in one bedroom share it. Left out: a room of its own."}


class BedIn(Schema):
    label = _name()
    bedroom = _name(required=False, load_default=None, allow_none=True, metadata=_BEDROOM)
    starts_on = _starts_on()


class BedChangeIn(Schema):
    """What may be changed: at least one of the three."""

    label = _name(required=False)
    bedroom = _name(required=False, metadata={"description": "Beds in one bedroom share it."})
    ends_on = Day(metadata={"description": "The first day without it."})

    @ma.validates_schema
    def _something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ma.ValidationError("Please give something to change.", "label")


class TemporaryBedIn(_NightsIn):
    label = _name()
    bedroom = _name(required=False, load_default=None, allow_none=True, metadata=_BEDROOM)
    reason = fields.String(required=True, validate=one_of(TemporaryBedReason))


class BedSchema(Schema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    label = fields.String(required=True)
    bedroom = fields.String(
        required=True, metadata={"description": "Beds in one bedroom share it."}
    )
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(
        required=True, allow_none=True, metadata={"description": "The first day without it."}
    )
    temporary_reason = fields.String(
        required=True, allow_none=True, validate=one_of(TemporaryBedReason)
    )
    hub_home_id = fields.UUID(required=True)
    hub_home = fields.String(required=True, metadata={"description": "The hub home's name."})


# --- blocked nights ----------------------------------------------------------------------------


class BlockedNightsIn(_NightsIn):
    reason = fields.String(required=True, validate=one_of(AbsenceReason))


class BlockedNightsSchema(Schema):
    id = fields.UUID(required=True)
    hub_home_id = fields.UUID(required=True)
    first_night = fields.Date(required=True)
    last_night = fields.Date(required=True, metadata={"description": "This night is included."})
    reason = fields.String(required=True, validate=one_of(AbsenceReason))


# --- members -----------------------------------------------------------------------------------


class MembershipIn(Schema):
    household_id = Id(required=True)
    starts_on = _starts_on()


class MembershipSchema(Schema):
    id = fields.UUID(required=True)
    household_id = fields.UUID(required=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(
        required=True, allow_none=True, metadata={"description": "The first day without it."}
    )
