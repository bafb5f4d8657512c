"""Who reads what is written about a stay, who writes it, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api.access import Role
from hub_api.care.models import Incident
from hub_api.sleepovers import service as sleepovers

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.care.models import OfAStay
    from hub_api.reads import Asking


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """The stays whose care one reads: one's own household's; those of the constellations one is
    liaison worker of; and a hub carer's, from confirmation until some days after the return, and
    none that was called off. For whoever oversees more, there is nothing here."""
    stay = sleepovers.stays.c
    return sa.or_(
        sa.and_(
            asking.is_carer_of(stay.household_id),
            # What happened in a constellation stays with it when the household moves.
            asking.holds(stay.constellation_id),
        ),
        asking.holds(stay.constellation_id, Role.LIAISON_WORKER),
        sa.and_(
            asking.holds(stay.hosting_constellation_id, Role.LIAISON_WORKER),
            stay.state != "cancelled",
        ),
        sa.and_(
            asking.holds(sleepovers.RUN_BY, Role.HUB_CARER),
            sleepovers.is_in_hub_window(stay),
        ),
    )


def is_shown(asking: Asking, kind: type[OfAStay]) -> sa.ColumnElement[bool]:
    """An incident may be hidden from the hub that it may be about; nothing else is. Row-level
    security hides it once more, also from who came to that household later."""
    return asking.is_not_kept_from(Incident.hidden_from) if kind is Incident else sa.true()


def can_write(actor: Actor, constellation_id: UUID, run_by: UUID) -> bool:
    """Log, medicines, incidents: the hub carer, who is there, and the liaison worker."""
    overseen = actor.constellations(Role.LIAISON_WORKER)
    return is_of_hub(actor, run_by) or constellation_id in overseen or run_by in overseen


def can_answer_for(actor: Actor, constellation_id: UUID) -> bool:
    """What the fostering service owes: telling others of an event, the return interview."""
    return constellation_id in actor.constellations(Role.LIAISON_WORKER)


def is_of_family(actor: Actor, household_id: UUID) -> bool:
    """A carer of the child's own household: for that home at handovers, and the debrief."""
    return household_id in actor.households()


def is_of_hub(actor: Actor, run_by: UUID) -> bool:
    """A hub carer of the constellation that runs the stay, for the hub at handovers."""
    return run_by in actor.constellations(Role.HUB_CARER)


def reads_words_of(asking: Asking, is_shared: Any) -> sa.ColumnElement[bool]:
    """The child's own words of a debrief may be about the hub: its carer reads them where the
    family shares them; the family and the liaison worker always do."""
    stay = sleepovers.stays.c
    return sa.or_(
        asking.is_carer_of(stay.household_id),
        asking.holds(stay.constellation_id, Role.LIAISON_WORKER),
        is_shared,
    )
