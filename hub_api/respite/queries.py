"""Reading respite requests: column selects shaped like their schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from hub_api import reads
from hub_api.access import OVERSEEING, Permission
from hub_api.households import service as households
from hub_api.reads import ASKING, EMPTY_LIST, json_list, json_object
from hub_api.respite import policy
from hub_api.respite.models import RequestedChild, RespiteRequest
from hub_api.sleepovers import service as sleepovers
from hub_api.synced import Synced

_override = sleepovers.check_overrides.c


def _requests() -> reads.Select:
    """Respite requests with their children and the latest checks."""
    children = households.child_summaries(
        sa.select(RequestedChild.child_id)
        .where(RequestedChild.request_id == RespiteRequest.id)
        .correlate(RespiteRequest)  # from two levels in, it would be every request otherwise
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
        sa.case(
            # Its sentences name the children: who has moved out of sight is not told of any more.
            (_somebody_is_out_of_sight(), EMPTY_LIST),
            else_=sa.func.coalesce(
                sleepovers.latest_checks(RespiteRequest.id), EMPTY_LIST, type_=sa.JSON()
            ),
        ).label("checks"),
    ).where(policy.visible_to(ASKING))


def _somebody_is_out_of_sight() -> sa.ColumnElement[bool]:
    return (
        sa.select(sa.literal(1))
        .where(
            RequestedChild.request_id == RespiteRequest.id,
            ~households.is_in_sight(RequestedChild.child_id),
        )
        .correlate(RespiteRequest)
        .exists()
    )


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
    ends = sa.func.to_char(_override.expires_at, _RFC_3339)
    override = json_object(
        id=_override.id, code=_override.code, role=_override.role, expires_at=ends
    )
    return (
        sa.select(json_list(override, _override.id))
        .where(_override.request_id == RespiteRequest.id)
        .scalar_subquery()
    )


_RFC_3339: sa.ColumnElement[str] = sa.literal_column('\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\'')
"""Every session of ours is in UTC."""


def _overrides() -> reads.Select:
    """What was set aside, for whoever sees the request; the reason as it is stored, sealed."""
    return (
        sa.select(
            _override.id,
            _override.request_id,
            _override.code,
            _override.role,
            _override.given_by,
            _override.given_at,
            _override.expires_at,
            _override.reason,
            _override.child_ids,
            RespiteRequest.household_id,
            RespiteRequest.constellation_id,
        )
        .join(RespiteRequest, RespiteRequest.id == _override.request_id)
        .where(policy.visible_to(ASKING))
    )


REQUESTS = reads.Read(
    _requests,
    key=RespiteRequest.id,
    found_by=reads.FoundBy(
        [
            (
                RespiteRequest.household_id,
                ASKING.households(),
                ASKING.holds(RespiteRequest.constellation_id),
            ),
            (
                RespiteRequest.constellation_id,
                ASKING.constellations(*OVERSEEING),
                RespiteRequest.submitted_at.is_not(None),
            ),
        ],
    ),
    state=RespiteRequest.state == reads.parameter("state", sa.Text()),
    household_id=RespiteRequest.household_id == reads.parameter("household_id", sa.Uuid()),
    **sleepovers.by_nights(RespiteRequest.arrives_at, RespiteRequest.departs_at),
)


def _for_older_children() -> reads.Select:
    asked_for = sa.select(RequestedChild.request_id).where(
        RequestedChild.child_id.in_(households.had_a_birthday())
    )
    return _requests().where(RespiteRequest.id.in_(asked_for))


SYNCED = (
    Synced(
        "respite_requests",
        Permission.RESPITE_READ,
        REQUESTS,
        passing=reads.Read(_for_older_children, key=RespiteRequest.id),
        passes_daily=True,
    ),
)
DETAILS = reads.Read(_details, key=RespiteRequest.id)
OVERRIDES = reads.Read(
    _overrides,
    key=_override.id,
    request_id=_override.request_id == reads.parameter("request_id", sa.Uuid()),
)
