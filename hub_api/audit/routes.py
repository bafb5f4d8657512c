"""Looking at the audit trail."""

from __future__ import annotations

from typing import Any

from hub_api.access import Permission
from hub_api.api import Blueprint, PageArgs, current_actor, keyset_page
from hub_api.audit import reading
from hub_api.audit.models import AuditEvent
from hub_api.audit.schemas import AuditEventSchema, AuditEventsIn
from hub_api.schemas import page_of

blp = Blueprint(
    "audit", __name__, url_prefix="/audit-events", description="Who did what, and when."
)


class Query(PageArgs, reading.Filters):
    """A page of what is looked for."""


@blp.route("", methods=["GET"])
@blp.allow(Permission.AUDIT_READ)
@blp.arguments(AuditEventsIn(), location="query")
@blp.response(200, page_of(AuditEventSchema))
def list_audit_events(query: Query) -> Any:
    """List what was done and refused, newest first. That I looked is recorded too."""
    actor = current_actor()
    page = keyset_page(reading.list_events(actor, query), AuditEvent.id, query)
    reading.record_reading(actor, query)
    return page
