"""Stays that were confirmed with the consent they take, and have it no more, or have it again.

A stay isn't called off by itself: the consent may be given anew, or the stay be moved, and where
the child sleeps instead is for people to say. Both homes and the liaison worker are told, who has a
task; it is settled when the consent is back. Its kind is its own: what speaks against a stay
otherwise must not be settled with it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import changes, clock, db
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.consents.changes import ConsentChanged
from hub_api.constellations import service as constellations
from hub_api.errors import Conflict
from hub_api.households import service as households
from hub_api.households.changes import ChildrenChanged
from hub_api.notifications.categories import Category
from hub_api.sleepovers import doubts, facts
from hub_api.sleepovers.checks.consent import nights_without
from hub_api.sleepovers.homes import Homes
from hub_api.sleepovers.models import BedNight, Sleepover
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from uuid import UUID

    from hub_api.sleepovers.doubts import Ahead
    from hub_api.sleepovers.facts import Stay

SOON = timedelta(days=7)
"""How far ahead of a night without consent somebody is asked once more."""


@changes.on(ConsentChanged)
def reconsider_stays_of(change: ConsentChanged) -> None:
    """Whose consent was given, ended or withdrawn, or whose social worker is now the one to ask."""
    reconsider(change.child_ids)


@changes.on(ChildrenChanged)
def reconsider_stays_of_changed_children(change: ChildrenChanged) -> None:
    """A legal status or a birthday decides whose consent it takes."""
    reconsider(change.child_ids)


def children_soon_away() -> dict[UUID, list[UUID]]:
    """The children with a night of the coming week in an open stay, by their constellation."""
    today = clock.london_today()
    found = (
        sa.select(Sleepover.constellation_id, Sleepover.child_id)
        .join(BedNight, BedNight.sleepover_id == Sleepover.id)
        .where(BedNight.night.between(today, today + SOON), doubts.IS_OPEN)
        .distinct()
    )
    children: dict[UUID, list[UUID]] = defaultdict(list)
    for constellation_id, child_id in db.session().execute(found):
        children[constellation_id].append(child_id)
    return children


def reconsider(child_ids: Iterable[UUID]) -> None:
    """Judge the nights ahead of these children's stays by their consents as they are now: what is
    known is not told again, unless somebody has said that it is done while it is still missing."""
    found = doubts.stays_ahead(Sleepover.child_id.in_([*child_ids]))
    # A child whom somebody else has locked is theirs to judge once they have written: a task too
    # many is looked at, one too few is not. Whoever changes one holds it already.
    held = households.hold_children_that_are_free({ahead.child_id for ahead in found})
    by_home: dict[UUID, list[tuple[Ahead, Stay]]] = defaultdict(list)
    for ahead in found:
        stay = _as_seen_from_home(ahead)
        if stay is not None:
            by_home[stay.hub_home_id].append((ahead, stay))
    certain = []
    for stays in by_home.values():
        known = facts.read(doubts.as_one(stay for _, stay in stays))
        for ahead, stay in stays:
            if nights_without(ahead.child_id, stay, known):
                _tell(ahead)
            elif ahead.child_id in held:
                certain.append(ahead.id)
    tasks.settle(TaskKind.CONSENT_MISSING, *certain)


def nights_ahead_without(sleepover_id: UUID) -> list[date]:
    """The nights not over of an open stay on which a word that it takes is missing, in order."""
    return [
        night
        for ahead in doubts.stays_ahead(Sleepover.id == sleepover_id)
        for night in nights_without(ahead.child_id, ahead.as_stay(), facts.read(ahead.as_stay()))
    ]


def _as_seen_from_home(ahead: Ahead) -> Stay | None:
    """What is judged of a stay. Whose word it takes is the child's own place's to know, which sees
    no other constellation's hub home: it is judged at its own. Without one, the morning's job,
    which sees every hub home, looks at it again: a record is never refused because of a stay."""
    stay = ahead.as_stay()
    if ahead.run_by == ahead.constellation_id:
        return stay
    try:
        home = constellations.serving_hub_home(
            ahead.constellation_id, stay.nights[0], stay.nights[-1], ahead.household_id
        )
    except Conflict:
        return None
    return replace(stay, hub_home_id=home)


def _tell(stay: Ahead) -> None:
    is_new = tasks.raise_task(
        TaskKind.CONSENT_MISSING,
        constellation_id=stay.constellation_id,
        subject_id=stay.id,
        no_later_than=max(stay.arrives_at, clock.now()),
    )
    if is_new:
        workers = accounts.accounts_holding(
            Role.LIAISON_WORKER, constellation_id=stay.constellation_id
        )
        homes = Homes(stay.household_id, stay.constellation_id, stay.run_by)
        homes.tell(Category.CONSENT_MISSING, stay.id, also=workers)
