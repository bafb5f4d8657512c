"""A concern in each constellation that was looked into and closed, as it was some weeks ago.

About the hub carer, so that whoever tries the demo can see that she finds no trace of it. What
waits to be looked into is written down by `scenes.py`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hub_api import child_keys
from hub_api.access import Role
from hub_api.concerns import people
from hub_api.concerns.models import Concern, ConcernAddendum, ConcernOutcome
from hub_api.tasks.kinds import TaskKind
from hub_api.tasks.models import Task, TaskState
from seed.rows import Dice

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from seed.rows import Rows
    from seed.town import Town

AGO = timedelta(days=20)
LOOKED_INTO = timedelta(hours=20)
WHAT_HAPPENED = "After the last sleepover: was sent to bed without supper, for answering back."
WORDS = "Talked with the child, and then with her. It was once; meals are no punishment. Agreed."


def write(rows: Rows, town: Town, now: datetime) -> None:
    """Add it, with what came of it and its task, to a constellation that is loaded already: the
    database says from whom it is hidden."""
    dice, home, at = Dice(town.hub_home_id.int), town.homes[0], now - AGO
    concern_id, child_id = dice.id_at(at), home.children[0].id
    whom = people.find(town.id, None, town.hub_carer)
    hidden_from = people.kept_from(whom)
    rows.add_keyed(
        Concern,
        id=concern_id,
        version=2,
        constellation_id=town.id,
        about_adult_id=whom.adult_id,
        about_account_id=whom.account_id,
        child_ids=[child_id],
        what_happened=child_keys.protect(
            Concern.what_happened, concern_id, [child_id], WHAT_HAPPENED
        ),
        happened_at=at - timedelta(days=1),
        written_by=home.carer,
        written_at=at,
        handled_by=Role.LIAISON_WORKER,
        hidden_from=hidden_from,
        outcome=ConcernOutcome.NO_FURTHER_ACTION,
    )
    _close(rows, dice, town, at, concern_id, child_id)
    _have_done(rows, dice, town, at, concern_id, hidden_from)


def _close(
    rows: Rows, dice: Dice, town: Town, at: datetime, concern_id: UUID, child_id: UUID
) -> None:
    decided_at = at + LOOKED_INTO
    addendum_id = dice.id_at(decided_at)
    rows.add_keyed(
        ConcernAddendum,
        id=addendum_id,
        constellation_id=town.id,
        concern_id=concern_id,
        outcome=ConcernOutcome.NO_FURTHER_ACTION,
        words=child_keys.protect(ConcernAddendum.words, addendum_id, [child_id], WORDS),
        written_by=town.liaison_worker,
        written_at=decided_at,
    )


def _have_done(
    rows: Rows, dice: Dice, town: Town, at: datetime, concern_id: UUID, hidden_from: list[UUID]
) -> None:
    rows.add_keyed(
        Task,
        id=dice.id_at(at),
        version=2,
        constellation_id=town.id,
        kind=TaskKind.CONCERN_RAISED,
        role=Role.LIAISON_WORKER,
        subject_id=concern_id,
        state=TaskState.SETTLED,
        created_at=at,
        due_at=at + TaskKind.CONCERN_RAISED.due_within,
        done_at=at + LOOKED_INTO,
        hidden_from=hidden_from,
    )
