"""Reading respite requests: column selects shaped like their schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import db
from hub_api.households import service as households
from hub_api.respite import policy
from hub_api.respite.models import RequestedChild, RespiteDecision, RespiteRequest

if TYPE_CHECKING:
    from hub_api.access import Actor


def requests_visible_to(actor: Actor) -> db.Read:
    """The respite requests the actor may see, with their children and the latest checks."""
    children = (
        sa.select(
            db.json_list(households.child_summary(RequestedChild.child_id), RequestedChild.child_id)
        )
        .where(RequestedChild.request_id == RespiteRequest.id)
        .scalar_subquery()
    )
    latest_checks = (
        sa.select(RespiteDecision.checks)
        .where(RespiteDecision.request_id == RespiteRequest.id)
        .order_by(RespiteDecision.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return sa.select(
        RespiteRequest.id,
        RespiteRequest.version,
        RespiteRequest.constellation_id,
        RespiteRequest.household_id,
        RespiteRequest.hub_home_id,
        RespiteRequest.state,
        RespiteRequest.kind,
        RespiteRequest.reason,
        RespiteRequest.arrives_at,
        RespiteRequest.departs_at,
        RespiteRequest.nights,
        RespiteRequest.created_at,
        RespiteRequest.submitted_at,
        children.label("children"),
        sa.func.coalesce(latest_checks, db.EMPTY_LIST).label("checks"),
    ).where(policy.visible_to(actor))
