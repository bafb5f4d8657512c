"""Shapes of what is written about a stay."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from hub_api.care.handover_models import HandoverKind, WouldComeAgain
from hub_api.care.medicine_models import DoseOutcome
from hub_api.care.models import IncidentKind, MustKnow, StayEntryKind, ToldWhom
from hub_api.schemas import Flag, FreeText, Id, Instant, Schema, one_of

LONGEST = 4000
"""Characters of one entry."""

_CORRECTED_BY = {"description": "The record that says it right; null for what counts."}
_ERASED = {"description": "Null once the child has moved away or the child's texts are erased."}


class _WrittenSchema(Schema):
    id = fields.UUID(required=True)
    sleepover_id = fields.UUID(required=True)
    written_by = fields.UUID(required=True, metadata={"description": "The account."})
    written_at = Instant(required=True)


# --- log -------------------------------------------------------------------------------------


class StayEntryIn(Schema):
    kind = fields.String(
        load_default=StayEntryKind.FACT,
        validate=one_of(StayEntryKind),
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
    kind = fields.String(required=True, validate=one_of(StayEntryKind))
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
        fields.String(validate=one_of(MustKnow)),
        required=True,
        validate=validate.Length(1, len(MustKnow), error="Please say who was told."),
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
    notified_to = fields.List(
        fields.String(validate=one_of(MustKnow)), required=True, allow_none=True
    )
    notified_by = fields.UUID(required=True, allow_none=True)


# --- missing ---------------------------------------------------------------------------------


def _told(who: str) -> Instant:
    return Instant(
        load_default=None,
        allow_none=True,
        metadata={"description": f"When {who} was told; of two times the earlier one stands."},
    )


class ToldOfIn(Schema):
    police_at = _told("the police")
    edt_at = _told("the emergency duty team")
    social_worker_at = _told("the child's social worker")


class MissingToldIn(ToldOfIn):
    corrects = fields.List(
        fields.String(validate=one_of(ToldWhom)),
        load_default=list,
        validate=validate.Length(0, len(ToldWhom), error="Please name each once."),
        metadata={
            "description": "Times on record that are wrong: what is given here takes their place,"
            " and what isn't given is taken back."
        },
    )


class MissingIn(ToldOfIn):
    """Everything may be left out: the report itself is what matters. A time that is hours before
    the child was missed is left open, and kept in the stay's log."""

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
        metadata={
            "description": "What is known, for those who look. Stored encrypted; where the child's"
            " texts are erased the report is taken without it, and shows none."
        },
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


# --- outings ---------------------------------------------------------------------------------


class OutingIn(Schema):
    agreed_back_at = Instant(
        required=True, metadata={"description": "When the child is to be back at the hub."}
    )


class BackIn(Schema):
    back_at = Instant(
        load_default=None, allow_none=True, metadata={"description": "By default, now."}
    )


class OutingSchema(_WrittenSchema):
    agreed_back_at = Instant(required=True)
    back_at = Instant(required=True, allow_none=True)


# --- medicines -------------------------------------------------------------------------------


class MedicationIn(Schema):
    medicine_id = Id(required=True, metadata={"description": "A medicine of the child's pack."})
    due_at = Instant(
        load_default=None,
        allow_none=True,
        metadata={"description": "The time prescribed; null for what is given as needed."},
    )
    outcome = fields.String(required=True, validate=one_of(DoseOutcome))
    why = FreeText(
        longest=LONGEST,
        metadata={
            "description": "Needed unless it was given, and in a correction: why the record was"
            " wrong. Stored encrypted."
        },
    )
    given_at = Instant(
        load_default=None, allow_none=True, metadata={"description": "By default, now."}
    )
    corrects = Id(
        load_default=None,
        allow_none=True,
        metadata={"description": "The record of the same dose that this one puts right."},
    )

    @ma.validates_schema
    def _says_why_not(self, data: dict[str, Any], **_: Any) -> None:
        if data["corrects"] is not None and data["why"] is None:
            raise ma.ValidationError("Please say what was wrong.", "why")
        if data["corrects"] is None and data["outcome"] == DoseOutcome.RECORDED_IN_ERROR:
            raise ma.ValidationError("Please say which record is meant.", "corrects")
        if data["outcome"] == DoseOutcome.GIVEN:
            return
        if data["why"] is None:
            raise ma.ValidationError("Please say why it wasn't given.", "why")
        if data["given_at"] is not None:
            raise ma.ValidationError("It wasn't given, so please leave this out.", "given_at")


class MedicationRecordSchema(_WrittenSchema):
    medicine_id = fields.UUID(required=True)
    due_at = Instant(required=True, allow_none=True)
    corrects = fields.UUID(required=True, allow_none=True)
    corrected_by = fields.UUID(required=True, allow_none=True, metadata=_CORRECTED_BY)
    outcome = fields.String(required=True, validate=one_of(DoseOutcome))
    why = fields.String(required=True, allow_none=True, metadata=_ERASED)
    given_at = Instant(required=True, allow_none=True)


# --- handover and return ---------------------------------------------------------------------


class MedicineCountIn(Schema):
    medicine_id = Id(required=True)
    counted = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(0, 10_000, error="Please choose 0 to 10,000."),
        metadata={"description": "Doses, as the pack has the dose."},
    )


class CareHandoverIn(Schema):
    kind = fields.String(required=True, validate=one_of(HandoverKind))
    happened_at = Instant(
        load_default=None, allow_none=True, metadata={"description": "By default, now."}
    )
    place = FreeText(longest=200, metadata={"description": "Stored encrypted."})
    belongings = FreeText(longest=2000, metadata={"description": "Stored encrypted."})
    collection_at = Instant(
        load_default=None,
        allow_none=True,
        metadata={
            "description": "With a handover: when the child is to be collected. Stored encrypted."
        },
    )
    collection_place = FreeText(
        longest=200,
        metadata={"description": "With a handover: where from, and by whom. Stored encrypted."},
    )
    note = FreeText(longest=2000, metadata={"description": "Stored encrypted."})
    counts = fields.List(
        fields.Nested(MedicineCountIn),
        load_default=list,
        validate=validate.Length(0, 50, error="Please keep this to 50 medicines."),
        metadata={"description": "Every medicine of the child, also those of which none came."},
    )
    corrects = Id(
        load_default=None,
        allow_none=True,
        metadata={"description": "The record that this one writes anew, as it was."},
    )
    why = FreeText(
        longest=2000,
        metadata={"description": "In a correction: what was wrong. Stored encrypted."},
    )

    @ma.validates_schema
    def _says_why(self, data: dict[str, Any], **_: Any) -> None:
        if data["corrects"] is not None and data["why"] is None:
            raise ma.ValidationError("Please say what was wrong.", "why")

    @ma.validates_schema
    def _is_still_to_be_collected(self, data: dict[str, Any], **_: Any) -> None:
        if data["kind"] == HandoverKind.RETURN:
            for name in ("collection_at", "collection_place"):
                if data[name] is not None:
                    raise ma.ValidationError("The child is home: there is nothing to agree.", name)


class MedicineCountSchema(Schema):
    medicine_id = fields.UUID(required=True)
    counted = fields.Integer(required=True)


class CareHandoverSchema(_WrittenSchema):
    version = fields.Integer(required=True)
    kind = fields.String(required=True, validate=one_of(HandoverKind))
    corrects = fields.UUID(required=True, allow_none=True)
    corrected_by = fields.UUID(required=True, allow_none=True, metadata=_CORRECTED_BY)
    why = fields.String(required=True, allow_none=True, metadata=_ERASED)
    happened_at = Instant(required=True)
    place = fields.String(required=True, allow_none=True, metadata=_ERASED)
    belongings = fields.String(required=True, allow_none=True, metadata=_ERASED)
    collection_at = Instant(required=True, allow_none=True, metadata=_ERASED)
    collection_place = fields.String(required=True, allow_none=True, metadata=_ERASED)
    note = fields.String(required=True, allow_none=True, metadata=_ERASED)
    counts = fields.List(fields.Nested(MedicineCountSchema), required=True)
    family_confirmed_at = Instant(required=True, allow_none=True)
    family_confirmed_by = fields.UUID(required=True, allow_none=True)
    hub_confirmed_at = Instant(required=True, allow_none=True)
    hub_confirmed_by = fields.UUID(required=True, allow_none=True)


# --- debrief ---------------------------------------------------------------------------------


class DebriefIn(Schema):
    would_come_again = fields.String(required=True, validate=one_of(WouldComeAgain))
    own_words = FreeText(
        longest=LONGEST, metadata={"description": "What the child says. Stored encrypted."}
    )
    is_shared = Flag(
        load_default=False,
        metadata={"description": "Whether the hub carer may read the child's words."},
    )


class DebriefSchema(_WrittenSchema):
    would_come_again = fields.String(required=True, validate=one_of(WouldComeAgain))
    own_words = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Null for the hub carer unless shared, and once erased."},
    )
    is_shared = fields.Boolean(required=True)
