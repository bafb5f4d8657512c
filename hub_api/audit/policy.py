"""Who sees which audit event.

A liaison worker: those of the constellations assigned to them. A programme manager: those of every
constellation, and the service's own (logins, refusals, accounts). A system administrator: the
service's own, so no child's record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import Role
from hub_api.audit.models import AuditEvent

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from hub_api.access import Actor


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The events the actor answers for, by the roles that oversee and by no others."""
    constellations = actor.constellations(Role.LIAISON_WORKER, Role.PROGRAMME_MANAGER)
    theirs = AuditEvent.constellation_id.in_(constellations)
    if not actor.oversees_service():
        return theirs
    services = AuditEvent.constellation_id.is_(None)
    return sa.or_(services, theirs) if constellations else services
