"""What the slices below may not do while children stay, or are to stay, at a hub home.

Listeners of `hub_api.changes`; `hub_api.guards` imports them. Those about a hub home are called
under its mutex, and go by the facts of the home, guests of another constellation included: no
sentence says who they are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, time, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import changes, clock, db, nights, settings
from hub_api.clock import spoken_list
from hub_api.constellations.changes import (
    BedEnds,
    ConstellationCloses,
    HomeAuthorityChanged,
    HubHomeEnds,
    MembershipEnds,
    NightsBlocked,
)
from hub_api.errors import Busy, Conflict
from hub_api.households.changes import (
    ChildLeaves,
    ChildrenAreToChange,
    ChildrenChanged,
    HouseholdLeaves,
    HubChecksChanged,
    HubResidentsChanged,
    KeptApartRecorded,
    SharingChanged,
)
from hub_api.sleepovers import doubts, facts, overrides
from hub_api.sleepovers.checks import blocking
from hub_api.sleepovers.checks.limits import check_approval_terms, check_fostering_limit
from hub_api.sleepovers.doubts import IS_OPEN
from hub_api.sleepovers.facts import Stay
from hub_api.sleepovers.models import BedNight, Sleepover, SleepoverState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from hub_api.sleepovers.checks import Check
    from hub_api.sleepovers.facts import Facts, GuestNight

LONGEST_NAMED = 7
"""Nights a sentence names; the answer's `nights` has all of them."""


@changes.on(NightsBlocked)
def refuse_to_block_nights_with_guests(change: NightsBlocked) -> None:
    """`nights_booked`: somebody sleeps there then, or a bed is kept for a request."""
    found = _facts_of(change.hub_home_id, change.first_night, change.last_night)
    _refuse_nights(
        [guest.night for guest in found.guests],
        "nights_booked",
        "A bed is taken on {nights}. Please call those stays off, or move them, first.",
    )


@changes.on(BedEnds)
def refuse_to_end_a_bed_with_guests(change: BedEnds) -> None:
    """`nights_booked`: so nobody loses their bed, or finds another child in their bedroom."""
    _refuse_nights(
        [
            guest.night
            for guest in _coming(change.hub_home_id, change.from_night).guests
            if guest.bed_id == change.bed_id
        ],
        "nights_booked",
        "This bed is taken on {nights}. Please call those stays off, or move them, first.",
    )


@changes.on(HubHomeEnds)
def refuse_to_end_a_hub_home_with_stays_ahead(change: HubHomeEnds) -> None:
    """`stays_ahead`: the constellation's children sleep there on that day or later."""
    _refuse_nights(
        _nights(
            BedNight.hub_home_id == change.hub_home_id,
            sa.or_(
                BedNight.constellation_id == change.constellation_id,
                Sleepover.hosting_constellation_id == change.constellation_id,
            ),
            BedNight.night >= change.ends_on,
        ),
        "stays_ahead",
        "Children of this constellation are to stay at this hub home on {nights}. Please call "
        "those stays off first.",
    )


@changes.on(ConstellationCloses)
def refuse_to_close_with_stays_ahead(change: ConstellationCloses) -> None:
    """`stays_ahead`: a child is at the hub, or to come, on that day or later."""
    _refuse_stays(
        sa.and_(
            sa.or_(
                Sleepover.constellation_id == change.constellation_id,
                Sleepover.hosting_constellation_id == change.constellation_id,
            ),
            sa.or_(
                Sleepover.state == SleepoverState.IN_STAY,
                Sleepover.departs_at > clock.london_instant(change.closed_on, _MIDNIGHT),
            ),
        )
    )


@changes.on(HouseholdLeaves)
def refuse_to_move_a_household_with_stays_ahead(change: HouseholdLeaves) -> None:
    """`stays_ahead`: one of its children is at the hub, or to come."""
    _refuse_stays(
        sa.and_(
            Sleepover.household_id == change.household_id,
            # One that never began and should be over by now holds nobody back.
            sa.or_(Sleepover.state == SleepoverState.IN_STAY, Sleepover.departs_at > clock.now()),
        )
    )


@changes.on(MembershipEnds)
def refuse_to_end_a_membership_with_stays_ahead(change: MembershipEnds) -> None:
    """`stays_ahead`: one of its children sleeps there on that day or later, or is still there."""
    sleeps_then = sa.exists().where(
        BedNight.sleepover_id == Sleepover.id, BedNight.night >= change.ends_on
    )
    is_still_there = sa.and_(
        Sleepover.state == SleepoverState.IN_STAY,
        sa.literal(change.ends_on <= clock.london_today()),
    )
    _refuse_stays(
        sa.and_(Sleepover.household_id == change.household_id, sa.or_(sleeps_then, is_still_there))
    )


@changes.on(ChildLeaves)
def refuse_to_let_a_child_leave_with_stays_ahead(change: ChildLeaves) -> None:
    """`stays_ahead`: the child sleeps away on that day or later, or is still at the hub."""
    _refuse_nights(
        _nights(BedNight.child_id == change.child_id, BedNight.night >= change.left_on),
        "stays_ahead",
        "This child has a sleepover on {nights}. Please call it off first.",
    )
    _refuse_stays(
        sa.and_(Sleepover.child_id == change.child_id, Sleepover.state == SleepoverState.IN_STAY)
    )


_OVER = {
    "fostering_limit": "With the guests who are to come, the hub home would look after more "
    "fostered children on {nights} than the law allows.",
    "approval_terms": "The hub home's approval would not cover everybody who is to be there on "
    "{nights}.",
}
"""What a change is refused with, by the check in its way. The check's own sentence is for whoever
asks for a stay, and may name a child."""


@changes.on(HubResidentsChanged)
def refuse_to_fill_the_home_above_its_limits(change: HubResidentsChanged) -> None:
    """`fostering_limit` or `approval_terms`: the guests who are to come could not all come.

    Called once the change is written: it is judged as it would be, and undone by the refusal.
    """
    found = _coming(change.hub_home_id, change.from_night)
    guests: dict[date, list[GuestNight]] = defaultdict(list)
    for guest in found.guests:
        guests[guest.night].append(guest)
    blocks = [
        block
        for night, there in sorted(guests.items())
        for block in _blocks(change.hub_home_id, night, there, found)
    ]
    for code, words in _OVER.items():
        nights = [night for block in blocks if block.code == code for night in block.nights]
        _refuse_nights(nights, code, words)


@changes.on(HomeAuthorityChanged)
def refuse_to_lose_exemptions_that_guests_need(change: HomeAuthorityChanged) -> None:
    """`fostering_limit`: nights are booked on the strength of the former authority's exemption."""
    refuse_to_fill_the_home_above_its_limits(
        HubResidentsChanged(change.hub_home_id, nights.first_not_over())
    )


@changes.on(ChildrenAreToChange)
def name_the_hub_homes_of_guests(change: ChildrenAreToChange) -> None:
    """Where these children have nights ahead; nothing is refused yet."""
    change.hub_home_ids.update(_hub_homes_of(change.child_ids))


@changes.on(ChildrenChanged)
def refuse_to_change_guests_beyond_the_limits(change: ChildrenChanged) -> None:
    """The same of a home these children are to stay at, with what they are now.

    Raises `Busy` for a home they were booked at while the change waited for the children: to take
    its mutex too would be out of order.
    """
    booked = _hub_homes_of(change.child_ids)
    if not booked <= change.hub_home_ids:
        raise Busy
    for hub_home_id in sorted(booked):
        refuse_to_fill_the_home_above_its_limits(
            HubResidentsChanged(hub_home_id, nights.first_not_over())
        )


def _hub_homes_of(child_ids: Collection[UUID]) -> set[UUID]:
    booked = sa.select(BedNight.hub_home_id).where(
        BedNight.child_id.in_(child_ids), BedNight.night >= nights.first_not_over()
    )
    return {*db.session().scalars(booked)} if child_ids else set()


def _blocks(
    hub_home_id: UUID, night: date, guests: Sequence[GuestNight], found: Facts
) -> list[Check]:
    """What would stand in the way of a night's guests, were they all asked for together now."""
    now = clock.now()
    children = tuple(guest.child_id for guest in guests)
    stay = Stay(hub_home_id, children, now, now, (night,), reason="")
    nobody_else = replace(found, guests=())
    return blocking(
        [
            check(stay, nobody_else, settings.current())
            for check in (check_fostering_limit, check_approval_terms)
        ]
    )


# --- what is never refused, and looked into ---------------------------------------------------


@changes.on(KeptApartRecorded)
def have_stays_together_looked_into(change: KeptApartRecorded) -> None:
    """A task for each stay on whose nights the two are under one roof, the hub's own child or not.

    Not a refusal: that two children are to be kept apart is safety information. Refused because of
    a booking, it would be missing from every check until somebody has called the booking off.
    Nights held for a request need no task: it is examined again at its approval. What was set aside
    for these two before is set aside no more.
    """
    overrides.end_overrides_about(change.child_ids)
    doubts.reconsider({"kept_apart"}, child_ids=change.child_ids)


@changes.on(SharingChanged)
def have_shared_bedrooms_looked_into(change: SharingChanged) -> None:
    """A task for each stay in which the two share a bedroom that they now may not share.

    Not a refusal either: a responsible authority takes its word back when it sees fit, and until
    that is on record further nights would be booked by it.
    """
    doubts.reconsider({"bedroom_sharing"}, child_ids=change.child_ids)


@changes.on(ChildrenChanged)
def have_bedrooms_of_changed_guests_looked_into(change: ChildrenChanged) -> None:
    """A task for each stay of theirs in a bedroom shared with somebody they now may not share with.

    A legal status, a birthday or the authority that holds the care plan is what it is, so that is
    no refusal either.
    """
    doubts.reconsider({"bedroom_sharing"}, child_ids=change.child_ids)


@changes.on(HubChecksChanged)
def have_stays_without_current_checks_looked_into(change: HubChecksChanged) -> None:
    """A task for each stay with a night on which a DBS or the approval review is not in date."""
    doubts.reconsider({"checks_current"}, hub_home_id=change.hub_home_id)


@changes.on(HubResidentsChanged)
def have_stays_with_new_residents_looked_into(change: HubResidentsChanged) -> None:
    """A task for each stay of a guest to be kept apart from a child who lives there by now."""
    doubts.reconsider({"kept_apart"}, hub_home_id=change.hub_home_id)


# --- what is ahead ---------------------------------------------------------------------------

_FURTHEST = timedelta(days=800) + nights.LONGEST_STAY
"""No night is booked further ahead: `furthest_ahead` may be 800 days at most (settings.py)."""

_MIDNIGHT = time(0, 0)


def _coming(hub_home_id: UUID, from_night: date) -> Facts:
    """The facts of a hub home, with its guests from a night on; nights that are over are of no
    concern.

    Read from now on, however far ahead that night is: an interim hub home that serves until then
    tells nothing of what comes long after.
    """
    last_night = clock.london_today() - timedelta(days=1)
    found = _facts_of(hub_home_id, last_night, last_night + _FURTHEST)
    return replace(found, guests=tuple(g for g in found.guests if g.night >= from_night))


def _facts_of(hub_home_id: UUID, first_night: date, last_night: date) -> Facts:
    now = clock.now()
    return facts.read(Stay(hub_home_id, (), now, now, (first_night, last_night), reason=""))


def _nights(*conditions: sa.ColumnElement[bool]) -> list[date]:
    """Nights held for a request, or of a stay that is still to come or not over yet."""
    found = (
        sa.select(BedNight.night)
        .outerjoin(Sleepover, Sleepover.id == BedNight.sleepover_id)
        .where(*conditions, sa.or_(BedNight.sleepover_id.is_(None), IS_OPEN))
    )
    return [*db.session().scalars(found)]


def _refuse_nights(nights: Sequence[date], code: str, words: str) -> None:
    if nights:
        days = sorted(set(nights))
        named = spoken_list(days[:LONGEST_NAMED])
        if len(days) > LONGEST_NAMED:
            named = f"{named}, and on later nights"
        raise Conflict(words.format(nights=named), code=code, nights=days)


def _refuse_stays(condition: sa.ColumnElement[bool]) -> None:
    ahead = sa.select(Sleepover.id).where(condition, IS_OPEN).limit(1)
    if db.session().scalar(ahead) is not None:
        raise Conflict(
            "There are sleepovers that are still to come or not over yet. Please call them off, or "
            "wait until they are over.",
            code="stays_ahead",
        )
