"""The guest beds of a constellation's hub home."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from hub_api import changes, clock, db, reads
from hub_api.constellations import policy, queries, service
from hub_api.constellations.changes import BedEnds
from hub_api.constellations.dates import refuse_past, refuse_past_night
from hub_api.constellations.models import Bed, HubHome
from hub_api.errors import Conflict, Forbidden
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.constellations.models import TemporaryBedReason
    from hub_api.reads import Page, PageArgs, Row


class BedIn(TypedDict):
    """A bed to add: `schemas.BedIn`."""

    label: str
    bedroom: str | None
    starts_on: date | None


class TemporaryBedIn(TypedDict):
    """A bed for a while: `schemas.TemporaryBedIn`."""

    label: str
    bedroom: str | None
    first_night: date
    last_night: date
    reason: TemporaryBedReason


class BedChangeIn(TypedDict, total=False):
    """What to change of a bed: `schemas.BedChangeIn`."""

    label: str
    bedroom: str
    ends_on: date


def list_beds(actor: Actor, constellation_id: UUID, page: PageArgs) -> Page:
    """The guest beds a constellation has today and will have in the same hub home; an interim hub
    home's too. Raises `NotFound`."""
    service.get_constellation(actor, constellation_id)
    return queries.BEDS.page(actor, page, constellation_id=constellation_id)


def get_bed(actor: Actor, bed_id: UUID) -> Row:
    """One bed. Raises `NotFound`."""
    return queries.BED.one(actor, bed_id)


def add_bed(actor: Actor, constellation_id: UUID, body: BedIn) -> Row:
    """Add a bed to the hub home that serves a constellation, from a day on, by default today.

    Raises `NotFound`, `Forbidden`, or `Conflict`: a day gone by, a closed constellation, no hub
    home on that day, a bed of that name.
    """
    starts_on = body["starts_on"] or clock.london_today()
    hub_home = _hub_home_to_change(actor, constellation_id, starts_on, policy.can_manage)
    refuse_past(starts_on)
    bed = Bed(
        constellation_id=hub_home.constellation_id,
        hub_home_id=hub_home.id,
        label=body["label"],
        bedroom=body["bedroom"] or body["label"],
        starts_on=starts_on,
    )
    return _add(actor, bed, "bed:create")


def add_temporary_bed(actor: Actor, constellation_id: UUID, body: TemporaryBedIn) -> Row:
    """Add a bed for some nights, with a reason and the name of whoever answers for it: the one way
    past `guest_bed` (domain.md, section 3).

    Raises `NotFound`, or `Conflict` as for a bed that stays.
    """
    hub_home = _hub_home_to_change(
        actor, constellation_id, body["first_night"], policy.can_add_temporary_bed
    )
    refuse_past_night(body["first_night"])
    bed = Bed(
        constellation_id=hub_home.constellation_id,
        hub_home_id=hub_home.id,
        label=body["label"],
        bedroom=body["bedroom"] or body["label"],
        starts_on=body["first_night"],
        ends_on=body["last_night"] + timedelta(days=1),
        temporary_reason=body["reason"],
        added_by=actor.account_id,
    )
    return _add(actor, bed, "temporary_bed:create")


def _hub_home_to_change(
    actor: Actor, constellation_id: UUID, on: date, may: Callable[[Actor, UUID], bool]
) -> HubHome:
    """The hub home of that day, under its mutex. Whoever is served by another constellation's for
    a while sees its beds and changes none of them."""
    constellation = service.find_constellation(actor, constellation_id)
    if not may(actor, constellation_id):
        raise Forbidden
    service.refuse_closed(constellation)
    hub_home_id = service.serving_hub_home(constellation_id, on)
    hub_home = db.session().get_one(HubHome, hub_home_id)
    if not may(actor, hub_home.constellation_id):
        raise Forbidden
    service.lock_hub_home(hub_home_id)
    service.keep_open(constellation)
    return hub_home


def _add(actor: Actor, bed: Bed, action: str) -> Row:
    db.session().add(bed)
    db.session().flush()
    service.audit_change(actor, action, bed.id, bed.constellation_id)
    return get_bed(actor, bed.id)


def change_bed(
    actor: Actor, constellation_id: UUID, bed_id: UUID, seen_version: int, body: BedChangeIn
) -> Row:
    """Rename a bed, move it to another bedroom, or take it out of use from a day on.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: out of use already, a day gone
    by, a name that is taken, or somebody who listens knows of guests in it.
    """
    service.find_constellation(actor, constellation_id)
    bed = _find_bed(actor, constellation_id, bed_id)
    if not policy.can_change_bed(actor, bed):
        raise Forbidden
    service.lock_hub_home(bed.hub_home_id)
    db.lock_seen(bed, seen_version)
    today = clock.london_today()
    if bed.ends_on is not None and bed.ends_on <= today:
        raise Conflict("This bed was taken out of use already.", code="wrong_state")
    if "ends_on" in body:
        _end(bed, body["ends_on"], today)
    if "bedroom" in body and body["bedroom"] != bed.bedroom:
        _move(bed, body["bedroom"], today)
    bed.label = body.get("label", bed.label)
    db.session().flush()
    service.audit_change(actor, "bed:change", bed.id, bed.constellation_id, [*body])
    return get_bed(actor, bed.id)


def _end(bed: Bed, ends_on: date, today: date) -> None:
    """From a day on it is not there. One added by mistake ends as it begins: it never was."""
    if ends_on < max(today, bed.starts_on):
        raise Conflict("Please choose today or later.", code="ends_too_early")
    if bed.ends_on is None or ends_on < bed.ends_on:
        changes.announce(BedEnds(bed.hub_home_id, bed.id, ends_on))
    bed.ends_on = ends_on


def _move(bed: Bed, bedroom: str, today: date) -> None:
    """To another room. Its guests would share that with others, if there is a bed in it."""
    others = sa.exists().where(
        Bed.hub_home_id == bed.hub_home_id,
        Bed.bedroom == bedroom,
        Bed.id != bed.id,
        sa.or_(Bed.ends_on.is_(None), Bed.ends_on > today),
    )
    if db.session().scalar(sa.select(others)):
        changes.announce(BedEnds(bed.hub_home_id, bed.id, max(today, bed.starts_on)))
    bed.bedroom = bedroom


def _find_bed(actor: Actor, constellation_id: UUID, bed_id: UUID) -> Bed:
    """A bed of a hub home that belongs to a constellation or is ever to serve it."""
    appointed = service.hub_homes_of(constellation_id)
    found = sa.select(Bed).where(
        Bed.id == bed_id,
        sa.or_(Bed.constellation_id == constellation_id, Bed.hub_home_id.in_(appointed)),
        policy.beds_visible_to(ASKING),
    )
    return reads.find(actor, found)
