"""Looking at the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.audit import reading
from hub_api.audit.schemas import AuditEventSchema, AuditEventsIn
from hub_api.schemas import page_of

if TYPE_CHECKING:
    from hub_api.audit.reading import Query

blp = Blueprint(
    "audit", __name__, url_prefix="/audit-events", description="Who did what, and when."
)


@blp.route("", methods=["GET"])
@blp.allow(Permission.AUDIT_READ)
@blp.arguments(AuditEventsIn(), location="query")
@blp.response(200, page_of(AuditEventSchema))
def list_audit_events(query: Query) -> Any:
    """List what was done and refused, newest first. That I looked is recorded too."""
    return page_response(reading.list_events(current_actor(), query))
