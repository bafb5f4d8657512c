"""Two small constellations to try the hub with. Every name is made up."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from hub_api import child_keys, clock, db
from hub_api import settings as hub_settings
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.constellations import service as constellations
from hub_api.households import service as households
from hub_api.households.models import Approval, Gender, Household, LegalStatus

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.settings import Settings

Child = tuple[str, int, Gender, LegalStatus]


@dataclass(frozen=True, slots=True)
class Family:
    """A household of the demo: its carer, the key of the carer's demo login, and the children."""

    household: str
    carer: str
    login: str
    children: tuple[Child, ...] = ()


@dataclass(frozen=True, slots=True)
class DemoConstellation:
    """A constellation of the demo."""

    name: str
    hub: Family
    beds: tuple[str, ...]
    satellites: tuple[Family, ...]


BELLENDEN = DemoConstellation(
    "Bellenden",
    Family("Okafor household", "Grace Okafor", "hub_carer"),
    ("Blue room", "Garden room"),
    (
        Family(
            "Whitlock household",
            "Maureen Whitlock",
            "satellite_carer",
            (
                ("Tyler", 9, Gender.MALE, LegalStatus.SECTION_31),
                ("Amira", 12, Gender.FEMALE, LegalStatus.SECTION_20),
            ),
        ),
    ),
)
GREENDALE = DemoConstellation(
    "Greendale",
    Family("Marsh household", "Patricia Marsh", "other_hub_carer"),
    ("Attic room", "Front room"),
    (
        Family(
            "Adeyemi household",
            "Samuel Adeyemi",
            "other_satellite_carer",
            (("Noah", 14, Gender.MALE, LegalStatus.SECTION_31),),
        ),
    ),
)
LIAISON_WORKER = "Helen Carver"
SERVICE_STAFF = {
    "home_duty_staff": ("Joseph Lindqvist", Role.HOME_DUTY_STAFF),
    "programme_manager": ("Ruth Abernathy", Role.PROGRAMME_MANAGER),
    "system_administrator": ("Dev Chatterjee", Role.SYSTEM_ADMINISTRATOR),
}
ORDER = (
    "satellite_carer", "other_satellite_carer", "hub_carer", "other_hub_carer", "liaison_worker",
    "home_duty_staff", "programme_manager", "system_administrator",
)  # fmt: skip

Logins = dict[str, dict[str, str]]


def seed(settings: Settings) -> Logins:
    """Fill an empty database and write the demo logins, with fresh passwords, to a private file."""
    hub_settings.use(settings)
    child_keys.provide_secrets(settings)
    engine = db.make_engine(settings.required_database().migration, connections=1)
    logins: Logins = {}
    since = clock.london_today() - timedelta(days=90)
    try:
        with db.transaction(engine):
            bellenden = _add_constellation(BELLENDEN, logins, since)
            _add_constellation(GREENDALE, logins, since)
            liaison = _add_person(LIAISON_WORKER, "liaison_worker", logins)
            accounts.grant_role(
                liaison, Role.LIAISON_WORKER, starts_on=since, constellation_id=bellenden
            )
            for login, (name, role) in SERVICE_STAFF.items():
                accounts.grant_role(_add_person(name, login, logins), role, starts_on=since)
            # Inside the transaction: without the file nobody could log in to what was saved.
            _write(settings, {login: logins[login] for login in ORDER})
    finally:
        engine.dispose()
    return logins


def _add_constellation(demo: DemoConstellation, logins: Logins, since: date) -> UUID:
    constellation = constellations.found_constellation(demo.name)
    hub, hub_carer = _add_family(demo.hub, constellation.id, logins, since)
    accounts.grant_role(
        hub_carer, Role.HUB_CARER, starts_on=since, constellation_id=constellation.id
    )
    _approve(hub, since)
    constellations.appoint_hub_home(
        constellation.id, hub.id, f"{demo.name} hub", [*demo.beds], since
    )
    for family in demo.satellites:
        household, carer = _add_family(family, constellation.id, logins, since)
        accounts.grant_role(carer, Role.SATELLITE_CARER, starts_on=since, household_id=household.id)
    return constellation.id


def _approve(hub: Household, since: date) -> None:
    """Terms that let the hub carer take the demo's guests."""
    db.session().add(
        Approval(
            constellation_id=hub.constellation_id,
            household_id=hub.id,
            max_children=3,
            min_age=0,
            max_age=17,
            genders=[str(gender) for gender in Gender],
            starts_on=since,
            review_due_on=since + timedelta(days=2 * 365),
        )
    )


def _add_family(
    family: Family, constellation_id: UUID, logins: Logins, since: date
) -> tuple[Household, UUID]:
    household = households.add_household(constellation_id, family.household)
    constellations.add_member(constellation_id, household.id, since)
    carer = _add_person(family.carer, family.login, logins)
    households.add_adult(household, family.carer, carer).dbs_issued_on = since
    for first_name, age, gender, legal_status in family.children:
        born_on = clock.london_today() - timedelta(days=365 * age + 100)
        households.add_child(household, first_name, born_on, gender, legal_status)
    return household, carer


def _add_person(name: str, login: str, logins: Logins) -> UUID:
    email = f"{name.lower().replace(' ', '.')}@demo.example"
    password = secrets.token_urlsafe(9)
    logins[login] = {"email": email, "password": password}
    return accounts.create_account(email, name, password).id


def _write(settings: Settings, logins: Logins) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path = settings.demo_accounts_path
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(logins, file, indent=2)
