"""Requests that nobody answered in time: nobody can say yes any more, so everybody hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import changes, clock, db
from hub_api.constellations import service as constellations
from hub_api.notifications.categories import Category
from hub_api.respite import requests, telling
from hub_api.respite.changes import EmergencyEnds
from hub_api.respite.models import IS_WAITING, RequestKind, RespiteRequest
from hub_api.sleepovers import service as sleepovers
from hub_api.sleepovers.service import Decision

if TYPE_CHECKING:
    from uuid import UUID


def due_requests() -> list[UUID]:
    """The requests that wait although their first night is over, longest over first."""
    found = (
        sa.select(RespiteRequest.id)
        .where(IS_WAITING, RespiteRequest.expires_at <= clock.now())
        .order_by(RespiteRequest.expires_at, RespiteRequest.id)
    )
    return list(db.session().scalars(found))


def expire_request(request_id: UUID) -> bool:
    """Let one request expire and free the beds held for it, if that is still due.

    False when it was answered, changed or let expire meanwhile. Only the worker may.
    """
    request = db.session().get(RespiteRequest, request_id)
    if request is None:
        return False
    seen_at = request.hub_home_id
    constellations.lock_hub_home(seen_at)
    db.lock(request)
    # Of another hub home by now, its beds are not ours to touch: the next run sees to it.
    if not _is_due(request) or request.hub_home_id != seen_at:
        return False
    db.session().refresh(request, ["children"])
    request.expire()
    found, _ = sleepovers.examine(requests.stay_of(request))
    sleepovers.release(request.id)
    requests.keep(None, request, Decision.EXPIRED, found)
    requests.record(None, request, "expire")
    telling.settle_tasks(request)
    if request.kind == RequestKind.EMERGENCY:
        changes.announce(EmergencyEnds(request.id))
    told = {*telling.carers(request), *telling.hub_carers(request)}
    telling.tell(None, told, Category.REQUEST_EXPIRED, request)
    return True


def _is_due(request: RespiteRequest) -> bool:
    return request.is_waiting() and request.expires_at <= clock.now()
