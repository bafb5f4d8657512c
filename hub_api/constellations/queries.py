"""How constellations, and what belongs to them, are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api import reads
from hub_api.access import Permission, Role
from hub_api.accounts import service as accounts
from hub_api.constellations import policy
from hub_api.constellations.models import (
    Bed,
    Constellation,
    HubAbsence,
    HubAppointment,
    HubHome,
    Membership,
)
from hub_api.reads import ASKING, TODAY, json_object
from hub_api.synced import Synced

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import ColumnElement

CONSTELLATION = reads.parameter("constellation_id", sa.Uuid())


def _constellations() -> reads.Select:
    """Constellations, each with its hub home and liaison workers of today."""
    hub_home = (
        sa.select(json_object(id=HubHome.id, name=HubHome.name))
        .join(HubAppointment, HubAppointment.hub_home_id == HubHome.id)
        .where(
            HubAppointment.constellation_id == Constellation.id,
            HubAppointment.holds_on(TODAY),
        )
        .limit(1)
        .scalar_subquery()
    )
    return sa.select(
        Constellation.id,
        Constellation.version,
        Constellation.name,
        Constellation.closed_on,
        hub_home.label("hub_home"),
        accounts.names_holding(Role.LIAISON_WORKER, Constellation.id).label("liaison_workers"),
    ).where(policy.visible_to(ASKING))


def _beds() -> reads.Select:
    """The guest beds the actor may see, with the hub home they are in."""
    return (
        sa.select(
            Bed.id,
            Bed.version,
            Bed.label,
            Bed.bedroom,
            Bed.starts_on,
            Bed.ends_on,
            Bed.temporary_reason,
            HubHome.id.label("hub_home_id"),
            HubHome.name.label("hub_home"),
        )
        .join(HubHome, HubHome.id == Bed.hub_home_id)
        .where(policy.beds_visible_to(ASKING))
    )


def _beds_of_today() -> reads.Select:
    """Those of the hub home that serves a constellation today, wherever it belongs; not those that
    were taken out of use."""
    serving = sa.select(HubAppointment.hub_home_id).where(
        HubAppointment.constellation_id == CONSTELLATION, HubAppointment.holds_on(TODAY)
    )
    is_to_be_there = sa.or_(Bed.ends_on.is_(None), Bed.ends_on > TODAY)
    return _beds().where(Bed.hub_home_id.in_(serving), is_to_be_there)


def _memberships() -> reads.Select:
    return sa.select(
        Membership.id, Membership.household_id, Membership.starts_on, Membership.ends_on
    ).where(policy.memberships_visible_to(ASKING))


def _members() -> reads.Select:
    return _memberships().where(Membership.constellation_id == CONSTELLATION)


def _appointments() -> reads.Select:
    """Appointments with the hub home appointed, past and future ones included."""
    return (
        sa.select(
            HubAppointment.id,
            HubAppointment.starts_on,
            HubAppointment.ends_on,
            HubAppointment.hub_home_id,
            HubHome.name.label("hub_home"),
            HubHome.household_id,
            HubHome.home_authority,
        )
        .join(HubHome, HubHome.id == HubAppointment.hub_home_id)
        .where(policy.appointments_visible_to(ASKING))
    )


def _appointments_of_one() -> reads.Select:
    return _appointments().where(HubAppointment.constellation_id == CONSTELLATION)


def _hub_homes() -> reads.Select:
    return sa.select(
        HubHome.id,
        HubHome.version,
        HubHome.constellation_id,
        HubHome.household_id,
        HubHome.name,
        HubHome.home_authority,
    ).where(HubHome.constellation_id == CONSTELLATION, policy.hub_homes_visible_to(ASKING))


def _absences() -> reads.Select:
    return sa.select(
        HubAbsence.id,
        HubAbsence.hub_home_id,
        HubAbsence.first_night,
        HubAbsence.last_night,
        HubAbsence.reason,
    ).where(policy.absences_visible_to(ASKING))


def hub_homes_of(constellation_id: Any) -> sa.Select[UUID]:
    """For a select: the hub homes that ever were to serve a constellation."""
    return sa.select(HubAppointment.hub_home_id).where(
        HubAppointment.constellation_id == constellation_id
    )


def absences_of(constellation_id: Any) -> ColumnElement[bool]:
    """Those of the hub homes that serve, served or will serve a constellation."""
    return HubAbsence.hub_home_id.in_(hub_homes_of(constellation_id))


def _absences_of_one() -> reads.Select:
    return _absences().where(absences_of(CONSTELLATION))


CONSTELLATIONS = reads.Read(_constellations, key=Constellation.id)
SYNCED = (Synced("constellations", Permission.CONSTELLATION_READ, CONSTELLATIONS, is_dated=True),)
BED = reads.Read(_beds, key=Bed.id)
BEDS = reads.Read(_beds_of_today, key=Bed.id)
MEMBERSHIP = reads.Read(_memberships, key=Membership.id)
MEMBERSHIPS = reads.Read(_members, key=Membership.id)
APPOINTMENT = reads.Read(_appointments, key=HubAppointment.id)
APPOINTMENTS = reads.Read(_appointments_of_one, key=HubAppointment.id)
HUB_HOME = reads.Read(_hub_homes, key=HubHome.id)
ABSENCE = reads.Read(_absences, key=HubAbsence.id)
ABSENCES = reads.Read(_absences_of_one, key=HubAbsence.id)
