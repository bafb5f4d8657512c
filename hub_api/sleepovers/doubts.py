"""Stays that what is on record speaks against by now: somebody looks into them while it does.

Such a record is never refused because of what is booked, nor is a stay called off by itself: which
child gives way, and where it then sleeps, is for people to say.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db, nights, settings
from hub_api.households import service as households
from hub_api.sleepovers import beds, checks, facts, overrides
from hub_api.sleepovers.facts import Stay
from hub_api.sleepovers.homes import RUN_BY
from hub_api.sleepovers.models import BedNight, Sleepover, SleepoverState
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.sleepovers.checks import Waiver
    from hub_api.sleepovers.facts import Facts

DOUBTS = frozenset({"kept_apart", "bedroom_sharing", "checks_current"})
"""The checks a stay may fail after it was booked, because what is on record has changed. A check
that is to be among them is added here, and whoever changes its records calls `reconsider()`."""

IS_OPEN = Sleepover.state.in_([SleepoverState.CONFIRMED, SleepoverState.IN_STAY])


@dataclass(frozen=True, slots=True)
class Ahead:
    """An open stay with the nights it still holds."""

    id: UUID
    constellation_id: UUID
    household_id: UUID
    run_by: UUID
    hub_home_id: UUID
    request_id: UUID
    child_id: UUID
    arrives_at: datetime
    departs_at: datetime
    nights: list[date]

    def as_stay(self) -> Stay:
        """What is judged of it."""
        return Stay(
            hub_home_id=self.hub_home_id,
            children=(self.child_id,),
            arrives_at=self.arrives_at,
            departs_at=self.departs_at,
            nights=tuple(sorted(self.nights)),
            reason="",
            request_id=self.request_id,
        )


def reconsider(
    about: Collection[str],
    *,
    child_ids: Collection[UUID] = (),
    hub_home_id: UUID | None = None,
) -> None:
    """Judge anew the nights to come of these children, or at this hub home, by what is on record
    now: a task for each stay in doubt for one of the reasons asked about, and none any more for one
    that nothing speaks against.

    The rows are written, and the children locked or the hub home's mutex held. A reason that nobody
    asks about raises nothing: a liaison worker who has looked into it is not asked again.
    """
    _judge(about, stays_ahead(_of(child_ids, hub_home_id)))


def forget_outlived(hub_home_id: UUID) -> None:
    """Take back what is asked about stays at this hub home that nothing speaks against any more:
    somebody who was to be there is not. Under its mutex."""
    doubted = Sleepover.id.in_(tasks.open_subjects(TaskKind.SLEEPOVER_IN_DOUBT))
    _judge((), stays_ahead(sa.and_(_of((), hub_home_id), doubted)))


def _of(child_ids: Collection[UUID], hub_home_id: UUID | None) -> sa.ColumnElement[bool]:
    if hub_home_id is not None:
        return Sleepover.hub_home_id == hub_home_id
    return Sleepover.child_id.in_(child_ids)


def stays_ahead(these: sa.ColumnElement[bool]) -> list[Ahead]:
    """The open ones of these stays that hold a night which is not over. None is locked."""
    held = sa.func.array_agg(sa.type_coerce(BedNight.night, sa.Date()))
    found = (
        sa.select(
            Sleepover.id,
            Sleepover.constellation_id,
            Sleepover.household_id,
            RUN_BY,
            Sleepover.hub_home_id,
            Sleepover.request_id,
            Sleepover.child_id,
            Sleepover.arrives_at,
            Sleepover.departs_at,
            held.label("nights"),
        )
        .join(BedNight, BedNight.sleepover_id == Sleepover.id)
        .where(these, IS_OPEN, BedNight.night >= nights.first_not_over())
        .group_by(Sleepover.id)
    )
    return [Ahead(**row._mapping) for row in db.session().execute(found)]


def _judge(about: Collection[str], ahead: list[Ahead]) -> None:
    # One at another constellation's hub is judged by neither: each sees but one side of it, and a
    # record is never refused because of a stay.
    ahead = [stay for stay in ahead if stay.run_by == stay.constellation_id]
    if not ahead:
        return
    # A child whom somebody else has locked is theirs to judge once they have written; a task too
    # many is looked at, one too few is not.
    held = households.hold_children_that_are_free({stay.child_id for stay in ahead})
    set_aside = overrides.overrides_of({stay.request_id for stay in ahead})
    by_home: dict[UUID, list[Ahead]] = defaultdict(list)
    for stay in ahead:
        by_home[stay.hub_home_id].append(stay)
    certain = []
    for _, stays in sorted(by_home.items()):
        found = facts.read(as_one(stay.as_stay() for stay in stays))
        for stay in stays:
            doubts = _doubts(stay, found, set_aside.get(stay.request_id, {}))
            if doubts.intersection(about):
                _raise(stay)
            elif not doubts and stay.child_id in held:
                certain.append(stay.id)
    tasks.settle(TaskKind.SLEEPOVER_IN_DOUBT, *certain)


def as_one(stays: Iterable[Stay]) -> Stay:
    """Some stays at one hub home as one that asks for the facts of them all."""
    together = [*stays]
    every = sorted({night for stay in together for night in stay.nights})
    children = tuple(sorted({child for stay in together for child in stay.children}))
    now = clock.now()
    return Stay(together[0].hub_home_id, children, now, now, (every[0], every[-1]), reason="")


def _doubts(ahead: Ahead, found: Facts, set_aside: Mapping[str, Waiver]) -> set[str]:
    """The codes of what speaks against a stay, in the beds it has."""
    others = tuple(guest for guest in found.guests if guest.child_id != ahead.child_id)
    judged = checks.judge(
        ahead.as_stay(), replace(found, guests=others), settings.current(), set_aside
    )
    # Whether there is another way to put them into beds is not asked: this is how they lie.
    wrong = {check.code for check in checks.blocking(judged)} & (DOUBTS - {"bedroom_sharing"})
    if any(_shares_wrongly(ahead.child_id, found, night) for night in ahead.nights):
        wrong.add("bedroom_sharing")
    return wrong


def _shares_wrongly(child_id: UUID, found: Facts, night: date) -> bool:
    rooms = {bed.id: bed.bedroom for bed in found.beds}
    asleep = {guest.child_id: guest.bed_id for guest in found.guests if guest.night == night}
    return any(
        rooms.get(bed_id) == rooms.get(asleep[child_id])
        and not beds.may_share(found, child_id, other, night)
        for other, bed_id in asleep.items()
        if other != child_id
    )


def _raise(stay: Ahead) -> None:
    tasks.raise_task(
        TaskKind.SLEEPOVER_IN_DOUBT,
        constellation_id=stay.constellation_id,
        subject_id=stay.id,
        no_later_than=max(stay.arrives_at, clock.now()),
    )
