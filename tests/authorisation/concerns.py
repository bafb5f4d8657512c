"""The concerns of the table's world, and what is sent to write one down."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.access import Role
from hub_api.concerns.models import ConcernAddendum
from tests.authorisation.matrix import NOBODYS
from tests.factories.concerns import concern_body, make_concern
from tests.factories.world import Neighbourhood

Ids = dict[str, dict[str, str]]
Lists = dict[str, dict[str, set[str]]]

ANOTHER = {"H": "C", "N": "C", "C": "H", "E": "X", "X": "E"}
"""Of a child's household by its letter, another of the constellation, whose grown-up is named."""


def bodies(objects: Ids) -> dict[str, Callable[[str], dict[str, Any]]]:
    """Operation → what is sent with it, by the letter of the child."""

    def concern(whose: str) -> dict[str, Any]:
        adult = objects["adult"].get(ANOTHER.get(whose, "C"), str(uuid7()))
        return concern_body(objects["child"].get(whose, uuid7()), about_adult_id=adult)

    return {"createConcern": concern}


def add_concerns(
    here: Neighbourhood, elsewhere: Neighbourhood, people: dict[str, UUID | None], lists: Lists
) -> Ids:
    """One by the carer, next door's, the hub carer, the liaison worker and the other hub carer."""
    family, there = here.family, elsewhere.family
    by_managers = {"handled_by": Role.PROGRAMME_MANAGER}
    child, theirs = family.children[0], here.neighbours.children[0]
    made = {
        "H": make_concern(here, child, family.carer, here.hub_carer),
        "N": make_concern(here, theirs, here.neighbours.carer, here.liaison_worker, **by_managers),
        "C": make_concern(
            here, child, here.hub_carer, family.carer, hidden_from=[family.carer, family.id]
        ),
        "S": make_concern(here, child, here.liaison_worker, people["manager"]),
        "X": make_concern(
            elsewhere,
            there.children[0],
            elsewhere.hub_carer,
            there.carer,
            hidden_from=[there.carer, there.id],
        ),
    }
    objects = {NOBODYS: str(uuid7())} | {letter: str(row.id) for letter, row in made.items()}
    lists |= {
        "listConcerns": {letter: {str(row.id)} for letter, row in made.items()},
        "listAddenda": {letter: _addenda(row.id) for letter, row in made.items()},
        "listPeople": _people(here, elsewhere),
    }
    return {"concern": objects}


def _addenda(concern_id: UUID) -> set[str]:
    found = sa.select(ConcernAddendum.id).where(ConcernAddendum.concern_id == concern_id)
    return {str(id_) for id_ in db.session().scalars(found)}


_PEOPLE = """
    select id, household_id, constellation_id from adults
    union
    select g.account_id, null, g.constellation_id from role_grants g
      join accounts a on a.id = g.account_id and a.is_active
     where g.starts_on <= current_date and (g.ends_on is null or g.ends_on > current_date)
       and g.role in ('hub_carer', 'liaison_worker', 'home_duty_staff', 'programme_manager')
"""


def _people(here: Neighbourhood, elsewhere: Neighbourhood) -> dict[str, set[str]]:
    """Who can be named, by the letter of their household or constellation; `S` the service's."""
    letters = {
        here.family.id: "H",
        here.neighbours.id: "N",
        elsewhere.family.id: "E",
        here.id: "C",
        elsewhere.id: "X",
    }
    found: dict[str, set[str]] = {letter: set() for letter in "HNECXS"}
    for id_, household, constellation in db.session().execute(sa.text(_PEOPLE)):
        found[letters.get(household) or letters.get(constellation, "S")].add(str(id_))
    return found
