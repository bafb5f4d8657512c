"""Who sees a concern: whoever wrote it and who handles it; never the person or their household.

Row-level security hides it from them once more, knowing of a household's grown-ups and hub carers
also those who came to it later (migration 0031).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import Role
from hub_api.concerns.models import Concern, ConcernAddendum

if TYPE_CHECKING:
    from hub_api.access import Actor
    from hub_api.reads import Asking

WRITING = (Role.SATELLITE_CARER, Role.HUB_CARER, Role.LIAISON_WORKER)
"""The roles that write concerns down."""


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """One's own, while one belongs to its constellation; and those one handles."""
    own = sa.and_(
        asking.is_account(Concern.written_by), asking.holds(Concern.constellation_id, *WRITING)
    )
    return sa.and_(
        asking.is_not_kept_from(Concern.hidden_from), sa.or_(own, handled_through(asking))
    )


def handled_through(asking: Asking) -> sa.ColumnElement[bool]:
    """Liaison workers of its constellation, unless it is about one of them; programme managers."""
    place = Concern.constellation_id
    return sa.or_(
        asking.holds(place, Role.PROGRAMME_MANAGER),
        sa.and_(
            Concern.handled_by == Role.LIAISON_WORKER, asking.holds(place, Role.LIAISON_WORKER)
        ),
    )


def addenda_visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """All of them for who handles the concern, for its writer their own."""
    own = asking.is_account(ConcernAddendum.written_by)
    return sa.and_(visible_to(asking), sa.or_(own, handled_through(asking)))


def people_visible_to(asking: Asking, place: sa.ColumnElement[object]) -> sa.ColumnElement[bool]:
    """Whom one may write about: whoever belongs to a constellation in which one writes at all."""
    return asking.holds(place, *WRITING)


def service_staff_visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """Those of no constellation, for whoever writes in any."""
    return sa.func.cardinality(asking.constellations(*WRITING)) > 0


def can_follow_up(actor: Actor, concern: Concern) -> bool:
    """Whether somebody who sees a concern says what comes of it."""
    roles = {Role.PROGRAMME_MANAGER, Role(concern.handled_by)}
    return concern.constellation_id in actor.constellations(*roles)
