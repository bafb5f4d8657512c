"""Telling people something happened, and their inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db, jobs, reads
from hub_api.access import Permission
from hub_api.notifications import policy
from hub_api.notifications.categories import Category
from hub_api.notifications.models import Notification
from hub_api.reads import ASKING
from hub_api.synced import Synced

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs


def notify(account_ids: Iterable[UUID], category: Category, subject_id: UUID) -> None:
    """Put a notification into each inbox and queue its delivery, in the caller's transaction."""
    now = clock.now()
    told = [
        Notification(
            account_id=account_id,
            category=category,
            severity=category.severity,
            subject_id=subject_id,
            created_at=now,
            expires_at=now + category.lasts,
        )
        for account_id in sorted(set(account_ids))
    ]
    if not told:
        return
    db.session().add_all(told)
    db.session().flush()
    jobs.defer(
        "notifications.make_ready",
        notification_ids=[str(notification.id) for notification in told],
    )


def make_ready(notification_ids: Sequence[UUID]) -> None:
    """Mark notifications ready for delivery. Doing it again changes nothing."""
    db.session().execute(
        sa.update(Notification)
        .where(Notification.id.in_(notification_ids), Notification.ready_at.is_(None))
        .values(ready_at=clock.now())
    )


def _notifications() -> reads.Select:
    return sa.select(
        Notification.id,
        Notification.category,
        sa.case(
            {str(category): category.words for category in Category}, value=Notification.category
        ).label("words"),
        Notification.subject_id,
        Notification.created_at,
        Notification.ready_at,
    ).where(policy.visible_to(ASKING))


INBOX = reads.Read(_notifications, key=Notification.id)
SYNCED = (Synced("notifications", Permission.OWN_ACCOUNT, INBOX),)


def inbox(actor: Actor, page: PageArgs) -> Page:
    """The actor's own notifications, newest first."""
    return INBOX.page(actor, page)
