"""Letting households join a constellation and leave it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import changes, clock, db, reads
from hub_api.constellations import policy, queries, service
from hub_api.constellations.changes import HouseholdComes, MembershipEnds
from hub_api.constellations.dates import refuse_past
from hub_api.constellations.models import Constellation, Membership
from hub_api.errors import Conflict, Forbidden
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row


def let_join(
    actor: Actor, constellation_id: UUID, household_id: UUID, starts_on: date | None
) -> Row:
    """Let a household of a constellation belong to it from a day on, by default today.

    Raises `NotFound` for a household that is elsewhere (it moves instead), `Forbidden`, or
    `Conflict`: a day gone by, a closed constellation or household, a member already.
    """
    constellation = _find_to_manage(actor, constellation_id)
    day = starts_on or clock.london_today()
    refuse_past(day)
    service.keep_open(constellation)
    changes.announce(HouseholdComes(household_id, constellation_id))
    joined = service.add_member(constellation_id, household_id, day)
    service.audit_change(actor, "membership:create", joined.id, constellation_id, ["starts_on"])
    return get_membership(actor, joined.id)


def end_membership(actor: Actor, constellation_id: UUID, membership_id: UUID, ends_on: date) -> Row:
    """End a membership on a day to come, or today.

    Raises `NotFound`, `Forbidden`, or `Conflict`: over already, too early, or somebody who listens
    knows of stays or requests ahead.
    """
    _find_to_manage(actor, constellation_id)
    membership = _find_membership(actor, constellation_id, membership_id)
    service.lock_hub_homes_of(constellation_id)
    db.session().refresh(membership, with_for_update=True)
    today = clock.london_today()
    if membership.ends_on is not None and membership.ends_on <= today:
        raise Conflict("This membership has ended already.", code="wrong_state")
    if ends_on < max(today, membership.starts_on + timedelta(days=1)):
        raise Conflict(
            "Please choose today or later, and not the day on which the household joins.",
            code="ends_too_early",
        )
    if membership.ends_on is None or ends_on < membership.ends_on:
        ends = MembershipEnds(membership.household_id, constellation_id, ends_on)
        changes.announce(ends)
    membership.ends_on = ends_on
    db.session().flush()
    service.audit_change(actor, "membership:end", membership_id, constellation_id, ["ends_on"])
    return get_membership(actor, membership_id)


def withdraw_membership(actor: Actor, constellation_id: UUID, membership_id: UUID) -> None:
    """Take back a membership that has not begun, as though it had never been given.

    Raises `NotFound`, `Forbidden`, or `Conflict`: it has begun, or somebody who listens knows of
    stays or requests ahead.
    """
    _find_to_manage(actor, constellation_id)
    _find_membership(actor, constellation_id, membership_id)
    service.lock_hub_homes_of(constellation_id)
    membership = _find_membership(actor, constellation_id, membership_id)  # maybe withdrawn
    db.session().refresh(membership, with_for_update=True)
    if membership.starts_on <= clock.london_today():
        raise Conflict(
            "This membership has begun already. Please give the day on which it ends instead.",
            code="wrong_state",
        )
    changes.announce(
        MembershipEnds(membership.household_id, constellation_id, membership.starts_on)
    )
    db.session().delete(membership)
    db.session().flush()
    service.audit_change(actor, "membership:withdraw", membership_id, constellation_id)


def list_memberships(actor: Actor, constellation_id: UUID, page: PageArgs) -> Page:
    """The memberships of one constellation, past ones included. Raises `NotFound`."""
    service.get_constellation(actor, constellation_id)
    return queries.MEMBERSHIPS.page(actor, page, constellation_id=constellation_id)


def get_membership(actor: Actor, membership_id: UUID) -> Row:
    """One membership. Raises `NotFound`."""
    return queries.MEMBERSHIP.one(actor, membership_id)


def _find_to_manage(actor: Actor, constellation_id: UUID) -> Constellation:
    constellation = service.find_constellation(actor, constellation_id)
    if not policy.can_manage(actor, constellation_id):
        raise Forbidden
    return constellation


def _find_membership(actor: Actor, constellation_id: UUID, membership_id: UUID) -> Membership:
    found = sa.select(Membership).where(
        Membership.id == membership_id,
        Membership.constellation_id == constellation_id,
        policy.memberships_visible_to(ASKING),
    )
    return reads.find(actor, found)
