"""Shapes of consents and of what hands the say to the child's social worker."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from hub_api.consents.models import FlagKind, Giver, How, Parent
from hub_api.households.schemas import DatedIn, DatedSchema
from hub_api.schemas import Instant, LongAgo, Schema, one_of


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
