"""Who reads a child's pack, and who writes it (domain.md, section 2).

Its own carers, while the child lives with them; the liaison worker of its constellation; the hub
carer while the child is their guest, from confirmation until some days after the return; and a
programme manager who has broken the glass, for an hour. To everybody else there is no such pack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import Role
from hub_api.break_glass import service as break_glass
from hub_api.households import service as households
from hub_api.sleepovers import service as sleepovers

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Asking

CHILD = households.children_in_sight().c
"""The child a pack is of: every read of a pack joins it."""


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """The packs that somebody may read now; needs the parameters `finding.instants()`."""
    return sa.or_(
        sa.and_(
            asking.is_carer_of(CHILD.household_id),
            # As the second wall has it: a household that has left takes its carers with it.
            asking.holds(CHILD.constellation_id),
            CHILD.lives_there,
        ),
        asking.holds(CHILD.constellation_id, Role.LIAISON_WORKER),
        sleepovers.looks_after(asking, CHILD.child_id),
        break_glass.is_open_to(asking, CHILD.child_id),
    )


def can_write(actor: Actor, household_id: UUID, constellation_id: UUID) -> bool:
    """The child's own carers and the liaison worker: whoever has a guest only reads."""
    return household_id in actor.households() or constellation_id in actor.constellations(
        Role.LIAISON_WORKER
    )
