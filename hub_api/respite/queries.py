"""Reading respite requests: column selects shaped like their schema."""

from __future__ import annotations

import sqlalchemy as sa

from hub_api import reads
from hub_api.households import service as households
from hub_api.reads import ASKING, EMPTY_LIST
from hub_api.respite import policy
from hub_api.respite.models import RequestedChild, RespiteRequest
from hub_api.sleepovers import service as sleepovers


def _requests() -> reads.Select:
    """Respite requests with their children and the latest checks."""
    children = households.child_summaries(
        sa.select(RequestedChild.child_id).where(RequestedChild.request_id == RespiteRequest.id)
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
        sa.func.coalesce(
            sleepovers.latest_checks(RespiteRequest.id), EMPTY_LIST, type_=sa.JSON()
        ).label("checks"),
    ).where(policy.visible_to(ASKING))


def _details() -> reads.Select:
    """The same with the note as it is stored, sealed, and the ids of the children it is about."""
    child_ids = (
        sa.select(sa.func.array_agg(RequestedChild.child_id))
        .where(RequestedChild.request_id == RespiteRequest.id)
        .scalar_subquery()
    )
    return _requests().add_columns(RespiteRequest.note, child_ids.label("child_ids"))


REQUESTS = reads.Read(_requests, key=RespiteRequest.id)
DETAILS = reads.Read(_details, key=RespiteRequest.id)
