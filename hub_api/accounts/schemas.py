"""Shapes of logging in and of one's own account."""

from __future__ import annotations

from marshmallow import fields

from hub_api.access import Role
from hub_api.schemas import Line, Schema, length, one_of


class LoginIn(Schema):
    email = Line(
        required=True,
        validate=length(3, 254, "Please give your e-mail address."),
        metadata={"format": "email"},
    )
    password = Line(required=True, validate=length(1, 200, "Please fill this in."))


class RefreshIn(Schema):
    refresh_token = Line(required=True, validate=length(1, 200, "Please fill this in."))


class TokenPairSchema(Schema):
    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = fields.Integer(
        required=True, metadata={"description": "Seconds until the access token is out of date."}
    )


class GrantSchema(Schema):
    role = fields.String(required=True, validate=one_of(Role))
    constellation_id = fields.UUID(required=True, allow_none=True)
    household_id = fields.UUID(required=True, allow_none=True)


class MeSchema(Schema):
    id = fields.UUID(required=True)
    email = fields.String(required=True)
    display_name = fields.String(required=True)
    roles = fields.List(fields.Nested(GrantSchema), required=True)
