"""Shapes of households. No address, on purpose."""

from __future__ import annotations

from marshmallow import fields

from hub_api.households.models import Gender
from hub_api.schemas import Schema, one_of


class AdultSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)


class ChildSummarySchema(Schema):
    """A child in four facts: what a hub carer needs before deciding."""

    id = fields.UUID(required=True)
    first_name = fields.String(required=True)
    age = fields.Integer(required=True, metadata={"description": "Whole years, today."})
    gender = fields.String(required=True, validate=one_of(Gender))


class HouseholdSchema(Schema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    constellation_id = fields.UUID(required=True)
    name = fields.String(required=True)
    adults = fields.List(fields.Nested(AdultSchema), required=True)
    children = fields.List(fields.Nested(ChildSummarySchema), required=True)
