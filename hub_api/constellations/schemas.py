"""Shapes of constellations, beds and memberships."""

from __future__ import annotations

from marshmallow import fields

from hub_api.schemas import Schema


class HubHomeSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)


class ConstellationSchema(Schema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    name = fields.String(required=True)
    hub_home = fields.Nested(HubHomeSchema, required=True, allow_none=True)
    liaison_workers = fields.List(
        fields.String(), required=True, metadata={"description": "Their names."}
    )


class BedSchema(Schema):
    id = fields.UUID(required=True)
    label = fields.String(required=True)
    hub_home_id = fields.UUID(required=True)
    hub_home = fields.String(required=True, metadata={"description": "The hub home's name."})


class MembershipSchema(Schema):
    id = fields.UUID(required=True)
    household_id = fields.UUID(required=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(
        required=True, allow_none=True, metadata={"description": "The first day without it."}
    )
