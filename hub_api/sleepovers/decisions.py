"""What is decided about a stay: the checks, and the snapshot kept of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from hub_api import db, nights, settings
from hub_api.errors import Conflict
from hub_api.sleepovers import asked, checks, facts
from hub_api.sleepovers.models import Decision, RespiteDecision

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from hub_api.sleepovers.checks import Check, Waiver
    from hub_api.sleepovers.facts import Facts, Stay


def examine(stay: Stay, overridden: Mapping[str, Waiver] = {}) -> tuple[list[Check], Facts]:
    """Every check of a stay, and the facts they were taken from. Trust them only under the hub
    home's mutex. Raises `NotFound` for a hub home that does not serve whoever asks."""
    found = replace(facts.read(stay), packs=asked.packs_of(stay.children))
    return checks.judge(stay, found, settings.current(), overridden), found


def refuse_slip_of_the_finger(arrives_at: datetime, departs_at: datetime) -> None:
    """Raise `Conflict` for a departure that nobody means; `length` judges everything shorter."""
    if departs_at - arrives_at > nights.LONGEST_STAY:
        raise Conflict(
            "That is longer than a sleepover can be. Please check the day of departure.",
            code="stay_too_long",
        )


def refuse_if(blocks: Sequence[Check]) -> None:
    """Raise `Conflict` when any of these stands in the way: the code of the first, the sentences,
    nights and checks of all."""
    if blocks:
        raise Conflict(
            " ".join(check.sentence for check in blocks),
            code=blocks[0].problem,
            nights=sorted({night for check in blocks for night in check.nights}),
            checks=[check.as_json() for check in blocks],
        )


def keep_decision(
    actor_id: UUID | None,
    constellation_id: UUID,
    request_id: UUID,
    decision: Decision,
    found: Sequence[Check],
) -> None:
    """Keep what was decided on a request or its stay, and every check as it stood; `actor_id` is
    None when time decided."""
    db.session().add(
        RespiteDecision(
            constellation_id=constellation_id,
            request_id=request_id,
            decision=decision,
            decided_by=actor_id,
            checks=[check.as_json() for check in found],
        )
    )


def latest_checks(request_id: Any) -> sa.ScalarSelect[Any]:
    """For another slice's select: the checks as they stood at the latest decision, as JSON."""
    return (
        sa.select(RespiteDecision.checks)
        .where(RespiteDecision.request_id == request_id)
        .order_by(RespiteDecision.id.desc())
        .limit(1)
        .scalar_subquery()
    )
