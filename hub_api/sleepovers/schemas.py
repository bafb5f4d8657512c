"""Shapes of sleepovers."""

from __future__ import annotations

from marshmallow import fields

from hub_api.access import Role
from hub_api.households.schemas import ChildSummarySchema
from hub_api.schemas import Instant, Schema, one_of
from hub_api.sleepovers.checks import Outcome
from hub_api.sleepovers.models import CancelReason, SleepoverState


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
    household_id = fields.UUID(required=True)
    hub_home_id = fields.UUID(required=True)
    request_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=one_of(SleepoverState))
    arrives_at = Instant(required=True)
    departs_at = Instant(required=True)
    confirmed_at = Instant(required=True)
    cancelled_at = Instant(required=True, allow_none=True)
    cancel_reason = fields.String(required=True, allow_none=True, validate=one_of(CancelReason))
    child = fields.Nested(
        ChildSummarySchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null once the child has moved to another constellation."},
    )
    bed_nights = fields.List(fields.Nested(BedNightSchema), required=True)
