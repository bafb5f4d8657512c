"""Shapes of concerns."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from hub_api.access import Role
from hub_api.concerns.models import ConcernOutcome, ConcernState
from hub_api.households.schemas import ChildSummarySchema
from hub_api.schemas import Day, FreeText, Id, Instant, PageIn, Schema, length, one_of

LONGEST = 8000
"""Characters of an account of what happened: some four pages."""


class ConcernsIn(PageIn):
    """Which concerns."""

    state = fields.String(load_default=None, validate=one_of(ConcernState))


class WritingIn(Schema):
    dry_run = fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        load_default=False,
        metadata={
            "description": "Answer who would see it, and save nothing: to be shown before anything "
            "is saved."
        },
    )


class _Children(fields.List[Any]):
    """Whom it concerns: each child once."""

    def __init__(self) -> None:
        super().__init__(
            Id(),
            required=True,
            validate=length(1, 10, "Please name one to ten children."),
            metadata={"description": "Whom it concerns: each child once, of one constellation."},
        )

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        children = super()._deserialize(value, attr, data, **kwargs)
        if len({*children}) != len(children):
            raise ma.ValidationError("Please name each child once.")
        return children


class ConcernIn(Schema):
    """Name the person by one of the two ids; `GET /concerns/people` has both sorts.

    Seen by you, the liaison workers of the constellation and the programme managers. Where it is
    about a liaison worker, the programme managers alone. Never by the person it is about, nor by
    anybody of their household, who learn nowhere in the hub that it is there.
    """

    about_adult_id = Id(
        load_default=None, allow_none=True, metadata={"description": "A grown-up on record."}
    )
    about_account_id = Id(
        load_default=None,
        allow_none=True,
        metadata={"description": "Somebody who logs in: hub carers, liaison workers, staff."},
    )
    children = _Children()
    what_happened = FreeText(
        shortest=1,
        longest=LONGEST,
        metadata={"description": "In your own words. Stored encrypted."},
    )
    happened_at = Instant(required=True, metadata={"description": "As well as you know."})

    @ma.validates_schema
    def _names_one_person(self, data: dict[str, Any], **_: Any) -> None:
        if (data["about_adult_id"] is None) == (data["about_account_id"] is None):
            raise ma.ValidationError(
                "Please name one person: either a grown-up or an account.", "about_adult_id"
            )


class ReaderSchema(Schema):
    name = fields.String(required=True)
    role = fields.String(required=True, validate=one_of(Role))


class WhoSeesSchema(Schema):
    handled_by = fields.String(
        required=True,
        validate=one_of(Role),
        metadata={"description": "Who looks into it; programme managers in any case."},
    )
    readers = fields.List(
        fields.Nested(ReaderSchema),
        required=True,
        metadata={"description": "Who will read it, apart from you. Nobody else will."},
    )
    is_shown_to_me = fields.Boolean(
        required=True,
        metadata={
            "description": "False where you live with the person: it is then never shown on your "
            "phone again."
        },
    )


class WrittenSchema(Schema):
    id = fields.UUID(required=True)
    words = fields.String(required=True, metadata={"description": "What to show the person."})


class ConcernSchema(Schema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    constellation_id = fields.UUID(required=True)
    about_adult_id = fields.UUID(required=True, allow_none=True)
    about_account_id = fields.UUID(required=True, allow_none=True)
    about = fields.String(
        required=True, allow_none=True, metadata={"description": "Their name, while it is known."}
    )
    children = fields.List(fields.Nested(ChildSummarySchema), required=True)
    happened_at = Instant(required=True)
    written_at = Instant(required=True)
    written_by = fields.UUID(required=True)
    writer = fields.String(required=True, allow_none=True, metadata={"description": "Their name."})
    handled_by = fields.String(required=True, validate=one_of(Role))
    state = fields.String(required=True, validate=one_of(ConcernState))
    outcome = fields.String(
        required=True,
        allow_none=True,
        validate=one_of(ConcernOutcome),
        metadata={"description": "The latest; for those who handle it alone."},
    )
    referred_on = fields.Date(
        required=True, allow_none=True, metadata={"description": "When it was referred to LADO."}
    )


class ConcernDetailSchema(ConcernSchema):
    what_happened = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Null when a child's texts were erased or the child has moved."},
    )


class AddendumIn(Schema):
    words = FreeText(
        shortest=1,
        longest=LONGEST,
        metadata={"description": "What is to be added. Stored encrypted."},
    )


class OutcomeIn(Schema):
    outcome = fields.String(required=True, validate=one_of(ConcernOutcome))
    referred_on = Day(
        load_default=None,
        allow_none=True,
        metadata={"description": "For `lado_referral`: when it was referred."},
    )
    words = FreeText(
        shortest=10, longest=LONGEST, metadata={"description": "Why. Stored encrypted."}
    )

    @ma.validates_schema
    def _referral_has_its_day(self, data: dict[str, Any], **_: Any) -> None:
        is_referral = data["outcome"] == ConcernOutcome.LADO_REFERRAL
        if is_referral and data["referred_on"] is None:
            raise ma.ValidationError("Please say when it was referred.", "referred_on")
        if not is_referral and data["referred_on"] is not None:
            raise ma.ValidationError("Only a referral has a day.", "referred_on")


class AddendumSchema(Schema):
    id = fields.UUID(required=True)
    concern_id = fields.UUID(required=True)
    outcome = fields.String(
        required=True,
        allow_none=True,
        validate=one_of(ConcernOutcome),
        metadata={"description": "Where this is what came of it."},
    )
    referred_on = fields.Date(required=True, allow_none=True)
    words = fields.String(required=True, allow_none=True)
    written_at = Instant(required=True)
    written_by = fields.UUID(required=True)
    writer = fields.String(required=True, allow_none=True, metadata={"description": "Their name."})


class PersonSchema(Schema):
    """Somebody who can be named in a concern."""

    id = fields.UUID(required=True)
    kind = fields.String(
        required=True,
        metadata={"description": "`adult`: send it as `about_adult_id`; `account`: the other."},
    )
    name = fields.String(required=True)
    household_id = fields.UUID(required=True, allow_none=True)
    roles = fields.List(fields.String(validate=one_of(Role)), required=True)
