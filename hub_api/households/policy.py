"""Who sees which household, adult and child, and who keeps their records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import OVERSEEING, Role
from hub_api.households.models import Adult, Child, Household, KeptApart, SharingAgreement
from hub_api.reads import TODAY

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Asking

KEEPING_RECORDS = (Role.LIAISON_WORKER, Role.PROGRAMME_MANAGER)
"""The roles that keep families' records, and see who has left."""


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """One's own household; for those who oversee a constellation, every household in it."""
    return sa.or_(
        sa.and_(
            asking.is_carer_of(Household.id),
            # As the second wall has it: a household that has left takes its carers with it.
            asking.holds(Household.constellation_id),
        ),
        asking.holds(Household.constellation_id, *OVERSEEING),
    )


def adults_visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """The grown-ups of those households; who has left, for those who keep records."""
    return sa.and_(
        visible_to(asking),
        sa.or_(
            Adult.left_on.is_(None),
            Adult.left_on > TODAY,
            asking.holds(Adult.constellation_id, *KEEPING_RECORDS),
        ),
    )


def account_of_adult(asking: Asking) -> sa.ColumnElement[UUID | None]:
    """The account they log in with, for those who keep records: their tasks may be about it."""
    return sa.case((asking.holds(Adult.constellation_id, *KEEPING_RECORDS), Adult.account_id))


def children_visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """The children of those households; who has left, for those who keep records."""
    return sa.and_(
        visible_to(asking),
        sa.or_(
            Child.left_on.is_(None),
            Child.left_on > TODAY,
            asking.holds(Child.constellation_id, *KEEPING_RECORDS),
        ),
    )


def kept_apart_visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """Never carers: it says who the other child is."""
    return asking.holds(KeptApart.constellation_id, *KEEPING_RECORDS)


def agreements_visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """As for children kept apart."""
    return asking.holds(SharingAgreement.constellation_id, *KEEPING_RECORDS)


def looked_into_by(asking: Asking) -> sa.ColumnElement[bool]:
    """The children of `children_visible_to()` in whose household the actor `can_look_into()`."""
    return sa.or_(
        asking.is_carer_of(Child.household_id),
        asking.holds(Child.constellation_id, *KEEPING_RECORDS),
    )


def can_look_into(actor: Actor, household_id: UUID, constellation_id: UUID) -> bool:
    """Dates, legal status and terms: the household's own carers, and those who keep records."""
    return household_id in actor.households() or can_manage(actor, constellation_id)


def can_manage(actor: Actor, constellation_id: UUID) -> bool:
    """The liaison worker of a constellation, and the programme manager."""
    return constellation_id in actor.constellations(*KEEPING_RECORDS)
