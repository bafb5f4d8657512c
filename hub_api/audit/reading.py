"""Reading the audit trail, which is itself recorded.

Apart from `service`, which accounts import: names come from the accounts.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID

import sqlalchemy as sa

from hub_api.accounts import service as accounts
from hub_api.audit import policy, service
from hub_api.audit.models import AuditEvent

if TYPE_CHECKING:
    from hub_api import db
    from hub_api.access import Actor


class Filters(TypedDict):
    """What to look for: `schemas.AuditEventsIn`. None means anything."""

    subject_id: UUID | None
    actor_id: UUID | None
    action: str | None
    outcome: str | None
    since: datetime | None
    until: datetime | None


SLACK = timedelta(minutes=10)
"""An event's id tells its millisecond and is made together with `at`; clocks may step a little."""


def list_events(actor: Actor, filters: Filters) -> db.Read:
    """The events the actor may see, by filter."""
    statement = sa.select(
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
    ).where(policy.visible_to(actor))
    equal = {
        AuditEvent.subject_id: filters["subject_id"],
        AuditEvent.actor_id: filters["actor_id"],
        AuditEvent.action: filters["action"],
        AuditEvent.outcome: filters["outcome"],
    }
    statement = statement.where(*(c == value for c, value in equal.items() if value is not None))
    # The ids are in order of time and indexed; `at` alone would be looked for row by row.
    if filters["since"] is not None:
        statement = statement.where(
            AuditEvent.id >= _first_id(filters["since"] - SLACK), AuditEvent.at >= filters["since"]
        )
    if filters["until"] is not None:
        statement = statement.where(
            AuditEvent.id < _first_id(filters["until"] + SLACK), AuditEvent.at < filters["until"]
        )
    return statement


def _first_id(at: datetime) -> UUID:
    """The lowest UUIDv7 of an instant."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def record_reading(actor: Actor, filters: Filters) -> None:
    """Leave a row about a look at the trail, in its transaction: unrecorded, it is not answered."""
    service.record("audit:read", actor_id=actor.account_id, subject_id=filters["subject_id"])
