"""The hub homes of a constellation, and appointing those that serve it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa

from hub_api import changes, clock, db, reads
from hub_api.constellations import policy, queries, service
from hub_api.constellations.changes import HomeAuthorityChanged, HouseholdComes, HubHomeEnds
from hub_api.constellations.dates import refuse_past
from hub_api.constellations.models import HubAppointment, HubHome
from hub_api.errors import Conflict, NotFound
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row


class AppointmentIn(TypedDict):
    """What a programme manager sends: `schemas.HubAppointmentIn`."""

    household_id: UUID | None
    hub_home_id: UUID | None
    name: str | None
    home_authority: str | None
    starts_on: date | None
    ends_on: date | None


class HubHomeIn(TypedDict, total=False):
    """What may be changed: `schemas.HubHomeChangeIn`."""

    name: str
    home_authority: str


# --- a hub home ---------------------------------------------------------------------------------


def get_hub_home(actor: Actor, constellation_id: UUID, hub_home_id: UUID) -> Row:
    """A hub home that belongs to a constellation, be it serving or not. Raises `NotFound`."""
    return queries.HUB_HOME.one(actor, hub_home_id, constellation_id=constellation_id)


def change_hub_home(
    actor: Actor, constellation_id: UUID, hub_home_id: UUID, seen_version: int, body: HubHomeIn
) -> Row:
    """Call a hub home otherwise, or record where the hub carer lives now.

    That authority alone exempts from the fostering limit (Children Act 1989 Sch 7), so what others
    wrote counts no more. Raises `NotFound`, `StaleVersion`, or `Conflict` when somebody who listens
    knows of guests booked on its strength.
    """
    found = sa.select(HubHome).where(
        HubHome.id == hub_home_id,
        HubHome.constellation_id == constellation_id,
        policy.hub_homes_visible_to(ASKING),
    )
    hub_home = reads.find(actor, found)
    service.lock_hub_home(hub_home.id)
    db.lock_seen(hub_home, seen_version)
    before = hub_home.home_authority
    for field, value in body.items():
        setattr(hub_home, field, value)
    db.session().flush()
    if hub_home.home_authority != before:
        changes.announce(HomeAuthorityChanged(hub_home.id))
    service.audit_change(actor, "hub_home:change", hub_home.id, constellation_id, [*body])
    return get_hub_home(actor, constellation_id, hub_home_id)


# --- appointments -------------------------------------------------------------------------------


def appoint(actor: Actor, constellation_id: UUID, body: AppointmentIn) -> Row:
    """Have a hub home serve a constellation from a day on; the one before it ends on that day.

    Raises `NotFound`, or `Conflict`: a day gone by, a closed constellation, a household that has
    a hub home already, another hub home on some of the days, or somebody who listens knows of
    stays at the one that ends.
    """
    constellation = service.find_constellation(actor, constellation_id)
    starts_on = body["starts_on"] or clock.london_today()
    refuse_past(starts_on)
    if body["ends_on"] is not None and body["ends_on"] <= starts_on:
        raise Conflict("Please choose a day after the first.", code="ends_too_early")
    hub_home_id = body["hub_home_id"]
    existing = [] if hub_home_id is None else [_existing(hub_home_id)]
    service.lock_hub_homes_of(constellation_id, *(hub_home.id for hub_home in existing))
    service.keep_open(constellation)
    for hub_home in existing:
        changes.announce(HouseholdComes(hub_home.household_id, hub_home.constellation_id))
    _end_the_one_before(actor, constellation_id, starts_on)
    appointment = HubAppointment(
        constellation_id=constellation_id,
        hub_home_id=hub_home_id or _make_hub_home(actor, constellation_id, body),
        starts_on=starts_on,
        ends_on=body["ends_on"],
    )
    db.session().add(appointment)
    db.session().flush()
    service.audit_change(
        actor, "hub_appointment:create", appointment.id, constellation_id, ["starts_on", "ends_on"]
    )
    return get_appointment(actor, appointment.id)


def _existing(hub_home_id: UUID) -> HubHome:
    hub_home = db.session().get(HubHome, hub_home_id)
    if hub_home is None:
        raise NotFound
    return hub_home


def _make_hub_home(actor: Actor, constellation_id: UUID, body: AppointmentIn) -> UUID:
    household_id, name = body["household_id"], body["name"]
    if household_id is None or name is None:
        raise RuntimeError("The schema let an appointment through that names no home.")
    changes.announce(HouseholdComes(household_id, constellation_id))
    hub_home = HubHome(
        constellation_id=constellation_id,
        household_id=household_id,
        name=name,
        home_authority=body["home_authority"],
    )
    db.session().add(hub_home)
    db.session().flush()
    service.audit_change(
        actor, "hub_home:create", hub_home.id, constellation_id, ["name", "home_authority"]
    )
    return hub_home.id


def _end_the_one_before(actor: Actor, constellation_id: UUID, on: date) -> None:
    """End the open appointment that began before this day; one that begins with it overlaps."""
    before = sa.select(HubAppointment).where(
        HubAppointment.constellation_id == constellation_id,
        HubAppointment.ends_on.is_(None),
        HubAppointment.starts_on < on,
    )
    for appointment in db.session().scalars(before.with_for_update()):
        _end(actor, appointment, on)


def end_appointment(
    actor: Actor, constellation_id: UUID, appointment_id: UUID, ends_on: date
) -> Row:
    """Have a hub home serve a constellation up to a day, today at the earliest.

    Raises `NotFound`, or `Conflict`: over already, too early, another hub home on some of the
    days, or somebody who listens knows of stays there.
    """
    service.find_constellation(actor, constellation_id)
    appointment = _find_appointment(actor, constellation_id, appointment_id)
    appointment = _lock(actor, appointment)
    today = clock.london_today()
    if appointment.ends_on is not None and appointment.ends_on <= today:
        raise Conflict("This appointment has ended already.", code="wrong_state")
    if ends_on < max(today, appointment.starts_on + timedelta(days=1)):
        raise Conflict(
            "Please choose today or later, and not the day on which the hub home begins.",
            code="ends_too_early",
        )
    _end(actor, appointment, ends_on)
    return get_appointment(actor, appointment_id)


def withdraw_appointment(actor: Actor, constellation_id: UUID, appointment_id: UUID) -> None:
    """Take back an appointment that has not begun, as though it had never been given.

    The one that ended for it stays ended: it is appointed anew. Raises `NotFound`, or `Conflict`:
    it has begun, or somebody who listens knows of stays there.
    """
    service.find_constellation(actor, constellation_id)
    appointment = _find_appointment(actor, constellation_id, appointment_id)
    appointment = _lock(actor, appointment)
    if appointment.starts_on <= clock.london_today():
        raise Conflict(
            "This appointment has begun already. Please give the day on which it ends instead.",
            code="wrong_state",
        )
    changes.announce(HubHomeEnds(constellation_id, appointment.hub_home_id, appointment.starts_on))
    db.session().delete(appointment)
    db.session().flush()
    service.audit_change(actor, "hub_appointment:withdraw", appointment_id, constellation_id)


def _lock(actor: Actor, appointment: HubAppointment) -> HubAppointment:
    """Take its hub home's mutex, and then the appointment itself: who asks for a stay in its days
    takes none, and has asked now or waits (`service.hold_serving_hub_home()`).

    Raises `NotFound` when somebody else was quicker to withdraw it.
    """
    service.lock_hub_homes_of(appointment.constellation_id, appointment.hub_home_id)
    appointment = _find_appointment(actor, appointment.constellation_id, appointment.id)
    db.session().refresh(appointment, with_for_update=True)
    return appointment


def _end(actor: Actor, appointment: HubAppointment, ends_on: date) -> None:
    """Under the hub home's mutex."""
    place = appointment.constellation_id
    if appointment.ends_on is None or ends_on < appointment.ends_on:
        changes.announce(HubHomeEnds(place, appointment.hub_home_id, ends_on))
    appointment.ends_on = ends_on
    db.session().flush()
    service.audit_change(actor, "hub_appointment:end", appointment.id, place, ["ends_on"])


def list_appointments(actor: Actor, constellation_id: UUID, page: PageArgs) -> Page:
    """Which hub homes served, serve and will serve a constellation. Raises `NotFound`."""
    service.get_constellation(actor, constellation_id)
    return queries.APPOINTMENTS.page(actor, page, constellation_id=constellation_id)


def get_appointment(actor: Actor, appointment_id: UUID) -> Row:
    """One appointment of a hub home. Raises `NotFound`."""
    return queries.APPOINTMENT.one(actor, appointment_id)


def _find_appointment(actor: Actor, constellation_id: UUID, appointment_id: UUID) -> HubAppointment:
    found = sa.select(HubAppointment).where(
        HubAppointment.id == appointment_id,
        HubAppointment.constellation_id == constellation_id,
        policy.appointments_visible_to(ASKING),
    )
    return reads.find(actor, found)
