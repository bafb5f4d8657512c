"""Who sees which task, and so may do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import OVERSEEING, Role
from hub_api.tasks.models import Task

if TYPE_CHECKING:
    from hub_api.reads import Asking


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """Those who hold the task's role in its constellation, and the programme manager.

    The programme manager stands in where nobody holds the role (domain.md §2: overrides), so what
    can be seen can be done. Never those from whom it is hidden.
    """
    place = Task.constellation_id
    theirs = sa.or_(
        asking.holds(place, Role.PROGRAMME_MANAGER),
        *(sa.and_(Task.role == role, asking.holds(place, role)) for role in OVERSEEING),
    )
    return sa.and_(theirs, asking.is_not_kept_from(Task.hidden_from))
