"""Shapes of sleepovers."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from hub_api.access import Role
from hub_api.households.schemas import ChildSummarySchema
from hub_api.schemas import Day, FreeText, Instant, PageIn, Schema, one_of
from hub_api.sleepovers.checks import Outcome
from hub_api.sleepovers.models import (
    BedState,
    CancelReason,
    EarlyEndReason,
    SleepoverState,
)


class NightsIn(PageIn):
    """Those with a night from one day up to, and not including, another."""

    first_night = Day(
        data_key="from",
        load_default=None,
        metadata={"description": "Those that hold this night or a later one, by the dates agreed."},
    )
    until = Day(
        load_default=None,
        metadata={"description": "Those that hold a night before this day, by the dates agreed."},
    )

    @ma.validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        first, until = data["first_night"], data["until"]
        if first is not None and until is not None and until <= first:
            raise ma.ValidationError("Please choose a day after the first.", "until")


class SleepoversIn(NightsIn):
    """Which sleepovers."""

    state = fields.String(load_default=None, validate=one_of(SleepoverState))


class HandoverIn(Schema):
    arrived_at = Instant(
        load_default=None, metadata={"description": "When the child came; by default, now."}
    )


class ReturnIn(Schema):
    returned_at = Instant(
        load_default=None, metadata={"description": "When the child went home; by default, now."}
    )


class EndEarlyIn(Schema):
    ended_at = Instant(
        load_default=None, metadata={"description": "When the child went home; by default, now."}
    )
    reason = fields.String(required=True, validate=one_of(EarlyEndReason))


class ExtendIn(Schema):
    departs_at = Instant(required=True, metadata={"description": "Later than agreed."})
    reason = FreeText(
        longest=2000,
        metadata={
            "description": "Why, where it takes the liaison worker's approval. Stored encrypted."
        },
    )


class CancelIn(Schema):
    reason = fields.String(required=True, validate=one_of(CancelReason))


class BedNightSchema(Schema):
    night = fields.Date(required=True)
    bed_id = fields.UUID(required=True)


class CheckSchema(Schema):
    code = fields.String(required=True)
    outcome = fields.String(required=True, validate=one_of(Outcome))
    sentence = fields.String(required=True)
    nights = fields.List(fields.Date(), required=True)
    override = fields.String(
        required=True,
        allow_none=True,
        validate=one_of(Role),
        metadata={"description": "The role that may override it, if any."},
    )
    is_overridden = fields.Boolean(
        required=True,
        metadata={"description": "A block that was set aside, with a reason, is a warning."},
    )


class SleepoverSchema(Schema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    constellation_id = fields.UUID(required=True)
    hosting_constellation_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "Whose hub has the child, when it is not the own one's."},
    )
    household_id = fields.UUID(required=True)
    hub_home_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=one_of(SleepoverState))
    arrives_at = Instant(required=True)
    departs_at = Instant(required=True)
    confirmed_at = Instant(required=True)
    arrived_at = Instant(required=True, allow_none=True)
    returned_at = Instant(required=True, allow_none=True)
    early_end_reason = fields.String(
        required=True, allow_none=True, validate=one_of(EarlyEndReason)
    )
    closed_at = Instant(required=True, allow_none=True)
    cancelled_at = Instant(required=True, allow_none=True)
    cancel_reason = fields.String(required=True, allow_none=True, validate=one_of(CancelReason))
    child = fields.Nested(
        ChildSummarySchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null once the child has moved to another constellation."},
    )
    bed_nights = fields.List(fields.Nested(BedNightSchema), required=True)


class CalendarIn(Schema):
    """Which nights."""

    first_night = Day(
        data_key="from", load_default=None, metadata={"description": "By default, tonight."}
    )
    until = Day(
        load_default=None,
        metadata={"description": "The day of the last departure; by default, four weeks on."},
    )


class CalendarNightSchema(Schema):
    night = fields.Date(required=True)
    bed_id = fields.UUID(required=True)
    label = fields.String(required=True)
    state = fields.String(required=True, validate=one_of(BedState))
    sleepover_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "Null while it is held for a request."},
    )
    child = fields.Nested(
        ChildSummarySchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null for those who may not know whose it is."},
    )


class CalendarSchema(Schema):
    id = fields.UUID(required=True, metadata={"description": "The constellation."})
    version = fields.Integer(
        required=True, metadata={"description": "Raised by every change of its hub homes' nights."}
    )
    from_ = fields.Date(required=True, data_key="from")
    until = fields.Date(required=True)
    bed_nights = fields.List(fields.Nested(CalendarNightSchema), required=True)
