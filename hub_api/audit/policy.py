"""Who sees which audit event.

A liaison worker: those of the constellations assigned to them. A programme manager: those of every
constellation, and the service's own (logins, refusals, accounts). A system administrator: the
service's own, so no child's record. What is hidden from somebody they don't see in any role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import Role
from hub_api.audit.models import AuditEvent

if TYPE_CHECKING:
    from hub_api.reads import Asking


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """The events the actor answers for, by the roles that oversee and by no others."""
    overseeing = (Role.LIAISON_WORKER, Role.PROGRAMME_MANAGER)
    answers_for = sa.or_(
        asking.holds(AuditEvent.constellation_id, *overseeing),
        sa.and_(AuditEvent.constellation_id.is_(None), asking.oversees_service()),
    )
    return sa.and_(answers_for, asking.is_not_kept_from(AuditEvent.hidden_from))
