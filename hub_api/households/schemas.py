"""Shapes of households, their people, and what is on record about them. No address, on purpose."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from hub_api.households.models import Gender, KeptApartReason, LegalStatus
from hub_api.schemas import Id, Instant, Line, LongAgo, Schema, length, one_of

# --- parts -------------------------------------------------------------------------------------


def _name(words: str, **options: Any) -> Line:
    return Line(
        **{"required": True, **options},
        validate=[
            length(1, 100, f"Please give {words} of at most 100 characters."),
            validate.Regexp(r".*\S", error=f"Please give {words}."),
        ],
    )


def _authority(**options: Any) -> Line:
    return _name("the name of a local authority", **options)


class Number(fields.Integer):
    """A whole number, and nothing that resembles one."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        words = f"Please choose {least} to {most}."
        super().__init__(**kwargs, validate=validate.Range(least, most, error=words))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class _Children(fields.List[Any]):
    """Ids of children, each once."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        words = f"Please name {least} to {most} children."
        super().__init__(Id(), **kwargs, validate=length(least, most, words))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        children = super()._deserialize(value, attr, data, **kwargs)
        if len(set(children)) != len(children):
            raise ma.ValidationError("Please name each child once.")
        return children


class _Changes(Schema):
    """What may be changed: at least one of them."""

    @ma.validates_schema
    def _something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ma.ValidationError("Please say what is to change.", next(iter(self.fields)))


class DatedIn(Schema):
    starts_on = LongAgo(required=True)
    ends_on = LongAgo(
        load_default=None,
        allow_none=True,
        metadata={"description": "The first day it no longer holds; null without end."},
    )

    @ma.validates_schema
    def _ends_after_start(self, data: dict[str, Any], **_: Any) -> None:
        if data["ends_on"] is not None and data["ends_on"] <= data["starts_on"]:
            raise ma.ValidationError("Please choose a day after the start.", "ends_on")


class RecordEndIn(Schema):
    ends_on = LongAgo(required=True, metadata={"description": "The first day it no longer holds."})


class DatedSchema(Schema):
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "The first day it no longer holds."},
    )


# --- households --------------------------------------------------------------------------------


class AdultSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    account_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "Of a carer who logs in; for those who keep records alone."},
    )


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
    closed_on = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "The first day it is no longer part of the service."},
    )
    adults = fields.List(
        fields.Nested(AdultSchema),
        required=True,
        metadata={"description": "Who lives there today."},
    )
    children = fields.List(
        fields.Nested(ChildSummarySchema),
        required=True,
        metadata={"description": "Who lives there today."},
    )


class HouseholdIn(Schema):
    constellation_id = Id(required=True)
    name = _name("a name")


class HouseholdNameIn(Schema):
    name = _name("a name")


class MoveIn(Schema):
    constellation_id = Id(required=True, metadata={"description": "Where it belongs from today."})


# --- adults ------------------------------------------------------------------------------------


class AdultDetailSchema(AdultSchema):
    version = fields.Integer(required=True)
    household_id = fields.UUID(required=True)
    dbs_issued_on = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "The date on the newest DBS certificate."},
    )
    left_on = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "The first day they no longer live there."},
    )


class AdultIn(Schema):
    name = _name("a name")
    dbs_issued_on = LongAgo(load_default=None, allow_none=True)


class AdultChangeIn(_Changes):
    name = _name("a name", required=False)
    dbs_issued_on = LongAgo(allow_none=True)
    left_on = LongAgo(allow_none=True)
    account_id = fields.UUID(
        allow_none=True,
        metadata={"description": "What they log in with: the account of a carer of the household."},
    )


# --- children ----------------------------------------------------------------------------------


class ChildSchema(ChildSummarySchema):
    """A child's facts, for the own household's carers and those who keep records."""

    version = fields.Integer(required=True)
    household_id = fields.UUID(required=True)
    constellation_id = fields.UUID(required=True)
    born_on = fields.Date(required=True)
    legal_status = fields.String(required=True, validate=one_of(LegalStatus))
    placed_on = fields.Date(
        required=True, allow_none=True, metadata={"description": "When this placement began."}
    )
    left_on = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "The first day the child no longer lives there."},
    )
    bereaved_on = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "When the child last lost somebody close."},
    )
    sibling_group_id = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "The same for brothers and sisters, wherever they live."},
    )
    responsible_authority = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The local authority that holds the child's care plan."},
    )


class ChildIn(Schema):
    first_name = _name("a first name")
    born_on = LongAgo(required=True)
    gender = fields.String(required=True, validate=one_of(Gender))
    legal_status = fields.String(required=True, validate=one_of(LegalStatus))
    placed_on = LongAgo(load_default=None, allow_none=True)
    bereaved_on = LongAgo(load_default=None, allow_none=True)
    responsible_authority = _authority(required=False, load_default=None, allow_none=True)


class ChildChangeIn(_Changes):
    first_name = _name("a first name", required=False)
    born_on = LongAgo()
    gender = fields.String(validate=one_of(Gender))
    legal_status = fields.String(validate=one_of(LegalStatus))
    placed_on = LongAgo(allow_none=True)
    bereaved_on = LongAgo(allow_none=True)
    responsible_authority = _authority(required=False, allow_none=True)


class LeaveIn(Schema):
    left_on = LongAgo(
        required=True, metadata={"description": "The first day the child no longer lives there."}
    )


class SiblingsIn(Schema):
    children = _Children(
        0, 20, required=True, metadata={"description": "The others; none takes the child out."}
    )


# --- terms -------------------------------------------------------------------------------------


def _genders(**options: Any) -> fields.List[Any]:
    return fields.List(
        fields.String(validate=one_of(Gender)),
        validate=length(1, len(Gender), "Please choose at least one."),
        **options,
    )


class ApprovalSchema(DatedSchema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    household_id = fields.UUID(required=True)
    max_children = fields.Integer(required=True)
    min_age = fields.Integer(required=True)
    max_age = fields.Integer(required=True)
    genders = fields.List(fields.String(validate=one_of(Gender)), required=True)
    review_due_on = fields.Date(required=True)


class ApprovalIn(DatedIn):
    max_children = Number(1, 20, required=True)
    min_age = Number(0, 25, required=True)
    max_age = Number(0, 25, required=True)
    genders = _genders(required=True)
    review_due_on = LongAgo(
        required=True,
        metadata={"description": "The last day of the year that the review covers."},
    )

    @ma.validates_schema
    def _ages_in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data["max_age"] < data["min_age"]:
            raise ma.ValidationError("Please choose an age above the youngest.", "max_age")


class ApprovalChangeIn(_Changes):
    ends_on = LongAgo(allow_none=True)
    max_children = Number(1, 20)
    min_age = Number(0, 25)
    max_age = Number(0, 25)
    genders = _genders()
    review_due_on = LongAgo()


class FosteringExemptionSchema(DatedSchema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    household_id = fields.UUID(required=True)
    authority = fields.String(required=True)
    children = fields.List(
        fields.UUID(), required=True, metadata={"description": "The children it names, by id."}
    )
    recorded_at = Instant(required=True)


class FosteringExemptionIn(DatedIn):
    authority = _authority(
        metadata={"description": "Where the carer lives, which may not be where the child is from."}
    )
    children = _Children(1, 20, required=True)


# --- pairs of children -------------------------------------------------------------------------


class KeptApartSchema(DatedSchema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    child_id = fields.UUID(required=True)
    other_child_id = fields.UUID(required=True)
    reason = fields.String(required=True, validate=one_of(KeptApartReason))
    recorded_at = Instant(required=True)


class KeptApartIn(Schema):
    other_child_id = Id(required=True)
    reason = fields.String(required=True, validate=one_of(KeptApartReason))
    starts_on = LongAgo(
        load_default=None, allow_none=True, metadata={"description": "Left out: today."}
    )


class SharingAgreementSchema(DatedSchema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    child_id = fields.UUID(required=True)
    with_child_id = fields.UUID(required=True)
    authority = fields.String(required=True)
    recorded_at = Instant(required=True)


class SharingAgreementIn(DatedIn):
    with_child_id = Id(required=True)
    authority = _authority(metadata={"description": "The responsible authority of this child."})
