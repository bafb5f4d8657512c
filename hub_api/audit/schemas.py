"""Shapes of the audit trail."""

from __future__ import annotations

from marshmallow import fields

from hub_api.audit.models import AuditOutcome
from hub_api.schemas import Id, Instant, Line, PageIn, Schema, length, one_of


class AuditEventsIn(PageIn):
    """What to look for."""

    subject_id = Id(load_default=None, metadata={"description": "What it was done to."})
    actor_id = Id(load_default=None, metadata={"description": "The account that did it."})
    action = Line(
        load_default=None,
        validate=length(1, 80, "Please give 1 to 80 characters."),
        metadata={"description": "Such as `respite_request:accept`."},
    )
    outcome = fields.String(load_default=None, validate=one_of(AuditOutcome))
    since = Instant(load_default=None, metadata={"description": "From this instant on."})
    until = Instant(load_default=None, metadata={"description": "Up to, and not at, this instant."})


class AuditEventSchema(Schema):
    id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    actor_id = fields.UUID(required=True, allow_none=True)
    actor = fields.String(
        required=True, allow_none=True, metadata={"description": "Their name, where it is known."}
    )
    action = fields.String(required=True)
    outcome = fields.String(required=True, validate=one_of(AuditOutcome))
    subject_id = fields.UUID(required=True, allow_none=True)
    constellation_id = fields.UUID(required=True, allow_none=True)
    request_id = fields.String(required=True)
    changed = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Names of the fields that changed; never what they hold."},
    )
