"""Shapes of what is written about a stay."""

from __future__ import annotations

from marshmallow import fields, validate

from hub_api.care.models import EntryKind, IncidentKind, Told
from hub_api.schemas import FreeText, Id, Instant, Schema, one_of

LONGEST = 4000
"""Characters of one entry."""

_ERASED = {"description": "Null once the child has moved away or the child's texts are erased."}


class _WrittenSchema(Schema):
    id = fields.UUID(required=True)
    sleepover_id = fields.UUID(required=True)
    written_by = fields.UUID(required=True, metadata={"description": "The account."})
    written_at = Instant(required=True)


# --- log -------------------------------------------------------------------------------------


class StayEntryIn(Schema):
    kind = fields.String(
        load_default=EntryKind.FACT,
        validate=one_of(EntryKind),
        metadata={"description": "What was seen, what the writer thinks, or what they were told."},
    )
    text = FreeText(longest=LONGEST, shortest=2, metadata={"description": "Stored encrypted."})
    happened_at = Instant(
        load_default=None, allow_none=True, metadata={"description": "By default, now."}
    )
    adds_to = Id(
        load_default=None,
        allow_none=True,
        metadata={"description": "The entry that this one corrects or adds to."},
    )


class StayEntrySchema(_WrittenSchema):
    adds_to = fields.UUID(required=True, allow_none=True)
    kind = fields.String(required=True, validate=one_of(EntryKind))
    text = fields.String(required=True, allow_none=True, metadata=_ERASED)
    happened_at = Instant(required=True)


# --- incidents -------------------------------------------------------------------------------


class IncidentIn(Schema):
    kind = fields.String(required=True, validate=one_of(IncidentKind))
    account = FreeText(
        longest=LONGEST,
        shortest=2,
        metadata={"description": "What happened, and what was done. Stored encrypted."},
    )
    happened_at = Instant(
        load_default=None, allow_none=True, metadata={"description": "By default, now."}
    )


class IncidentToldIn(Schema):
    notified_to = fields.List(
        fields.String(validate=one_of(Told)),
        required=True,
        validate=validate.Length(1, len(Told), error="Please say who was told."),
    )
    notified_at = Instant(
        load_default=None, allow_none=True, metadata={"description": "By default, now."}
    )


class IncidentSchema(_WrittenSchema):
    version = fields.Integer(required=True)
    kind = fields.String(required=True, validate=one_of(IncidentKind))
    account = fields.String(required=True, allow_none=True, metadata=_ERASED)
    happened_at = Instant(required=True)
    notify_by = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "When others must know of it; null where nobody has to."},
    )
    notified_at = Instant(required=True, allow_none=True)
    notified_to = fields.List(fields.String(validate=one_of(Told)), required=True, allow_none=True)
    notified_by = fields.UUID(required=True, allow_none=True)


# --- missing ---------------------------------------------------------------------------------


def _told(who: str) -> Instant:
    return Instant(
        load_default=None,
        allow_none=True,
        metadata={"description": f"When {who} was told; of two times the earlier one stands."},
    )


class MissingToldIn(Schema):
    police_at = _told("the police")
    edt_at = _told("the emergency duty team")
    social_worker_at = _told("the child's social worker")


class MissingIn(MissingToldIn):
    """Everything may be left out: the report itself is what matters."""

    noticed_at = Instant(
        load_default=None,
        allow_none=True,
        metadata={"description": "When the child was found to be missing; by default, now."},
    )
    agreed_at = Instant(
        load_default=None,
        allow_none=True,
        metadata={"description": "When the child was to be back, if that was agreed."},
    )
    circumstances = FreeText(
        longest=LONGEST,
        metadata={"description": "What is known, for those who look. Stored encrypted."},
    )


class ReturnedIn(Schema):
    returned_at = Instant(
        load_default=None, allow_none=True, metadata={"description": "By default, now."}
    )


class InterviewIn(Schema):
    held_at = Instant(
        load_default=None, allow_none=True, metadata={"description": "By default, now."}
    )


class MissingEpisodeSchema(_WrittenSchema):
    version = fields.Integer(required=True)
    agreed_at = Instant(required=True, allow_none=True)
    noticed_at = Instant(required=True)
    circumstances = fields.String(required=True, allow_none=True, metadata=_ERASED)
    police_at = Instant(required=True, allow_none=True)
    edt_at = Instant(required=True, allow_none=True)
    social_worker_at = Instant(required=True, allow_none=True)
    returned_at = Instant(required=True, allow_none=True)
    interview_due_at = Instant(required=True, allow_none=True)
    interview_held_at = Instant(required=True, allow_none=True)
