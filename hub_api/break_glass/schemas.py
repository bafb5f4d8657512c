"""Shapes of what is kept of a record opened in an emergency."""

from __future__ import annotations

from marshmallow import fields

from hub_api.break_glass.models import Finding
from hub_api.schemas import FreeText, Id, Instant, Schema, one_of


class BreakGlassIn(Schema):
    """Whose record, and why."""

    child_id = Id(required=True)
    reason = FreeText(shortest=10, longest=1000)


class ReviewIn(Schema):
    finding = fields.String(required=True, validate=one_of(Finding))


class BreakGlassSchema(Schema):
    """One opening of a child's record in an emergency."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    constellation_id = fields.UUID(required=True)
    child_id = fields.UUID(required=True)
    opened_by = fields.UUID(required=True)
    opened_at = Instant(required=True)
    expires_at = Instant(
        required=True, metadata={"description": "From then on the record is closed again."}
    )
    reason = fields.String(required=True, allow_none=True)
    reviewed_at = Instant(required=True, allow_none=True)
    reviewed_by = fields.UUID(required=True, allow_none=True)
    finding = fields.String(required=True, allow_none=True, validate=one_of(Finding))
