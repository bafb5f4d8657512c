"""The morning digest: one word, when quiet hours are over, that something came in meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db
from hub_api.notifications import service
from hub_api.notifications.categories import Category
from hub_api.notifications.models import Delivery, Notification, SuppressReason

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

AT_ONCE = 500
"""So many people are told in one transaction."""


def send() -> int:
    """Tell up to `AT_ONCE` people what waited for them. Returns how many were looked at.

    What waited is locked, told of and marked in one transaction: a second job finds it marked, one
    that was killed leaves it all to the next. Whoever has opened everything meanwhile isn't told.
    """
    now = clock.now()
    accounts = _whose_quiet_hours_are_over(now)
    waited = (
        sa.select(Delivery.id, Delivery.account_id, Notification.opened_at)
        .join(Notification, Notification.id == Delivery.notification_id)
        .where(Delivery.account_id.in_(accounts), *_is_waiting(now))
        .order_by(Delivery.id)
        .with_for_update(of=Delivery)
    )
    rows = db.connection().execute(waited).all() if accounts else []
    unopened = [row for row in rows if row.opened_at is None]
    subjects = {row.account_id: row.account_id for row in unopened}
    digests = service.put(subjects, Category.MORNING_DIGEST)
    _mark([row.id for row in unopened], [*digests.values()])
    _forget([row.id for row in rows if row.opened_at is not None])
    return len(accounts)


def _whose_quiet_hours_are_over(now: datetime) -> list[UUID]:
    waiting = sa.select(Delivery.account_id).distinct().where(*_is_waiting(now))
    ordered = waiting.order_by(Delivery.account_id).limit(AT_ONCE)
    return [*db.connection().scalars(ordered)]


def _is_waiting(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """As the index has it: what waits for a digest, and no longer has to."""
    return (
        Delivery.quiet_until.is_not(None),
        Delivery.digest_id.is_(None),
        (Delivery.quiet_until <= now),
    )


def _mark(delivery_ids: list[UUID], digest_ids: list[UUID]) -> None:
    """Note for each delivery by which digest its person was told of it."""
    if delivery_ids:
        told = sa.update(Delivery).where(
            Delivery.id.in_(delivery_ids),
            Notification.id.in_(digest_ids),
            Notification.account_id == Delivery.account_id,
        )
        db.connection().execute(told.values(digest_id=Notification.id))


def _forget(delivery_ids: list[UUID]) -> None:
    """What was opened meanwhile waits for nothing."""
    if delivery_ids:
        opened = sa.update(Delivery).where(Delivery.id.in_(delivery_ids))
        reason = SuppressReason.OPENED_ELSEWHERE
        db.connection().execute(opened.values(reason=reason, quiet_until=None))
