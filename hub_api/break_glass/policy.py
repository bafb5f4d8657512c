"""Who opens a child's record in an emergency, and who looks at it afterwards.

A programme manager opens, of any child, for an hour. Every opening is shown to the programme
managers and to the liaison workers of the child's constellation, and one of them who is somebody
else says whether it was right (security.md, Audit).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api.access import Role
from hub_api.break_glass.models import BreakGlass
from hub_api.db import UtcDateTime
from hub_api.reads import parameter

if TYPE_CHECKING:
    from hub_api.access import Actor
    from hub_api.reads import Asking


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """The openings in the constellations one answers for."""
    return asking.holds(BreakGlass.constellation_id, Role.LIAISON_WORKER, Role.PROGRAMME_MANAGER)


def can_open(asking: Asking, constellation_id: Any) -> sa.ColumnElement[bool]:
    """The children whose records a programme manager may open."""
    return asking.holds(constellation_id, Role.PROGRAMME_MANAGER)


def is_open_to(asking: Asking, child_id: Any) -> sa.ColumnElement[bool]:
    """Whether the actor has opened this child's record and the hour is not over; the parameter
    `now` is the instant."""
    return sa.exists().where(
        BreakGlass.child_id == child_id,
        asking.is_account(BreakGlass.opened_by),
        asking.holds(BreakGlass.constellation_id, Role.PROGRAMME_MANAGER),
        BreakGlass.expires_at > parameter("now", UtcDateTime()),
    )


def can_review(actor: Actor, opening: BreakGlass) -> bool:
    """Anybody who sees it but the one who opened."""
    return opening.opened_by != actor.account_id
