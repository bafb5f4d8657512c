"""Reading respite requests: column selects shaped like their schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from hub_api import reads
from hub_api.households import service as households
from hub_api.reads import ASKING, EMPTY_LIST, json_list, json_object
from hub_api.respite import policy
from hub_api.respite.models import CheckOverride, RequestedChild, RespiteRequest
from hub_api.sleepovers import service as sleepovers


def _requests() -> reads.Select:
    """Respite requests with their children and the latest checks."""
    child = households.child_summary(RequestedChild.child_id)
    children = (
        sa.select(json_list(child, RequestedChild.child_id))
        .where(RequestedChild.request_id == RespiteRequest.id)
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
        RespiteRequest.expires_at,
        RespiteRequest.decline_reason,
        RespiteRequest.withdraw_reason,
        children.label("children"),
        sa.func.coalesce(
            sleepovers.latest_checks(RespiteRequest.id), EMPTY_LIST, type_=sa.JSON()
        ).label("checks"),
    ).where(policy.visible_to(ASKING))


def _details() -> reads.Select:
    """The same with the note as it is stored, sealed, the ids of the children it is about, and
    what was set aside."""
    child_ids = (
        sa.select(sa.func.array_agg(RequestedChild.child_id))
        .where(RequestedChild.request_id == RespiteRequest.id)
        .scalar_subquery()
    )
    return _requests().add_columns(
        RespiteRequest.note,
        child_ids.label("child_ids"),
        _override_words().label("overrides"),
    )


def _override_words() -> sa.ScalarSelect[Any]:
    """What was set aside for a request, as JSON, newest last; never why."""
    ends = sa.func.to_char(CheckOverride.expires_at, _RFC_3339)
    override = json_object(
        id=CheckOverride.id, code=CheckOverride.code, role=CheckOverride.role, expires_at=ends
    )
    return (
        sa.select(json_list(override, CheckOverride.id))
        .where(CheckOverride.request_id == RespiteRequest.id)
        .scalar_subquery()
    )


_RFC_3339: sa.ColumnElement[str] = sa.literal_column('\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'')
"""Every session of ours is in UTC."""


def _overrides() -> reads.Select:
    """What was set aside, for whoever sees the request; the reason as it is stored, sealed."""
    return (
        sa.select(
            CheckOverride.id,
            CheckOverride.request_id,
            CheckOverride.code,
            CheckOverride.role,
            CheckOverride.given_by,
            CheckOverride.given_at,
            CheckOverride.expires_at,
            CheckOverride.reason,
            CheckOverride.child_ids,
            RespiteRequest.household_id,
            RespiteRequest.constellation_id,
        )
        .join(RespiteRequest, RespiteRequest.id == CheckOverride.request_id)
        .where(policy.visible_to(ASKING))
    )


REQUESTS = reads.Read(
    _requests,
    key=RespiteRequest.id,
    state=RespiteRequest.state == reads.parameter("state", sa.Text()),
    household_id=RespiteRequest.household_id == reads.parameter("household_id", sa.Uuid()),
)
DETAILS = reads.Read(_details, key=RespiteRequest.id)
OVERRIDES = reads.Read(
    _overrides,
    key=CheckOverride.id,
    request_id=CheckOverride.request_id == reads.parameter("request_id", sa.Uuid()),
)
