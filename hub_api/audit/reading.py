"""Reading the audit trail, which is itself recorded.

Apart from `service`, which accounts import: names come from the accounts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from hub_api import db, reads
from hub_api.accounts import service as accounts
from hub_api.audit import policy, service
from hub_api.audit.models import AuditEvent
from hub_api.reads import ASKING, PageArgs, parameter

if TYPE_CHECKING:
    from hub_api.access import Actor
    from hub_api.reads import Page


class Query(PageArgs):
    """A page of what is looked for: `schemas.AuditEventsIn`. None means anything."""

    subject_id: UUID | None
    actor_id: UUID | None
    action: str | None
    outcome: str | None
    since: datetime | None
    until: datetime | None


SLACK = timedelta(minutes=10)
"""An event's id tells its millisecond and is made together with `at`; clocks may step a little."""


def _events() -> reads.Select:
    return sa.select(
        AuditEvent.id,
        AuditEvent.at,
        AuditEvent.actor_id,
        accounts.name_of(AuditEvent.actor_id).label("actor"),
        AuditEvent.action,
        AuditEvent.outcome,
        AuditEvent.subject_id,
        AuditEvent.constellation_id,
        AuditEvent.request_id,
        AuditEvent.changed,
    ).where(policy.visible_to(ASKING))


EVENTS = reads.Read(
    _events,
    key=AuditEvent.id,
    subject_id=AuditEvent.subject_id == parameter("subject_id", sa.Uuid()),
    actor_id=AuditEvent.actor_id == parameter("actor_id", sa.Uuid()),
    action=AuditEvent.action == parameter("action", sa.Text()),
    # Written out and not a parameter, so that the index of refusals serves it.
    refused=AuditEvent.outcome == sa.literal_column("'refused'"),
    done=AuditEvent.outcome == sa.literal_column("'done'"),
    # The ids are in order of time and indexed; `at` alone would be looked for row by row.
    since=sa.and_(
        AuditEvent.id >= parameter("first_id", sa.Uuid()),
        AuditEvent.at >= parameter("since", db.UtcDateTime()),
    ),
    until=sa.and_(
        AuditEvent.id < parameter("last_id", sa.Uuid()),
        AuditEvent.at < parameter("until", db.UtcDateTime()),
    ),
)


def list_events(actor: Actor, query: Query) -> Page:
    """The events the actor may see, by filter, newest first. That they looked is recorded.

    In one transaction: a look that can't be recorded is not answered.
    """
    since, until = query["since"], query["until"]
    page = EVENTS.page(
        actor,
        query,
        subject_id=query["subject_id"],
        actor_id=query["actor_id"],
        action=query["action"],
        refused=True if query["outcome"] == "refused" else None,
        done=True if query["outcome"] == "done" else None,
        since=since,
        first_id=_first_id(since - SLACK) if since else None,
        until=until,
        last_id=_first_id(until + SLACK) if until else None,
    )
    service.record("audit:read", actor_id=actor.account_id, subject_id=query["subject_id"])
    return page


def _first_id(at: datetime) -> UUID:
    """The lowest UUIDv7 of an instant."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
