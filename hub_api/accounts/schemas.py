"""Shapes of logging in, of one's own account, and of everybody's for those who manage them."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from hub_api.access import Role
from hub_api.accounts.models import AccountState
from hub_api.schemas import Day, Id, Instant, Line, Schema, length, one_of

# --- logging in ------------------------------------------------------------------------------


def _password(**metadata: str) -> Line:
    words = "Please give 1 to 200 characters."
    return Line(required=True, validate=length(1, 200, words), metadata=metadata)


def _email(**options: Any) -> Line:
    return Line(
        **{"required": True, **options},
        validate=[
            length(3, 254, "Please give your e-mail address."),
            ma.validate.Regexp(
                r"\s*[^@\s]+@[^@\s]+\s*\Z", error="That doesn't look like an e-mail address."
            ),
        ],
        metadata={"format": "email"},
    )


def _name(**options: Any) -> Line:
    return Line(
        **{"required": True, **options},
        validate=[
            length(1, 100, "Please give a name of at most 100 characters."),
            ma.validate.Regexp(r".*\S", error="Please give a name."),
        ],
    )


class LoginIn(Schema):
    email = Line(
        required=True,
        validate=length(3, 254, "Please give your e-mail address."),
        metadata={"format": "email"},
    )
    password = _password()


class RefreshIn(Schema):
    refresh_token = Line(required=True, validate=length(1, 200, "Please fill this in."))


class ActivateIn(Schema):
    code = Line(
        required=True,
        validate=length(1, 100, "Please give the code of your invitation."),
        metadata={"description": "However it is typed: spaces, dashes and capitals don't matter."},
    )
    password = _password(description="At least 10 characters; three random words work well.")


class PasswordIn(Schema):
    current_password = _password()
    new_password = _password(description="At least 10 characters; three random words work well.")


class TokenPairSchema(Schema):
    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in = fields.Integer(
        required=True, metadata={"description": "Seconds until the access token is out of date."}
    )


class SessionSchema(Schema):
    id = fields.UUID(required=True)
    device = fields.String(
        required=True, metadata={"description": "What the phone or browser calls itself."}
    )
    started_at = Instant(required=True)
    seen_at = Instant(required=True)
    expires_at = Instant(required=True)
    is_this_one = fields.Boolean(required=True)


# --- one's own account -----------------------------------------------------------------------


class GrantSchema(Schema):
    role = fields.String(required=True, validate=one_of(Role))
    constellation_id = fields.UUID(required=True, allow_none=True)
    household_id = fields.UUID(required=True, allow_none=True)


class MeSchema(Schema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    email = fields.String(required=True)
    display_name = fields.String(required=True)
    roles = fields.List(fields.Nested(GrantSchema), required=True)


class MeIn(Schema):
    display_name = _name()


# --- managing accounts -----------------------------------------------------------------------


class RoleIn(Schema):
    role = fields.String(required=True, validate=one_of(Role))
    constellation_id = Id(
        load_default=None,
        allow_none=True,
        metadata={"description": "Of a hub carer or liaison worker."},
    )
    household_id = Id(
        load_default=None, allow_none=True, metadata={"description": "Of a satellite carer."}
    )
    starts_on = Day(
        load_default=None, allow_none=True, metadata={"description": "Left out: today."}
    )


class InviteIn(Schema):
    email = _email()
    display_name = _name()
    roles = fields.List(
        fields.Nested(RoleIn),
        load_default=list,
        validate=length(0, 10, "Please give at most ten roles."),
    )


class AccountIn(Schema):
    """What may be changed: at least one of the two."""

    email = _email(required=False)
    display_name = _name(required=False)

    @ma.validates_schema
    def _something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ma.ValidationError("Please give a new name or e-mail address.", "display_name")


class EndRoleIn(Schema):
    ends_on = Day(
        load_default=None,
        allow_none=True,
        metadata={"description": "The first day it no longer holds. Left out: today."},
    )


class RoleGrantSchema(GrantSchema):
    id = fields.UUID(required=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True, allow_none=True)


class AccountSchema(Schema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    email = fields.String(required=True)
    display_name = fields.String(required=True)
    state = fields.String(required=True, validate=one_of(AccountState))
    created_at = Instant(required=True)
    roles = fields.List(
        fields.Nested(RoleGrantSchema),
        required=True,
        metadata={"description": "Past and future ones included."},
    )


class InvitedAccountSchema(AccountSchema):
    invite_code = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "To be passed on to the person. Shown once: null when the same "
            "request is sent again."
        },
    )
