"""Shapes of consents and of what hands the say to the child's social worker."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from hub_api import nights
from hub_api.consents.models import ASKED_BY_LINK, Answer, FlagKind, Giver, How, Parent
from hub_api.households.schemas import DatedIn, DatedSchema
from hub_api.schemas import Day, Instant, Line, LongAgo, Schema, length, one_of


class ConsentSchema(DatedSchema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    child_id = fields.UUID(required=True)
    giver = fields.String(required=True, validate=one_of(Giver))
    parent = fields.String(
        required=True,
        allow_none=True,
        validate=one_of(Parent),
        metadata={"description": "The parent a delegation comes from."},
    )
    how = fields.String(required=True, validate=one_of(How))
    withdrawn_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "When it was taken back; it counts for no night from then on."},
    )
    recorded_at = Instant(required=True)


class ConsentIn(DatedIn):
    """Somebody's yes to nights away."""

    giver = fields.String(required=True, validate=one_of(Giver))
    parent = fields.String(
        load_default=None,
        allow_none=True,
        validate=one_of(Parent),
        metadata={"description": "With `delegated_by_parent` only, where it has to be said."},
    )
    how = fields.String(required=True, validate=one_of(How))

    @ma.validates_schema
    def _names_the_parent(self, data: dict[str, Any], **_: Any) -> None:
        is_parents = data["giver"] == Giver.DELEGATED_BY_PARENT
        if is_parents and data["parent"] is None:
            raise ma.ValidationError("Please say which parent it comes from.", "parent")
        if not is_parents and data["parent"] is not None:
            raise ma.ValidationError("Only a parent's delegation names a parent.", "parent")

    @ma.validates("how")
    def _not_by_link(self, how: str, **_: Any) -> None:
        if how == How.BY_LINK:
            raise ma.ValidationError("What is answered behind a link records itself.")


class ConsentEndIn(Schema):
    ends_on = LongAgo(
        required=True,
        allow_none=True,
        metadata={"description": "The first day it no longer holds; null for one that holds on."},
    )


class ConsentFlagSchema(DatedSchema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    child_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=one_of(FlagKind))
    recorded_at = Instant(required=True)


class ConsentFlagIn(DatedIn):
    kind = fields.String(required=True, validate=one_of(FlagKind))


# --- asking by a link ----------------------------------------------------------------------------


def _asked() -> validate.OneOf:
    return validate.OneOf([*ASKED_BY_LINK], error="Please choose one of: {choices}.")


class ConsentLinkSchema(Schema):
    id = fields.UUID(required=True)
    child_id = fields.UUID(required=True)
    giver = fields.String(required=True, validate=_asked())
    first_night = fields.Date(required=True)
    last_night = fields.Date(required=True)
    asked_at = Instant(required=True)
    expires_at = Instant(
        required=True, metadata={"description": "From then on it can't be answered any more."}
    )
    answered_at = Instant(required=True, allow_none=True)
    answer = fields.String(required=True, allow_none=True, validate=one_of(Answer))
    answered_by = fields.String(
        required=True, allow_none=True, metadata={"description": "The name they gave."}
    )
    token = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The last part of the page's address, `/consent/` and this: told once, "
            "when the link is made, to be passed on. Null ever after."
        },
    )


class ConsentLinkIn(Schema):
    """Who is asked, about which nights."""

    giver = fields.String(required=True, validate=_asked())
    first_night = Day(required=True)
    last_night = Day(required=True)

    @ma.validates_schema
    def _nights_in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data["last_night"] < data["first_night"]:
            raise ma.ValidationError("Please choose the first night or a later one.", "last_night")
        if data["last_night"] - data["first_night"] > nights.LONGEST_STAY:
            raise ma.ValidationError("Please ask about fewer nights.", "last_night")


class ConsentAnswerIn(Schema):
    """What the form of the page sends."""

    answer = fields.String(required=True, validate=one_of(Answer))
    name = Line(required=True, validate=length(1, 100, "Please give your name."))
