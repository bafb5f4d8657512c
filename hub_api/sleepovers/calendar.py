"""The hub's calendar: every bed on every night, and whose it is for those who may know."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api import clock, reads
from hub_api.constellations import service as constellations
from hub_api.errors import Invalid
from hub_api.households import service as households
from hub_api.reads import ASKING, parameter
from hub_api.sleepovers import policy
from hub_api.sleepovers.models import BedNight

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor

MOST_NIGHTS = 62
USUAL_NIGHTS = 28


def bed_nights(
    actor: Actor, constellation_id: UUID, first_night: date | None, until: date | None
) -> dict[str, Any]:
    """Each bed of the hub homes that serve a constellation on each night from `first_night` up to,
    and not including, `until`: four weeks from today unless something else is asked.

    Its version is that of the hub homes. Raises `NotFound`, or `Invalid` for too many nights.
    """
    constellations.get_constellation(actor, constellation_id)
    first = first_night or clock.london_today()
    end = until or first + timedelta(days=USUAL_NIGHTS)
    if not timedelta() < end - first <= timedelta(days=MOST_NIGHTS):
        words = f"Please choose a day after the first, at most {MOST_NIGHTS} days later."
        raise Invalid(errors={"until": [words]})
    rows = _CALENDAR.rows(
        actor,
        constellation_id=constellation_id,
        first_night=first,
        last_night=end - timedelta(days=1),
    )
    changes = {row.pop("hub_home_id"): row.pop("seq") for row in rows}
    return {
        "id": constellation_id,
        "version": sum(changes.values()),
        "from": first,
        "until": end,
        "bed_nights": rows,
    }


_CONSTELLATION = parameter("constellation_id", sa.Uuid())
_FIRST = parameter("first_night", sa.Date())
_LAST = parameter("last_night", sa.Date())


def _every_bed_and_night() -> Any:
    return (
        sa.func.bed_calendar(_CONSTELLATION, _FIRST, _LAST)
        .table_valued(
            sa.column("night", sa.Date()),
            sa.column("bed_id", sa.Uuid()),
            sa.column("label", sa.Text()),
            sa.column("state", sa.Text()),
            sa.column("hub_home_id", sa.Uuid()),
            sa.column("seq", sa.Integer()),
        )
        .render_derived()
    )


def _whose() -> sa.Subquery:
    """Whose the nights are that the asker may know of: one range of an index for each hub home,
    and not a look for every bed and night."""
    # Nights held for a request have no sleepover yet that would say whose child it is.
    homes = households.homes_of_children()
    return (
        sa.select(
            BedNight.bed_id,
            BedNight.night,
            BedNight.sleepover_id,
            households.child_summary(BedNight.child_id).label("child"),
        )
        .join(homes, homes.c.child_id == BedNight.child_id)
        .where(
            BedNight.hub_home_id.in_(constellations.hub_homes_of(_CONSTELLATION)),
            BedNight.night.between(_FIRST, _LAST),
            policy.nights_visible_to(ASKING, homes.c.household_id),
        )
        .subquery("whose")
    )


def _calendar() -> reads.Select:
    night, whose = _every_bed_and_night(), _whose()
    is_its = sa.and_(whose.c.bed_id == night.c.bed_id, whose.c.night == night.c.night)
    return (
        sa.select(
            night.c.night.label("night"),
            night.c.bed_id.label("bed_id"),
            night.c.label.label("label"),
            night.c.state.label("state"),
            whose.c.sleepover_id.label("sleepover_id"),
            whose.c.child.label("child"),
            night.c.hub_home_id.label("hub_home_id"),
            night.c.seq.label("seq"),
        )
        .select_from(night.outerjoin(whose, is_its))
        .order_by(night.c.night, night.c.bed_id)
    )


_CALENDAR = reads.Query(_calendar)
