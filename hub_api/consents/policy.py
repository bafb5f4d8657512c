"""Who sees what is on record about consent, and who keeps it.

The household's own carers see it: it says whom to ask before a night away. Hub carers don't: it
tells of proceedings and of going missing, and the check tells them all they need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import Role
from hub_api.consents.models import Consent, ConsentFlag, ConsentLink
from hub_api.households import service as households

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Asking

KEEPING_RECORDS = (Role.LIAISON_WORKER, Role.PROGRAMME_MANAGER)
"""The roles that record consents and end them."""


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """The consents of one's own household's children; for those who keep records, of all."""
    return _of_children(asking, Consent)


def flags_visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """As for consents."""
    return _of_children(asking, ConsentFlag)


def _of_children(asking: Asking, kind: type[Consent | ConsentFlag]) -> sa.ColumnElement[bool]:
    homes = households.homes_of_children()
    is_own = sa.exists().where(
        homes.c.child_id == kind.child_id, asking.is_carer_of(homes.c.household_id)
    )
    return sa.or_(
        sa.and_(is_own, asking.holds(kind.constellation_id)),
        asking.holds(kind.constellation_id, *KEEPING_RECORDS),
    )


def can_manage(actor: Actor, constellation_id: UUID) -> bool:
    """The liaison worker of a constellation, and the programme manager."""
    return constellation_id in actor.constellations(*KEEPING_RECORDS)


def links_visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """Those who keep records: it says who has answered."""
    return asking.holds(ConsentLink.constellation_id, *KEEPING_RECORDS)


def can_ask(actor: Actor, constellation_id: UUID) -> bool:
    """The liaison worker asks in the constellation's name."""
    return constellation_id in actor.constellations(Role.LIAISON_WORKER)
