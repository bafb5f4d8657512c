"""Setting constellations up, finding the hub home that serves one, and the hub home's mutex."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from hub_api import clock, db, reads
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.constellations import policy
from hub_api.constellations.models import (
    Bed,
    Constellation,
    HubAppointment,
    HubHome,
    Membership,
)
from hub_api.errors import Conflict
from hub_api.reads import ASKING, TODAY, json_object

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row


def found_constellation(name: str) -> Constellation:
    """Begin a constellation; hub home and members follow."""
    constellation = Constellation(name=name)
    db.session().add(constellation)
    db.session().flush()
    return constellation


def appoint_hub_home(
    constellation_id: UUID, household_id: UUID, name: str, beds: list[str], starts_on: date
) -> HubHome:
    """Make a household the hub home of a constellation, with its guest beds by label."""
    hub_home = HubHome(constellation_id=constellation_id, household_id=household_id, name=name)
    db.session().add(hub_home)
    db.session().flush()
    db.session().add(
        HubAppointment(
            constellation_id=constellation_id, hub_home_id=hub_home.id, starts_on=starts_on
        )
    )
    db.session().add_all(
        Bed(
            constellation_id=constellation_id,
            hub_home_id=hub_home.id,
            label=label,
            bedroom=label,
            starts_on=starts_on,
        )
        for label in beds
    )
    db.session().flush()
    return hub_home


def add_member(constellation_id: UUID, household_id: UUID, starts_on: date) -> Membership:
    """Let a household join a constellation."""
    membership = Membership(
        constellation_id=constellation_id, household_id=household_id, starts_on=starts_on
    )
    db.session().add(membership)
    db.session().flush()
    return membership


def serving_hub_home(constellation_id: UUID, on: date) -> UUID:
    """The hub home that serves a constellation on a day. Raises `Conflict` when none does."""
    for row in _SERVING.rows(constellation_id=constellation_id, day=on):
        return cast("UUID", row["hub_home_id"])
    raise Conflict(
        f"Your constellation has no hub home on {clock.spoken(on)}. "
        "Your liaison worker can tell you what happens in the meantime.",
        code="no_hub_home",
    )


_CONSTELLATION = reads.parameter("constellation_id", sa.Uuid())
_DAY = reads.parameter("day", sa.Date())
_SERVING = reads.Query(
    lambda: (
        sa.select(HubAppointment.hub_home_id)
        .join(Constellation, Constellation.id == HubAppointment.constellation_id)
        .where(
            HubAppointment.constellation_id == _CONSTELLATION,
            HubAppointment.holds_on(_DAY),
            sa.or_(Constellation.closed_on.is_(None), Constellation.closed_on > _DAY),
        )
    )
)


def lock_hub_home(hub_home_id: UUID) -> None:
    """Take the mutex of a hub home until this transaction ends.

    Everything that touches its beds, resident children or limits takes it first; nothing read
    before it is trusted after it (reliability.md).
    """
    locked = db.session().execute(
        sa.update(HubHome)
        .where(HubHome.id == hub_home_id)
        .values(seq=HubHome.seq + 1)
        .returning(HubHome.id)
    )
    locked.one()  # touching no row is an error, never a silence


def beds_of(hub_home_id: UUID) -> list[UUID]:
    """The guest beds of a hub home, oldest first."""
    return list(
        db.session().scalars(
            sa.select(Bed.id).where(Bed.hub_home_id == hub_home_id).order_by(Bed.id)
        )
    )


def _constellations() -> reads.Select:
    """Constellations, each with its hub home and liaison workers."""
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
        hub_home.label("hub_home"),
        accounts.names_holding(Role.LIAISON_WORKER, Constellation.id).label("liaison_workers"),
    ).where(policy.visible_to(ASKING))


CONSTELLATIONS = reads.Read(_constellations, key=Constellation.id)


def list_constellations(actor: Actor, page: PageArgs) -> Page:
    """The constellations the actor may see, newest first."""
    return CONSTELLATIONS.page(actor, page)


def get_constellation(actor: Actor, constellation_id: UUID) -> Row:
    """One constellation. Raises `NotFound`."""
    return CONSTELLATIONS.one(actor, constellation_id)


def _beds() -> reads.Select:
    return (
        sa.select(
            Bed.id, Bed.label, HubHome.id.label("hub_home_id"), HubHome.name.label("hub_home")
        )
        .join(HubHome, HubHome.id == Bed.hub_home_id)
        .where(policy.beds_visible_to(ASKING), Bed.constellation_id == _CONSTELLATION)
    )


BEDS = reads.Read(_beds, key=Bed.id)


def list_beds(actor: Actor, constellation_id: UUID, page: PageArgs) -> Page:
    """The guest beds kept for one constellation. Raises `NotFound`."""
    get_constellation(actor, constellation_id)
    return BEDS.page(actor, page, constellation_id=constellation_id)


def _memberships() -> reads.Select:
    return sa.select(
        Membership.id, Membership.household_id, Membership.starts_on, Membership.ends_on
    ).where(policy.memberships_visible_to(ASKING), Membership.constellation_id == _CONSTELLATION)


MEMBERSHIPS = reads.Read(_memberships, key=Membership.id)


def list_memberships(actor: Actor, constellation_id: UUID, page: PageArgs) -> Page:
    """The memberships of one constellation, past ones included. Raises `NotFound`."""
    get_constellation(actor, constellation_id)
    return MEMBERSHIPS.page(actor, page, constellation_id=constellation_id)
