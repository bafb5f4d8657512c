"""The nights on which a hub home takes no guests: the hub carer's leave, and blocked nights."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from hub_api import changes, db, nights, reads
from hub_api.constellations import policy, queries, service
from hub_api.constellations.changes import NightsBlocked
from hub_api.constellations.dates import refuse_past_night
from hub_api.constellations.models import Constellation, HubAbsence, HubHome
from hub_api.errors import Conflict, Forbidden
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.constellations.models import AbsenceReason
    from hub_api.reads import Page, PageArgs, Row


class BlockedNightsIn(TypedDict):
    """Nights to block: `schemas.BlockedNightsIn`."""

    first_night: date
    last_night: date
    reason: AbsenceReason


def block_nights(actor: Actor, constellation_id: UUID, body: BlockedNightsIn) -> Row:
    """Let no guests come on some nights, wherever the hub home serves.

    It is the hub home of the first night. Raises `NotFound`, `Forbidden`, or `Conflict`: nights
    gone by, a closed constellation, no hub home, or somebody who listens knows of guests.
    """
    service.refuse_closed(_find_to_block(actor, constellation_id))
    refuse_past_night(body["first_night"])
    hub_home_id = service.serving_hub_home(constellation_id, body["first_night"])
    hub_home = db.session().get_one(HubHome, hub_home_id)
    if not policy.can_block(actor, hub_home.constellation_id):
        raise Forbidden
    service.lock_hub_home(hub_home.id)
    changes.announce(NightsBlocked(hub_home.id, body["first_night"], body["last_night"]))
    absence = HubAbsence(
        constellation_id=hub_home.constellation_id,
        hub_home_id=hub_home.id,
        added_by=actor.account_id,
        **body,
    )
    db.session().add(absence)
    db.session().flush()
    _audit(actor, absence, "create")
    return get_blocked_nights(actor, absence.id)


def unblock_nights(actor: Actor, constellation_id: UUID, absence_id: UUID) -> None:
    """Let guests come again on nights that were blocked.

    Raises `NotFound`, `Forbidden`, or `Conflict` once the nights are over: what was stays on
    record.
    """
    _find_to_block(actor, constellation_id)
    found = sa.select(HubAbsence).where(
        HubAbsence.id == absence_id,
        queries.absences_of(constellation_id),
        policy.absences_visible_to(ASKING),
    )
    service.lock_hub_home(reads.find(actor, found).hub_home_id)
    absence = reads.find(actor, found)  # somebody else may have been quicker
    if nights.is_over(absence.last_night):
        raise Conflict("These nights are over, so they stay as they were.", code="in_the_past")
    db.session().delete(absence)
    db.session().flush()
    _audit(actor, absence, "delete")


def list_blocked_nights(actor: Actor, constellation_id: UUID, page: PageArgs) -> Page:
    """When the hub homes of a constellation take no guests. Raises `NotFound`, `Forbidden`."""
    service.get_constellation(actor, constellation_id)
    if not policy.can_block(actor, constellation_id):
        raise Forbidden
    return queries.ABSENCES.page(actor, page, constellation_id=constellation_id)


def get_blocked_nights(actor: Actor, absence_id: UUID) -> Row:
    """Nights that are blocked. Raises `NotFound`."""
    return queries.ABSENCE.one(actor, absence_id)


def _find_to_block(actor: Actor, constellation_id: UUID) -> Constellation:
    constellation = service.find_constellation(actor, constellation_id)
    if not policy.can_block(actor, constellation_id):
        raise Forbidden
    return constellation


def _audit(actor: Actor, absence: HubAbsence, verb: str) -> None:
    changed = ["first_night", "last_night", "reason"]
    service.audit_change(
        actor, f"blocked_nights:{verb}", absence.id, absence.constellation_id, changed
    )
