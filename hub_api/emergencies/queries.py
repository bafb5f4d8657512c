"""Reading emergencies and what hubs are asked: column selects shaped like their schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api import reads, settings
from hub_api.emergencies import policy
from hub_api.emergencies.models import Emergency, EmergencyAsk, EmergencyState, Step
from hub_api.reads import ASKING, json_list, json_object

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub_api.reads import Row

_RFC_3339: sa.ColumnElement[str] = sa.literal_column('\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'')
"""Every session of ours is in UTC."""


def _emergencies() -> reads.Select:
    ask = json_object(
        id=EmergencyAsk.id,
        hub_home_id=EmergencyAsk.hub_home_id,
        step=EmergencyAsk.step,
        asked_at=sa.func.to_char(EmergencyAsk.asked_at, _RFC_3339),
        answer=EmergencyAsk.answer,
        answered_at=sa.func.to_char(EmergencyAsk.answered_at, _RFC_3339),
    )
    asks = (
        sa.select(json_list(ask, EmergencyAsk.id))
        .where(EmergencyAsk.emergency_id == Emergency.id)
        .scalar_subquery()
    )
    return sa.select(
        Emergency.id,
        Emergency.constellation_id,
        Emergency.household_id,
        Emergency.asked_for,
        Emergency.state,
        Emergency.arrives_at,
        Emergency.departs_at,
        Emergency.nights,
        Emergency.ages,
        Emergency.step,
        Emergency.next_step_at,
        Emergency.created_at,
        Emergency.terms_reason,
        asks.label("asks"),
    ).where(policy.visible_to(ASKING))


def _asks() -> reads.Select:
    return sa.select(
        EmergencyAsk.id,
        EmergencyAsk.hosting_constellation_id.label("constellation_id"),
        EmergencyAsk.hub_home_id,
        EmergencyAsk.arrives_at,
        EmergencyAsk.departs_at,
        EmergencyAsk.nights,
        EmergencyAsk.ages,
        EmergencyAsk.asked_at,
        EmergencyAsk.answer,
        EmergencyAsk.answered_at,
    ).where(policy.asks_visible_to(ASKING))


EMERGENCIES = reads.Read(
    _emergencies,
    key=Emergency.id,
    state=Emergency.state == reads.parameter("state", sa.Text()),
)
ASKS = reads.Read(
    _asks,
    key=EmergencyAsk.id,
    is_open=sa.and_(
        EmergencyAsk.answer.is_(None),
        # Named, so that it can be left out.
        reads.parameter("is_open", sa.Boolean()),
    ),
)

_WHAT_NEXT = {
    Step.OWN_HUB: "Your hub has been asked, and your liaison worker and a manager know. If nobody "
    "answers, hubs near by are asked next.",
    Step.OTHER_HUBS: "Every hub with a free bed has been asked. The first to say yes has the "
    "child; you will be told at once.",
    Step.RING: "Nobody has said yes yet. Please ring the emergency duty team now, and your liaison "
    "worker.",
}
_AT_THE_END = {
    EmergencyState.PLACED: "A bed has been found. Your sleepovers show where.",
    EmergencyState.ENDED: "Nobody is looking for a bed any more.",
}


def finish(rows: Sequence[Row]) -> list[Row]:
    """Say with each emergency what happens next, and the number that always helps."""
    telephone = settings.current().emergencies.edt_telephone or None
    return [{**row, "what_next": _what_next(row), "edt_telephone": telephone} for row in rows]


def _what_next(row: dict[str, Any]) -> str:
    at_the_end = _AT_THE_END.get(EmergencyState(row["state"]))
    return at_the_end or _WHAT_NEXT[Step(row["step"])]
