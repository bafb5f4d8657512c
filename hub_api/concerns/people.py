"""The person a concern is about, from whom it is kept, and who handles it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import db, reads
from hub_api.access import Role
from hub_api.accounts import reaching
from hub_api.accounts import service as accounts
from hub_api.concerns import policy
from hub_api.constellations import service as constellations
from hub_api.errors import Conflict, NotFound
from hub_api.households import service as households
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs

_OF_THE_SERVICE = frozenset({Role.HOME_DUTY_STAFF, Role.PROGRAMME_MANAGER})
"""Who works for every constellation and belongs to none."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as the hub knows them: as a grown-up on record, by an account, or by both."""

    adult_id: UUID | None
    account_id: UUID | None


@dataclass(frozen=True, slots=True)
class Sight:
    """Who is to see a concern and who is not."""

    handled_by: Role
    handlers: dict[UUID, Role]
    """Account → the role in which they look into it."""
    hidden_from: list[UUID]
    """Accounts and households."""

    def is_shown_to(self, actor: Actor) -> bool:
        """Whether its writer sees it afterwards: not on a phone of the person's own household."""
        return not {*actor.known_as()} & {*self.hidden_from}


def find(constellation_id: UUID, adult_id: UUID | None, account_id: UUID | None) -> Person:
    """A person of a constellation, by one of two ids. Raises `NotFound`."""
    adult = households.find_adult(constellation_id, adult_id=adult_id, account_id=account_id)
    if adult is not None:
        return Person(*adult)
    if account_id is None or not _works_in(account_id, constellation_id):
        raise NotFound
    return Person(None, account_id)


def _works_in(account_id: UUID, constellation_id: UUID) -> bool:
    if constellation_id in accounts.constellations_of(account_id, *policy.WRITING):
        return True
    held = reaching.roles_held([account_id]).get(account_id, ())
    return any(one.role in _OF_THE_SERVICE for one in held)


def sight_of(constellation_id: UUID, person: Person, writer_id: UUID) -> Sight:
    """Who handles a concern about somebody, and from whom it is kept.

    Raises `Conflict` when nobody would be left to look into it: it must not be written to nobody.
    """
    hidden_from = kept_from(person)
    handled_by = Role.LIAISON_WORKER
    workers = accounts.accounts_holding(Role.LIAISON_WORKER, constellation_id=constellation_id)
    if person.account_id in workers:
        handled_by = Role.PROGRAMME_MANAGER
        hidden_from += [id_ for id_ in workers if id_ not in {*hidden_from, writer_id}]
    handlers = handlers_of(constellation_id, handled_by, hidden_from)
    if not handlers:
        raise Conflict(
            "Nobody whom the hub could tell of this may see it. Please ring the local authority's "
            "designated officer (LADO) or, out of hours, the emergency duty team.",
            code="nobody_to_tell",
        )
    return Sight(handled_by, handlers, hidden_from)


def kept_from(person: Person) -> list[UUID]:
    """The person, and accounts and households of whoever lives with them, in any constellation.

    Homes have no staff of their own in the hub yet, so all duty staff count as of one home.
    """
    found = sa.select(
        sa.func.kept_from(
            sa.cast(person.account_id, sa.Uuid()),
            sa.cast(person.adult_id, sa.Uuid()),
            type_=sa.ARRAY(sa.Uuid()),
        )
    )
    hidden_from: list[UUID] = [*db.session().scalars(found).one()]
    colleagues = accounts.accounts_holding(Role.HOME_DUTY_STAFF)
    if person.account_id in colleagues:
        hidden_from += [id_ for id_ in colleagues if id_ not in hidden_from]
    return hidden_from


def handlers_of(
    constellation_id: UUID, handled_by: Role, hidden_from: list[UUID]
) -> dict[UUID, Role]:
    """Who looks into a concern today, programme managers last; nobody from whom it is hidden."""
    found = dict.fromkeys(accounts.accounts_holding(Role.PROGRAMME_MANAGER), Role.PROGRAMME_MANAGER)
    if handled_by is Role.LIAISON_WORKER:
        workers = accounts.accounts_holding(handled_by, constellation_id=constellation_id)
        found = {**dict.fromkeys(workers, handled_by), **found}
    return {id_: role for id_, role in found.items() if id_ not in hidden_from}


def as_words(sight: Sight, actor: Actor) -> dict[str, object]:
    """What a writer is told before anything is saved: `schemas.WhoSeesSchema`."""
    names = reaching.names_of(sight.handlers)
    return {
        "handled_by": sight.handled_by,
        "readers": [
            {"name": names[id_], "role": role}
            for id_, role in sight.handlers.items()
            if id_ != actor.account_id
        ],
        "is_shown_to_me": sight.is_shown_to(actor),
    }


# --- whom one may write about --------------------------------------------------------------------


def _people() -> reads.Select:
    """Grown-ups on record, and those who log in to work in the constellation or for the service."""
    adults = households.adults_to_name(lambda place: policy.people_visible_to(ASKING, place))
    staff = accounts.people_to_name(
        (Role.HUB_CARER, Role.LIAISON_WORKER),
        lambda place: sa.and_(
            policy.people_visible_to(ASKING, place), constellations.is_in_sight(place)
        ),
    )
    service_staff = accounts.people_to_name(
        tuple(sorted(_OF_THE_SERVICE)),
        lambda _: sa.and_(
            policy.service_staff_visible_to(ASKING), constellations.any_is_in_sight()
        ),
    )
    everybody = sa.union_all(adults, staff, service_staff).subquery("people")
    columns = everybody.c
    roles = sa.func.json_agg(columns.role, type_=sa.JSON()).filter(columns.role.is_not(None))
    # Somebody may hold several roles.
    return sa.select(
        columns.id,
        columns.kind,
        columns.name,
        columns.household_id,
        sa.func.coalesce(roles, reads.EMPTY_LIST, type_=sa.JSON()).label("roles"),
    ).group_by(columns.id, columns.kind, columns.name, columns.household_id)


PEOPLE = reads.Read(_people, key=sa.literal_column("people.id", sa.Uuid()))


def list_people(actor: Actor, page: PageArgs) -> Page:
    """Whom the actor may write about, by name."""
    return PEOPLE.page(actor, page)
