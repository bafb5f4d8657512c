"""What the slices below may not do while somebody waits for an answer, and what they ask.

Listeners of `hub_api.changes`; `hub_api.guards` imports them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import changes, db
from hub_api.constellations.changes import ConstellationCloses, HubHomeEnds, MembershipEnds
from hub_api.errors import Conflict
from hub_api.households.changes import ChildLeaves, HouseholdLeaves
from hub_api.respite.models import IS_WAITING, RequestedChild, RespiteRequest
from hub_api.sleepovers import asked

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID


@changes.on(HouseholdLeaves)
def refuse_to_move_a_household_with_requests_waiting(change: HouseholdLeaves) -> None:
    """`stays_ahead`: it has asked for a stay and waits for an answer."""
    _refuse(sa.select(RespiteRequest.id).where(RespiteRequest.household_id == change.household_id))


@changes.on(MembershipEnds)
def refuse_to_end_a_membership_with_requests_waiting(change: MembershipEnds) -> None:
    """`stays_ahead`: it has asked for a stay on that day or later and waits for an answer."""
    _refuse(
        sa.select(RespiteRequest.id).where(
            RespiteRequest.household_id == change.household_id, _last_night() >= change.ends_on
        )
    )


@changes.on(HubHomeEnds)
def refuse_to_end_a_hub_home_that_is_to_answer(change: HubHomeEnds) -> None:
    """`stays_ahead`: a stay on that day or later waits for this hub home's answer."""
    _refuse(
        sa.select(RespiteRequest.id).where(
            RespiteRequest.constellation_id == change.constellation_id,
            RespiteRequest.hub_home_id == change.hub_home_id,
            _last_night() >= change.ends_on,
        )
    )


@changes.on(ConstellationCloses)
def refuse_to_close_with_requests_waiting(change: ConstellationCloses) -> None:
    """`stays_ahead`: somebody waits for an answer."""
    _refuse(
        sa.select(RespiteRequest.id).where(
            RespiteRequest.constellation_id == change.constellation_id
        )
    )


@changes.on(ChildLeaves)
def refuse_to_let_a_child_leave_with_requests_waiting(change: ChildLeaves) -> None:
    """`stays_ahead`: a stay of the child's on that day or later waits for an answer."""
    _refuse(
        sa.select(RespiteRequest.id)
        .join(RequestedChild, RequestedChild.request_id == RespiteRequest.id)
        .where(
            RequestedChild.child_id == change.child_id,
            _last_night() >= change.left_on,
        )
    )


@asked.knows_reasons
def reason_of(request_id: UUID) -> str:
    """Why somebody asked for a stay."""
    found = sa.select(RespiteRequest.reason).where(RespiteRequest.id == request_id)
    return db.session().scalars(found).one()


@asked.knows_kinds
def kind_of(request_id: UUID) -> str:
    """What kind of stay somebody asked for."""
    found = sa.select(RespiteRequest.kind).where(RespiteRequest.id == request_id)
    return db.session().scalars(found).one()


def _last_night() -> sa.ColumnElement[date]:
    return RespiteRequest.nights[sa.func.cardinality(RespiteRequest.nights)]


def _refuse(asked: sa.Select[UUID]) -> None:
    if db.session().scalar(asked.where(IS_WAITING).limit(1)) is not None:
        raise Conflict(
            "A request for a sleepover is waiting for an answer. Please have it answered or taken "
            "back first.",
            code="stays_ahead",
        )
