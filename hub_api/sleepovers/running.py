"""A stay as it happens: called off, begun, over, closed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db, nights, settings
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.audit import service as audit
from hub_api.constellations import service as constellations
from hub_api.errors import Conflict, Forbidden
from hub_api.notifications.categories import Category
from hub_api.sleepovers import (
    asked,
    beds,
    booking,
    doubts,
    facts,
    policy,
    queries,
    reconsidering,
)
from hub_api.sleepovers.asked import PackState
from hub_api.sleepovers.facts import Stay
from hub_api.sleepovers.homes import RUN_BY, Homes
from hub_api.sleepovers.models import CancelReason, Sleepover, SleepoverState
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Row
    from hub_api.sleepovers.models import EarlyEndReason


DAY = timedelta(days=1)


def take(
    actor: Actor,
    sleepover_id: UUID,
    seen_version: int,
    may: Callable[[Actor, Sleepover], bool],
) -> Sleepover:
    """A sleepover to change, under its hub home's mutex.

    Raises `NotFound`, `Forbidden` or `StaleVersion`.
    """
    sleepover = queries.find(actor, sleepover_id)
    if not may(actor, sleepover):
        raise Forbidden
    constellations.lock_hub_home(sleepover.hub_home_id)
    db.lock_seen(sleepover, seen_version)
    return sleepover


def cancel_sleepover(
    actor: Actor, sleepover_id: UUID, seen_version: int, reason: CancelReason
) -> Row:
    """Call a sleepover off and free its nights. The other side is told.

    That a child did not come is for the hub to say. Raises `NotFound`, `Forbidden`, `StaleVersion`,
    or `Conflict` once it has begun or ended.
    """
    did_not_come = reason == CancelReason.DID_NOT_COME
    may = policy.can_change if did_not_come else policy.can_cancel
    sleepover = take(actor, sleepover_id, seen_version, may)
    sleepover.cancel(CancelReason(reason))
    booking.free_all(sleepover)
    tasks.settle(TaskKind.SLEEPOVER_IN_DOUBT, sleepover.id)
    tasks.settle(TaskKind.CONSENT_MISSING, sleepover.id)
    doubts.forget_outlived(sleepover.hub_home_id)
    note(actor, sleepover, "cancel", "state", "bed_nights")
    tell_both(actor, sleepover, Category.SLEEPOVER_CANCELLED)
    return queries.get_sleepover(actor, sleepover.id)


def hand_over(
    actor: Actor, sleepover_id: UUID, seen_version: int, arrived_at: datetime | None
) -> Row:
    """The child has come to the hub, now or at the time given.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: begun or over already, or a time
    that can't be: still to come, or so early that nobody kept a bed; or a pack that lacks
    something (`pack_incomplete`; in an emergency, of its minimum: `minimum_pack_missing`); or no
    consent to a night ahead (`consent_missing`; an emergency waits for none).
    """
    sleepover = take(actor, sleepover_id, seen_version, policy.can_run)
    at = arrived_at or clock.now()
    rules = settings.current()
    first_night = next(iter(booking.nights_of(sleepover)), None)
    earliest = sleepover.arrives_at - rules.early_handover
    if first_night is not None:
        # Not within the night before, in which the child has no bed.
        earliest = max(earliest, nights.ends_at(first_night - DAY))
    sleepover.arrive(at, earliest)
    _refuse_without_consent(sleepover)
    _refuse_without_pack(sleepover)
    note(actor, sleepover, "hand_over", "state", "arrived_at")
    return queries.get_sleepover(actor, sleepover.id)


def _refuse_without_consent(sleepover: Sleepover) -> None:
    """Nobody overrides consent, nor does the door (domain.md §3): it may have been withdrawn since
    the hub said yes. In an emergency the child comes first, and somebody has the task to get it."""
    if _is_emergency(sleepover):
        return
    missing = reconsidering.nights_ahead_without(sleepover.id)
    if missing:
        raise Conflict(
            f"We don't have the consent needed for {clock.spoken_list(missing)}, so the sleepover "
            "can't begin yet. Please ring your liaison worker, or the manager on call, who can see "
            "to it.",
            code="consent_missing",
            nights=missing,
        )


def _is_emergency(sleepover: Sleepover) -> bool:
    """Another constellation's hub has a child only in one, and doesn't see the request."""
    return sleepover.hosting_constellation_id is not None or asked.is_emergency(
        sleepover.request_id
    )


def _refuse_without_pack(sleepover: Sleepover) -> None:
    """Nobody looks after a child they know too little of. What is only long unconfirmed keeps no
    child at the door; in an emergency the rest of the pack is somebody's task (domain.md §3)."""
    pack = asked.packs_of([sleepover.child_id])[sleepover.child_id]
    if pack in {PackState.COMPLETE, PackState.TO_CONFIRM}:
        return
    if not _is_emergency(sleepover):
        raise Conflict(
            "The child's pack isn't complete, so the sleepover can't begin yet. The carer's app "
            "shows what is missing.",
            code="pack_incomplete",
        )
    if pack is PackState.LESS:
        raise Conflict(
            "Even in an emergency you need to know about allergies, medication, risks and whom to "
            "ring. Please write that down with the carer first.",
            code="minimum_pack_missing",
        )
    tasks.raise_task(
        TaskKind.PACK_DUE,
        constellation_id=sleepover.constellation_id,
        subject_id=sleepover.child_id,
        no_later_than=clock.now() + settings.current().packs.rest_within,
    )
    _homes_of(sleepover).tell_carers(Category.PACK_DUE, sleepover.child_id)


def record_return(
    actor: Actor, sleepover_id: UUID, seen_version: int, returned_at: datetime | None
) -> Row:
    """The child is home again, now or at the time given. The stay then holds the nights slept.

    A late return is the truth and never refused: somebody is asked to look into it, and nights
    slept beyond those agreed are booked where a bed is free.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: not begun or over already, a time
    that can't be, or nights that remain (`ends_early`: ending early takes a reason).
    """
    sleepover = take(actor, sleepover_id, seen_version, policy.can_run)
    at = returned_at or clock.now()
    sleepover.come_home(at)
    held = booking.nights_of(sleepover)
    ahead = [night for night in held if nights.starts_at(night) >= at]
    if ahead:
        raise Conflict(
            f"There are nights still to come: {clock.spoken_list(ahead)}. If the child has "
            "gone home before that, please end the stay early and say why.",
            code="ends_early",
            nights=ahead,
        )
    _hold_what_was_slept(sleepover, at, held)
    _look_into_late(sleepover, at)
    note(actor, sleepover, "return", "state", "returned_at", "bed_nights")
    return queries.get_sleepover(actor, sleepover.id)


def end_early(
    actor: Actor,
    sleepover_id: UUID,
    seen_version: int,
    reason: EarlyEndReason,
    ended_at: datetime | None,
) -> Row:
    """The child went home before the day agreed: the nights that remain are free at once. Both
    homes are told.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: not begun or over already, a time
    that can't be, or no earlier than agreed (`not_early`).
    """
    sleepover = take(actor, sleepover_id, seen_version, policy.can_change)
    at = ended_at or clock.now()
    sleepover.come_home(at, reason)
    if at >= sleepover.departs_at:
        raise Conflict(
            "That is not before the departure agreed. Please say that the child has returned.",
            code="not_early",
        )
    _hold_what_was_slept(sleepover, at, booking.nights_of(sleepover))
    tasks.settle(TaskKind.RETURN_LATE, sleepover.id)
    doubts.forget_outlived(sleepover.hub_home_id)
    note(actor, sleepover, "end_early", "state", "returned_at", "early_end_reason", "bed_nights")
    tell_both(actor, sleepover, Category.SLEEPOVER_ENDED_EARLY)
    return queries.get_sleepover(actor, sleepover.id)


def close_sleepover(actor: Actor, sleepover_id: UUID, seen_version: int) -> Row:
    """Everything about a stay is done.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict` unless the child has returned.
    """
    sleepover = take(actor, sleepover_id, seen_version, policy.can_change)
    sleepover.close()
    note(actor, sleepover, "close", "state", "closed_at")
    return queries.get_sleepover(actor, sleepover.id)


# --- the nights ------------------------------------------------------------------------------


def _hold_what_was_slept(sleepover: Sleepover, until: datetime, held: dict[date, UUID]) -> None:
    tasks.settle(TaskKind.CONSENT_MISSING, sleepover.id)  # no night is to come
    arrived_at = sleepover.arrived_at or sleepover.arrives_at
    slept = nights.between(arrived_at, until)
    booking.free_nights(sleepover, held.keys() - slept)
    further = [night for night in slept if night not in held]
    # Who else may be there is judged by the child's own constellation, which is not asked here.
    if further and sleepover.hosting_constellation_id is None:
        booking.add_nights(sleepover, _free_beds_for(sleepover, further, held))


def _free_beds_for(
    sleepover: Sleepover, further: list[date], held: dict[date, UUID]
) -> dict[date, UUID]:
    """A bed for each of these nights that has one free and is no night of another stay's."""
    stay = Stay(
        hub_home_id=sleepover.hub_home_id,
        children=(sleepover.child_id,),
        arrives_at=sleepover.arrives_at,
        departs_at=sleepover.departs_at,
        nights=tuple(further),
        reason="",
        request_id=sleepover.request_id,
    )
    found = facts.read(stay)
    elsewhere = {away.night for away in found.nights_away}
    free = beds.free_beds(stay, found)
    bed = held[max(held)] if held else None
    given: dict[date, UUID] = {}
    for night in further:
        if free[night] and night not in elsewhere:
            bed = given[night] = bed if bed in free[night] else free[night][0]
    return given


# --- what every change leaves behind ---------------------------------------------------------


def note(actor: Actor, sleepover: Sleepover, verb: str, *changed: str) -> None:
    """Write the change, and who made it, into the record."""
    db.session().flush()
    audit.record(
        f"sleepover:{verb}",
        actor_id=actor.account_id,
        subject_id=sleepover.id,
        constellation_id=sleepover.constellation_id,
        changed=[*changed],
    )


def tell_both(actor: Actor, sleepover: Sleepover, category: Category) -> None:
    """Tell the child's carers and the hub's, but for whoever did it."""
    _homes_of(sleepover).tell(category, sleepover.id, but={actor.account_id})


def _homes_of(sleepover: Sleepover) -> Homes:
    return Homes(sleepover.household_id, sleepover.constellation_id, sleepover.run_by)


# --- late returns ----------------------------------------------------------------------------


def _look_into_late(sleepover: Sleepover, returned_at: datetime) -> None:
    """A return that was late is for the liaison worker; one that was only told late is not."""
    if returned_at <= sleepover.departs_at + settings.current().late_return_after:
        tasks.settle(TaskKind.RETURN_LATE, sleepover.id)
    elif sleepover.late_told_at is None:
        sleepover.late_told_at = clock.now()
        # Elsewhere those who have the child look into it: its own place is not theirs to write in.
        _raise_late(sleepover.id, sleepover.run_by)


def raise_late_returns() -> None:
    """Have somebody look into every stay whose child should be home by now, once for a time agreed.

    Both homes and the liaison worker are told at once: whoever knows where the child is says so.
    For a job: doing it again changes nothing. The version stays, so that the hub carer, who is
    about to say that the child went home, is not told that somebody changed the stay.
    """
    now = clock.now()
    late = sa.select(Sleepover.id).where(
        Sleepover.state == sa.literal_column(f"'{SleepoverState.IN_STAY}'"),
        Sleepover.departs_at < now - settings.current().late_return_after,
        Sleepover.late_told_at.is_(None),
    )
    told = db.connection().execute(
        sa.update(Sleepover)
        .where(Sleepover.id.in_(late.with_for_update(skip_locked=True)))
        .values(late_told_at=now)
        .returning(Sleepover.id, Sleepover.household_id, Sleepover.constellation_id, RUN_BY)
    )
    for row in told.all():
        _raise_late(row.id, row.constellation_id)
        workers = accounts.accounts_holding(
            Role.LIAISON_WORKER, constellation_id=row.constellation_id
        )
        homes = Homes(row.household_id, row.constellation_id, row.run_by)
        homes.tell(Category.RETURN_LATE, row.id, also=workers)


def _raise_late(sleepover_id: UUID, constellation_id: UUID) -> None:
    tasks.raise_task(
        TaskKind.RETURN_LATE, constellation_id=constellation_id, subject_id=sleepover_id
    )
