"""Shapes of respite requests."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from hub_api.access import Role
from hub_api.households.schemas import ChildSummarySchema
from hub_api.respite.checks import Outcome
from hub_api.respite.models import RequestKind, RequestReason, RequestState
from hub_api.schemas import Instant, Schema


class RespiteRequestIn(Schema):
    household_id = fields.UUID(required=True)
    children = fields.List(
        fields.UUID(),
        required=True,
        validate=validate.Length(1, 10),
        metadata={"description": "Who is to come: each child once."},
    )
    kind = fields.String(required=True, validate=validate.OneOf([*RequestKind]))
    arrives_at = Instant(required=True)
    departs_at = Instant(required=True)
    reason = fields.String(required=True, validate=validate.OneOf([*RequestReason]))
    draft = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Save without sending it to the hub."},
    )

    @ma.validates_schema
    def _departs_after_arrival(self, data: dict[str, Any], **_: Any) -> None:
        if data["departs_at"] <= data["arrives_at"]:
            raise ma.ValidationError("Please choose a time after the arrival.", "departs_at")

    @ma.validates("children")
    def _each_child_once(self, children: list[Any], data_key: str) -> None:  # noqa: ARG002 - marshmallow's signature
        if len(set(children)) != len(children):
            raise ma.ValidationError("Please name each child once.")


class CheckSchema(Schema):
    code = fields.String(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf([*Outcome]))
    sentence = fields.String(required=True)
    nights = fields.List(fields.Date(), required=True)
    override = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf([*Role]),
        metadata={"description": "The role that may override it, if any."},
    )


class RespiteRequestSchema(Schema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    constellation_id = fields.UUID(required=True)
    household_id = fields.UUID(required=True)
    hub_home_id = fields.UUID(required=True)
    state = fields.String(required=True, validate=validate.OneOf([*RequestState]))
    kind = fields.String(required=True, validate=validate.OneOf([*RequestKind]))
    reason = fields.String(required=True, validate=validate.OneOf([*RequestReason]))
    arrives_at = Instant(required=True)
    departs_at = Instant(required=True)
    nights = fields.List(
        fields.Date(), required=True, metadata={"description": "Europe/London nights it holds."}
    )
    created_at = Instant(required=True)
    submitted_at = Instant(required=True, allow_none=True)
    children = fields.List(fields.Nested(ChildSummarySchema), required=True)
    checks = fields.List(
        fields.Nested(CheckSchema),
        required=True,
        metadata={"description": "The checks as they stood at the latest decision."},
    )
