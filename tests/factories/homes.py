"""Hub homes, beds, adults and children put straight into the database, without anybody asking."""

from datetime import date
from uuid import UUID

import sqlalchemy as sa

from hub_api import child_keys, clock, db
from hub_api.constellations.models import Bed, HubAppointment, HubHome
from hub_api.households.models import Adult, Child, Gender, Household, LegalStatus
from tests.factories.consents import make_consents


def make_hub_home(
    constellation_id: UUID, household_id: UUID, name: str, beds: list[str], starts_on: date
) -> HubHome:
    """The hub home of a constellation, with its guest beds by label, each in a room of its own."""
    hub_home = HubHome(constellation_id=constellation_id, household_id=household_id, name=name)
    db.session().add(hub_home)
    db.session().flush()
    scope = {"constellation_id": constellation_id, "hub_home_id": hub_home.id}
    db.session().add(HubAppointment(**scope, starts_on=starts_on))
    db.session().add_all(
        Bed(**scope, label=label, bedroom=label, starts_on=starts_on) for label in beds
    )
    db.session().flush()
    return hub_home


def beds_of(hub_home_id: UUID, on: date | None = None) -> list[UUID]:
    """The guest beds a hub home has on a day, by default today, oldest first."""
    found = sa.select(Bed.id).where(
        Bed.hub_home_id == hub_home_id, Bed.holds_on(on or clock.london_today())
    )
    return [*db.session().scalars(found.order_by(Bed.id))]


def make_adult(household: Household, name: str, account_id: UUID | None = None) -> Adult:
    """A grown-up of a household, with their account if they log in."""
    adult = Adult(
        constellation_id=household.constellation_id,
        household_id=household.id,
        account_id=account_id,
        name=name,
    )
    db.session().add(adult)
    db.session().flush()
    return adult


def make_child(
    household: Household,
    first_name: str,
    born_on: date,
    gender: Gender,
    legal_status: LegalStatus,
) -> Child:
    """A child of a household, with the data key for what is written about the child, and the
    consent that its nights away take."""
    (child,) = make_children(household, {first_name: born_on}, gender, legal_status)
    return child


def make_children(
    household: Household,
    born_on: dict[str, date],
    gender: Gender,
    legal_status: LegalStatus,
) -> list[Child]:
    """Children of a household, by first name, in as few statements as it takes: nearly every test
    begins with some."""
    children = [
        Child(
            constellation_id=household.constellation_id,
            household_id=household.id,
            first_name=first_name,
            born_on=day,
            gender=gender,
            legal_status=legal_status,
        )
        for first_name, day in born_on.items()
    ]
    db.session().add_all(children)
    db.session().flush()
    ids = [child.id for child in children]
    child_keys.make(ids)
    make_consents(ids, household.constellation_id, legal_status)
    return children
