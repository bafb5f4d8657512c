"""Shapes of respite requests."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from hub_api.households.schemas import ChildSummarySchema
from hub_api.respite.models import RequestKind, RequestReason, RequestState
from hub_api.schemas import Flag, FreeText, Id, Instant, Schema, length, one_of
from hub_api.sleepovers.schemas import CheckSchema


class RespiteRequestIn(Schema):
    household_id = Id(required=True)
    children = fields.List(
        Id(),
        required=True,
        validate=length(1, 10, "Please name one to ten children."),
        metadata={"description": "Who is to come: each child once."},
    )
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

    @ma.validates("children")
    def _each_child_once(self, children: list[Any], data_key: str) -> None:  # noqa: ARG002 - marshmallow's signature
        if len(set(children)) != len(children):
            raise ma.ValidationError("Please name each child once.")


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
    children = fields.List(fields.Nested(ChildSummarySchema), required=True)
    checks = fields.List(
        fields.Nested(CheckSchema),
        required=True,
        metadata={"description": "The checks as they stood at the latest decision."},
    )


class RespiteRequestDetailSchema(RespiteRequestSchema):
    note = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Null for the programme manager, and once a child's texts are erased."
        },
    )
