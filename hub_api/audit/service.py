"""Writing the audit trail, in the transaction of what it records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from hub_api import db
from hub_api.audit.models import AuditEvent
from hub_api.request_id import request_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID


def record(
    action: str,
    *,
    actor_id: UUID | None = None,
    subject_id: UUID | None = None,
    constellation_id: UUID | None = None,
    outcome: Literal["done", "refused"] = "done",
    changed: Sequence[str] = (),
    hidden_from: Sequence[UUID] | None = None,
) -> None:
    """Add one row. If it cannot be written, neither can what it records.

    `action` is `resource:verb`; `changed` names fields, never their values. From whom anything
    about the subject was hidden before, this is as well.
    """
    event = {
        "action": action,
        "actor_id": actor_id,
        "subject_id": subject_id,
        "constellation_id": constellation_id,
        "outcome": outcome,
        "changed": [*changed],
        "request_id": request_id(),
        "hidden_from": [*hidden_from] if hidden_from else None,
    }
    # Not through the ORM: nobody keeps the row, and every change writes one.
    db.connection().execute(_INSERT, event)


def record_each(action: str, subjects: Mapping[UUID, Sequence[UUID] | None]) -> None:
    """Add one row for each of these, which nobody did but the hub itself, in one statement.

    `subjects` says from whom each is hidden.
    """
    of_all: dict[str, object] = {
        "action": action,
        "actor_id": None,
        "constellation_id": None,
        "outcome": "done",
        "changed": [],
        "request_id": request_id(),
    }
    if subjects:
        rows = [
            {**of_all, "subject_id": subject_id, "hidden_from": hidden_from}
            for subject_id, hidden_from in subjects.items()
        ]
        db.connection().execute(_INSERT, rows)


_INSERT = sa.insert(AuditEvent)
