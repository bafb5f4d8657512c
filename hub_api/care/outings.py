"""Going out during a stay: the time agreed to be back starts the clock of `backstop.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from hub_api import clock, reads
from hub_api.care import stays
from hub_api.care.outing_models import Outing
from hub_api.errors import Conflict

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row


def begin_outing(actor: Actor, sleepover_id: UUID, agreed_back_at: datetime) -> Row:
    """The child goes out, to be back by then; said again, it is the new time that counts.

    Raises `NotFound`, `Forbidden`, or `Conflict`: the child isn't there, or that time is past.
    """
    stay = stays.to_write(actor, sleepover_id, "in_stay")
    if agreed_back_at <= clock.now():
        raise Conflict("That time has already passed. Please choose another.", code="in_the_past")
    outing = stays.add(actor, stay, Outing, {}, agreed_back_at=agreed_back_at)
    stays.note(actor, "outing:begin", outing)
    return get_outing(actor, outing.id)


def end_outing(actor: Actor, outing_id: UUID, back_at: datetime | None) -> Row:
    """The child is back, now or at the time given.

    Raises `NotFound`, `Forbidden`, or `Conflict`: on record already, or a time that can't be.
    """
    outing = stays.take(actor, Outing, outing_id)
    stays.to_write(actor, outing.sleepover_id)
    at = back_at or clock.now()
    stays.refuse_future(at)
    outing.come_back(at)
    stays.note(actor, "outing:end", outing, "back_at")
    return get_outing(actor, outing.id)


def is_out() -> sa.ColumnElement[bool]:
    """The outings that a child isn't back from, as agreed last."""
    later = aliased(Outing)
    is_last = ~sa.exists().where(later.sleepover_id == Outing.sleepover_id, later.id > Outing.id)
    return sa.and_(Outing.back_at.is_(None), is_last)


def _outings() -> reads.Select:
    return stays.of_stays(
        [
            Outing.id,
            Outing.sleepover_id,
            Outing.agreed_back_at,
            Outing.back_at,
            Outing.written_by,
            Outing.written_at,
        ],
        Outing,
    )


OUTINGS = reads.Read(_outings, key=Outing.id, sleepover_id=Outing.sleepover_id == stays.STAY)


def list_outings(actor: Actor, sleepover_id: UUID, page: PageArgs) -> Page:
    """When the child was out during a stay, newest first. Raises `NotFound`."""
    return stays.page_of(OUTINGS, actor, sleepover_id, page)


def get_outing(actor: Actor, outing_id: UUID) -> Row:
    """One outing. Raises `NotFound`."""
    return OUTINGS.one(actor, outing_id, **stays.window())
