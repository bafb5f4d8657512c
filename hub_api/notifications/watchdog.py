"""Nothing is stuck for longer than half a minute, whoever has died or forgotten it.

It looks every few seconds in every worker. Each step does nothing the second time, so it does not
matter how many look at once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from hub_api import clock, db, request_id
from hub_api.notifications import channels, planning
from hub_api.notifications.models import (
    ChannelName,
    Delivery,
    DeliveryState,
    Notification,
    SuppressReason,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.engine import Engine

log = structlog.get_logger(__name__)

STUCK_AFTER = timedelta(seconds=30)
"""Longer than any attempt takes (`deadline.WITHIN`)."""

AT_ONCE = 500
"""How many of a kind are seen to in one look."""


def look(engine: Engine) -> dict[str, int]:
    """See to all that is stuck; how many of each kind there were."""
    request_id.begin()
    with db.transaction(engine):
        found = {
            "put_back": put_back_abandoned(),
            "expired": expire_waiting(),
            "without_channel": suppress_without_channel(),
        }
        forgotten = not_ready()
    found["made_ready"] = sum(_make_ready(engine, one) for one in forgotten)
    found = {kind: count for kind, count in found.items() if count}
    if found:
        log.warning("stuck_deliveries_found", **found)
    return found


def put_back_abandoned() -> int:
    """Queue what somebody took in hand and never said how it went: its sender has died."""
    now = clock.now()
    abandoned = (
        sa.select(Delivery.id)
        .where(
            Delivery.state == sa.literal_column("'sending'"),
            # Or taken by a clock that has been set back since.
            sa.or_(
                Delivery.sending_since <= now - STUCK_AFTER,
                Delivery.sending_since > now + STUCK_AFTER,
            ),
        )
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    put_back = _change(
        abandoned, state=DeliveryState.QUEUED, next_attempt_at=now, sending_since=None
    )
    return len(put_back)


def expire_waiting() -> int:
    """Give up what waits for a channel at fault and is not worth sending any more.

    Senders see to the rest: they expire what they find.
    """
    now = clock.now()
    may_be_late = sa.case(
        (Delivery.channel == ChannelName.EMAIL, planning.MAIL_MAY_BE_LATE), else_=timedelta()
    )
    late = (
        _overdue()
        .join(Notification, Notification.id == Delivery.notification_id)
        .where(Notification.expires_at <= now - may_be_late)
    )
    return _give_up(late, state=DeliveryState.EXPIRED)


def suppress_without_channel() -> int:
    """Give up what waits for a channel that has been turned off since."""
    missing = [name for name in ChannelName if name not in channels.current()]
    if not missing:
        return 0
    waiting = _overdue().where(Delivery.channel.in_(missing))
    return _give_up(waiting, state=DeliveryState.SUPPRESSED, reason=SuppressReason.CHANNEL_OFF)


def _overdue() -> sa.Select[UUID]:
    return (
        sa.select(Delivery.id)
        .where(
            Delivery.state == sa.literal_column("'queued'"),
            Delivery.next_attempt_at <= clock.now() - STUCK_AFTER,
        )
        .limit(AT_ONCE)
        .with_for_update(of=Delivery, skip_locked=True)
    )


def _give_up(which: sa.Select[UUID], **values: object) -> int:
    """Whoever can be reached by no push any more gets an e-mail instead."""
    told = _change(which, next_attempt_at=None, ended_at=clock.now(), **values)
    planning.mail_instead({*told})
    return len(told)


def _change(which: sa.Select[UUID], **values: object) -> Sequence[UUID]:
    """Change these deliveries; the notification of each."""
    chosen = which.cte().prefix_with("materialized", dialect="postgresql")
    changed = sa.update(Delivery).where(Delivery.id.in_(sa.select(chosen.c.id))).values(values)
    return db.connection().scalars(changed.returning(Delivery.notification_id)).all()


def not_ready() -> Sequence[UUID]:
    """The notifications whose deliveries nobody has made: their job has failed, or is gone.

    Of very many any few: the oldest might be those that can never be made ready, and the others
    would wait for them for ever.
    """
    found = (
        sa.select(Notification.id)
        .where(
            Notification.ready_at.is_(None), Notification.created_at <= clock.now() - STUCK_AFTER
        )
        .order_by(sa.func.random())
        .limit(AT_ONCE)
    )
    return db.session().scalars(found).all()


def _make_ready(engine: Engine, notification_id: UUID) -> bool:
    """Each by itself: one that can't be made ready keeps none of the others."""
    try:
        with db.transaction(engine):
            planning.make_ready([notification_id])
    except Exception as error:  # noqa: BLE001 - see above; it is tried again at the next look
        log.error("not_made_ready", error=type(error).__name__)
        return False
    return True
