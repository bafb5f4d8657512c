"""A small world: two constellations that must never see each other."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from hub_api import clock, db
from hub_api.access import Role
from hub_api.constellations import service as constellations
from hub_api.constellations.models import Bed
from hub_api.households import service as households
from hub_api.households.models import Approval, Gender, LegalStatus
from tests.factories.accounts import make_account
from tests.factories.homes import beds_of, make_adult, make_children, make_hub_home
from tests.factories.packs import make_plain_packs


@dataclass(frozen=True)
class Family:
    """A satellite household: its id, its children, and its carer's account."""

    id: UUID
    children: list[UUID]
    carer: UUID


@dataclass(frozen=True)
class Neighbourhood:
    """One constellation with its people, by account id."""

    id: UUID
    hub_home: UUID
    beds: list[UUID]
    hub_carer: UUID
    liaison_worker: UUID
    family: Family
    neighbours: Family


SINCE = timedelta(days=30)


def make_family(constellation_id: UUID, name: str, children: int = 2) -> Family:
    today = clock.london_today()
    since = today - SINCE
    household = households.add_household(constellation_id, name)
    constellations.add_member(constellation_id, household.id, since)
    carer = make_account(Role.SATELLITE_CARER, household_id=household.id)
    make_adult(household, f"{name} carer", carer.id)
    born_on = {
        f"{name} child {number}": today - timedelta(days=365 * 8 + number)
        for number in range(children)
    }
    made = make_children(household, born_on, Gender.FEMALE, LegalStatus.SECTION_31)
    ids = [child.id for child in made]
    make_plain_packs(ids, constellation_id, carer.id)
    return Family(household.id, ids, carer.id)


def make_approval(constellation_id: UUID, household_id: UUID, **changes: Any) -> Approval:
    """Terms that suit every child there could be; not yet saved."""
    terms = {
        "max_children": 20,
        "min_age": 0,
        "max_age": 25,
        "genders": [str(gender) for gender in Gender],
        "starts_on": clock.london_today() - SINCE,
        "review_due_on": clock.london_today() + timedelta(days=800),
    }
    return Approval(
        constellation_id=constellation_id, household_id=household_id, **{**terms, **changes}
    )


def make_bed(place: Neighbourhood, label: str, **changes: Any) -> Bed:
    """A guest bed in a bedroom of its own; not yet saved."""
    found = {
        "label": label,
        "bedroom": label,
        "starts_on": clock.london_today() - SINCE,
    }
    return Bed(constellation_id=place.id, hub_home_id=place.hub_home, **{**found, **changes})


def make_neighbourhood(name: str, beds: int = 1) -> Neighbourhood:
    """A constellation with a hub home of so many beds and two satellite families."""
    since = clock.london_today() - SINCE
    constellation = constellations.found_constellation(name)
    home = households.add_household(constellation.id, f"{name} hub household")
    hub_adult = make_adult(home, f"{name} hub carer")
    hub_adult.dbs_issued_on = since
    db.session().add(make_approval(constellation.id, home.id))
    hub_home = make_hub_home(
        constellation.id, home.id, f"{name} hub", [f"bed {n}" for n in range(beds)], since
    )
    scope = {"constellation_id": constellation.id}
    return Neighbourhood(
        id=constellation.id,
        hub_home=hub_home.id,
        beds=beds_of(hub_home.id),
        hub_carer=make_account(Role.HUB_CARER, **scope).id,
        liaison_worker=make_account(Role.LIAISON_WORKER, **scope).id,
        family=make_family(constellation.id, f"{name} family"),
        neighbours=make_family(constellation.id, f"{name} neighbours"),
    )
