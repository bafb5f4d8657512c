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

from hub_api import changes, clock, db, settings
from hub_api.clock import spoken_list
from hub_api.constellations import service as constellations
from hub_api.constellations.changes import (
    BedEnds,
    ConstellationCloses,
    HomeAuthorityChanged,
    HubHomeEnds,
    MembershipEnds,
    NightsBlocked,
)
from hub_api.errors import Conflict
from hub_api.households.changes import (
    ChildLeaves,
    ChildrenChanged,
    HouseholdMoves,
    HubResidentsChanged,
)
from hub_api.sleepovers import facts
from hub_api.sleepovers.checks import Outcome
from hub_api.sleepovers.checks.limits import check_approval_terms, check_fostering_limit
from hub_api.sleepovers.facts import Stay
from hub_api.sleepovers.models import BedNight, Sleepover, SleepoverState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from hub_api.sleepovers.facts import Facts, GuestNight

LONGEST_NAMED = 7
"""Nights a sentence names; the answer's `nights` has all of them."""


@changes.before(NightsBlocked)
def refuse_to_block_nights_with_guests(change: NightsBlocked) -> None:
    """`nights_booked`: somebody sleeps there then, or a bed is kept for a request."""
    found = _facts_of(change.hub_home_id, change.first_night, change.last_night)
    _refuse_nights(
        [guest.night for guest in found.guests],
        "nights_booked",
        "A bed is taken on {nights}. Please call those stays off, or move them, first.",
    )


@changes.before(BedEnds)
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


@changes.before(HubHomeEnds)
def refuse_to_end_a_hub_home_with_stays_ahead(change: HubHomeEnds) -> None:
    """`stays_ahead`: the constellation's children sleep there on that day or later."""
    _refuse_nights(
        _nights(
            BedNight.hub_home_id == change.hub_home_id,
            BedNight.constellation_id == change.constellation_id,
            BedNight.night >= change.ends_on,
        ),
        "stays_ahead",
        "Children of this constellation are to stay at this hub home on {nights}. Please call "
        "those stays off first.",
    )


@changes.before(ConstellationCloses)
def refuse_to_close_with_stays_ahead(change: ConstellationCloses) -> None:
    """`stays_ahead`: a child is at the hub, or to come, on that day or later."""
    _refuse_stays(
        sa.and_(
            Sleepover.constellation_id == change.constellation_id,
            sa.or_(
                Sleepover.state == SleepoverState.IN_STAY,
                Sleepover.departs_at > clock.london_instant(change.closed_on, _MIDNIGHT),
            ),
        )
    )


@changes.before(HouseholdMoves)
def refuse_to_move_a_household_with_stays_ahead(change: HouseholdMoves) -> None:
    """`stays_ahead`: one of its children is at the hub, or to come."""
    _refuse_stays(
        sa.and_(
            Sleepover.household_id == change.household_id,
            # One that never began and should be over by now holds nobody back.
            sa.or_(Sleepover.state == SleepoverState.IN_STAY, Sleepover.departs_at > clock.now()),
        )
    )


@changes.before(MembershipEnds)
def refuse_to_end_a_membership_with_stays_ahead(change: MembershipEnds) -> None:
    """`stays_ahead`: one of its children is at the hub, or to come."""
    refuse_to_move_a_household_with_stays_ahead(HouseholdMoves(change.household_id))


@changes.before(ChildLeaves)
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


@changes.before(HubResidentsChanged)
def refuse_to_fill_the_home_above_its_limits(change: HubResidentsChanged) -> None:
    """`fostering_limit`: with its guests, the home would look after more children than it may.

    By the fostering limit or its terms of approval. Called once the change is written: it is judged
    as it would be, and undone by the refusal.
    """
    found = _coming(change.hub_home_id, change.from_night)
    guests: dict[date, list[GuestNight]] = defaultdict(list)
    for guest in found.guests:
        guests[guest.night].append(guest)
    _refuse_nights(
        [
            night
            for night, there in guests.items()
            if _is_too_full(change.hub_home_id, night, there, found)
        ],
        "fostering_limit",
        "With the guests who are to come, the hub home would look after more children than it "
        "may on {nights}.",
    )


@changes.before(HomeAuthorityChanged)
def refuse_to_lose_exemptions_that_guests_need(change: HomeAuthorityChanged) -> None:
    """`fostering_limit`: nights are booked on the strength of the former authority's exemption."""
    refuse_to_fill_the_home_above_its_limits(
        HubResidentsChanged(change.hub_home_id, clock.london_today())
    )


@changes.before(ChildrenChanged)
def refuse_to_change_guests_beyond_the_limits(change: ChildrenChanged) -> None:
    """`fostering_limit`: with what these children are now, a home they are to stay at would look
    after more children than it may."""
    booked = sa.select(BedNight.hub_home_id).where(
        BedNight.child_id.in_(change.child_ids), BedNight.night >= clock.london_today()
    )
    for hub_home_id in sorted({*db.session().scalars(booked)}):
        constellations.lock_hub_home(hub_home_id)
        refuse_to_fill_the_home_above_its_limits(
            HubResidentsChanged(hub_home_id, clock.london_today())
        )


def _is_too_full(
    hub_home_id: UUID, night: date, guests: Sequence[GuestNight], found: Facts
) -> bool:
    """Whether the guests of a night could not come all together, were they asked for now."""
    now = clock.now()
    children = tuple(guest.child_id for guest in guests)
    stay = Stay(hub_home_id, children, now, now, (night,), reason="")
    nobody_else = replace(found, guests=())
    return any(
        check(stay, nobody_else, settings.current()).outcome is Outcome.BLOCK
        for check in (check_fostering_limit, check_approval_terms)
    )


# --- what is ahead ---------------------------------------------------------------------------

_FURTHEST = timedelta(days=800)
"""No stay is booked further ahead: `furthest_ahead` may be so much at most."""

_MIDNIGHT = time(0, 0)


def _coming(hub_home_id: UUID, from_night: date) -> Facts:
    """The facts of a hub home from a night on; nights that are over are of no concern."""
    first = max(from_night, clock.london_today() - timedelta(days=1))
    return _facts_of(hub_home_id, first, first + _FURTHEST)


def _facts_of(hub_home_id: UUID, first_night: date, last_night: date) -> Facts:
    now = clock.now()
    return facts.read(Stay(hub_home_id, (), now, now, (first_night, last_night), reason=""))


_IS_OPEN = Sleepover.state.in_([SleepoverState.CONFIRMED, SleepoverState.IN_STAY])


def _nights(*conditions: sa.ColumnElement[bool]) -> list[date]:
    """Nights held for a request, or of a stay that is still to come or not over yet."""
    found = (
        sa.select(BedNight.night)
        .outerjoin(Sleepover, Sleepover.id == BedNight.sleepover_id)
        .where(*conditions, sa.or_(BedNight.sleepover_id.is_(None), _IS_OPEN))
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
    ahead = sa.select(Sleepover.id).where(condition, _IS_OPEN).limit(1)
    if db.session().scalar(ahead) is not None:
        raise Conflict(
            "There are sleepovers that are still to come or not over yet. Please call them off, or "
            "wait until they are over.",
            code="stays_ahead",
        )
