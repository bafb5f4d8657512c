"""Shapes of emergencies."""

from __future__ import annotations

from marshmallow import fields

from hub_api.emergencies.models import AskedFor, EmergencyAnswer, EmergencyState, TermsReason
from hub_api.respite.schemas import Children, Reason
from hub_api.schemas import FreeText, Id, Instant, PageIn, Schema, one_of


class EmergenciesIn(PageIn):
    """Which emergencies."""

    state = fields.String(load_default=None, validate=one_of(EmergencyState))


class EmergencyAsksIn(PageIn):
    """Which questions."""

    is_open = fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        load_default=None,
        metadata={"description": "Only those that still wait for an answer."},
    )


class EmergencyIn(Schema):
    """The least that must be said: the children come now."""

    household_id = Id(required=True)
    children = Children(required=True)
    until = Instant(
        required=True, metadata={"description": "When they can go home again, as far as is known."}
    )
    reason = Reason(required=True)
    note = FreeText(
        longest=2000,
        metadata={"description": "What those who decide should know. Stored encrypted."},
    )
    asked_for = fields.String(
        load_default=AskedFor.CARER,
        validate=one_of(AskedFor),
        metadata={"description": "Who rang, when somebody asks on another's behalf."},
    )


class TermsIn(Schema):
    reason = fields.String(required=True, validate=one_of(TermsReason))


class AskBriefSchema(Schema):
    id = fields.UUID(required=True)
    hub_home_id = fields.UUID(required=True)
    step = fields.Integer(required=True)
    asked_at = Instant(required=True)
    answer = fields.String(required=True, allow_none=True, validate=one_of(EmergencyAnswer))
    answered_at = Instant(required=True, allow_none=True)


_AGES = {"description": "In years; nothing else is told of the children before somebody says yes."}


class EmergencySchema(Schema):
    id = fields.UUID(required=True, metadata={"description": "Of the respite request, too."})
    constellation_id = fields.UUID(required=True)
    household_id = fields.UUID(required=True)
    asked_for = fields.String(required=True, validate=one_of(AskedFor))
    state = fields.String(required=True, validate=one_of(EmergencyState))
    arrives_at = Instant(required=True)
    departs_at = Instant(required=True)
    nights = fields.List(fields.Date(), required=True)
    ages = fields.List(fields.Integer(), required=True)
    step = fields.Integer(
        required=True,
        metadata={"description": "1: the own hub is asked; 2: others, too; 3: please ring."},
    )
    next_step_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "When the next are asked, unless somebody says yes before."},
    )
    created_at = Instant(required=True)
    terms_reason = fields.String(required=True, allow_none=True, validate=one_of(TermsReason))
    asks = fields.List(fields.Nested(AskBriefSchema), required=True)
    what_next = fields.String(
        required=True, metadata={"description": "For the person: what happens next."}
    )
    edt_telephone = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The emergency duty team's number, to show at all times."},
    )


class EmergencyAskSchema(Schema):
    id = fields.UUID(required=True)
    constellation_id = fields.UUID(
        required=True, metadata={"description": "Whose hub carers answer."}
    )
    hub_home_id = fields.UUID(required=True)
    arrives_at = Instant(required=True)
    departs_at = Instant(required=True)
    nights = fields.List(fields.Date(), required=True)
    ages = fields.List(fields.Integer(), required=True, metadata=_AGES)
    asked_at = Instant(required=True)
    answer = fields.String(required=True, allow_none=True, validate=one_of(EmergencyAnswer))
    answered_at = Instant(required=True, allow_none=True)
