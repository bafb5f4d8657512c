"""Shapes of respite requests."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from hub_api.access import Role
from hub_api.households.schemas import ChildSummarySchema
from hub_api.respite.models import (
    DeclineReason,
    RequestKind,
    RequestReason,
    RequestState,
    WithdrawReason,
)
from hub_api.schemas import Flag, FreeText, Id, Instant, Schema, length, one_of
from hub_api.sleepovers import checks
from hub_api.sleepovers.schemas import CheckSchema, NightsIn


class RespiteRequestsIn(NightsIn):
    """Which requests."""

    state = fields.String(load_default=None, validate=one_of(RequestState))
    household_id = Id(load_default=None, metadata={"description": "Those of one household."})


class AskingIn(Schema):
    dry_run = fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        load_default=False,
        metadata={"description": "Answer what would come of it, and save nothing."},
    )


class Children(fields.List[Any]):
    """Who is to come: each child once."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            Id(),
            validate=length(1, 10, "Please name one to ten children."),
            metadata={"description": "Who is to come: each child once."},
            **kwargs,
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        children = super()._deserialize(value, attr, data, **kwargs)
        if len({*children}) != len(children):
            raise ma.ValidationError("Please name each child once.")
        return children


class Reason(fields.String):
    """Why somebody asks."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=one_of(RequestReason), **kwargs)


class RespiteRequestIn(Schema):
    household_id = Id(required=True)
    children = Children(required=True)
    kind = fields.String(required=True, validate=one_of(RequestKind))
    arrives_at = Instant(required=True)
    departs_at = Instant(required=True)
    reason = fields.String(required=True, validate=one_of(RequestReason))
    note = FreeText(
        longest=2000,
        metadata={"description": "What those who decide should know. Stored encrypted."},
    )
    draft = Flag(
        load_default=False,
        metadata={"description": "Save without sending it to the hub."},
    )

    @ma.validates_schema
    def _departs_after_arrival(self, data: dict[str, Any], **_: Any) -> None:
        if data["departs_at"] <= data["arrives_at"]:
            raise ma.ValidationError("Please choose a time after the arrival.", "departs_at")


class RespiteRequestChangeIn(Schema):
    """What is to be otherwise. Once accepted, only the dates."""

    arrives_at = Instant()
    departs_at = Instant()
    children = Children()
    reason = fields.String(validate=one_of(RequestReason))
    note = FreeText(longest=2000, load_default=ma.missing)
    approval_reason = FreeText(
        shortest=10,
        longest=500,
        required=False,
        metadata={
            "description": "Why the liaison worker moves an accepted stay to more nights than the "
            "hub carer may decide on. Stored encrypted."
        },
    )


class ApproveIn(Schema):
    reason = FreeText(
        shortest=10,
        longest=500,
        metadata={"description": "Why a longer stay is right. Stored encrypted."},
    )


class DeclineIn(Schema):
    reason = fields.String(required=True, validate=one_of(DeclineReason))


class WithdrawIn(Schema):
    reason = fields.String(required=True, validate=one_of(WithdrawReason))


class OverrideIn(Schema):
    code = fields.String(
        required=True,
        validate=ma.validate.OneOf(
            sorted(checks.OVERRIDABLE), error="Please choose one of: {choices}."
        ),
        metadata={"description": "The check to set aside."},
    )
    reason = FreeText(
        shortest=10,
        longest=500,
        metadata={"description": "Why it may be set aside. Stored encrypted."},
    )
    expires_at = Instant(
        load_default=None,
        allow_none=True,
        metadata={"description": "At the latest, and by default, the stay's departure."},
    )


class TrialSchema(Schema):
    """What would come of asking."""

    nights = fields.List(fields.Date(), required=True)
    checks = fields.List(fields.Nested(CheckSchema), required=True)
    can_be_asked = fields.Boolean(required=True)
    decided_by = fields.String(
        required=True,
        allow_none=True,
        validate=one_of(Role),
        metadata={"description": "Who has the last word; null when it can't be asked."},
    )


class RespiteRequestSchema(Schema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    constellation_id = fields.UUID(required=True)
    household_id = fields.UUID(required=True)
    hub_home_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=one_of(RequestState))
    kind = fields.String(required=True, validate=one_of(RequestKind))
    reason = fields.String(required=True, validate=one_of(RequestReason))
    arrives_at = Instant(required=True)
    departs_at = Instant(required=True)
    nights = fields.List(
        fields.Date(), required=True, metadata={"description": "Europe/London nights it holds."}
    )
    created_at = Instant(required=True)
    submitted_at = Instant(required=True, allow_none=True)
    expires_at = Instant(
        required=True, metadata={"description": "When it is too late for an answer."}
    )
    decline_reason = fields.String(required=True, allow_none=True, validate=one_of(DeclineReason))
    withdraw_reason = fields.String(required=True, allow_none=True, validate=one_of(WithdrawReason))
    children = fields.List(fields.Nested(ChildSummarySchema), required=True)
    checks = fields.List(
        fields.Nested(CheckSchema),
        required=True,
        metadata={"description": "The checks as they stood at the latest decision."},
    )


class OverrideBriefSchema(Schema):
    """A check that was set aside: by whom and why is told by the request's overrides."""

    id = fields.UUID(required=True)
    code = fields.String(required=True)
    role = fields.String(required=True, validate=one_of(Role))
    expires_at = Instant(required=True)


class RespiteRequestDetailSchema(RespiteRequestSchema):
    note = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Null for the programme manager, and once a child's texts are erased."
        },
    )
    overrides = fields.List(fields.Nested(OverrideBriefSchema), required=True)


class OverrideSchema(OverrideBriefSchema):
    request_id = fields.UUID(required=True)
    given_by = fields.UUID(required=True)
    given_at = Instant(required=True)
    reason = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Null for the programme manager, and once a child's texts are erased."
        },
    )
