"""Telling people something happened, and their inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db, jobs, reads
from hub_api.notifications import policy
from hub_api.notifications.categories import Category
from hub_api.notifications.models import Notification
from hub_api.reads import ASKING

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


def _of_category(name: str) -> sa.ColumnElement[str]:
    """What each category is declared with."""
    declared = {str(category): str(getattr(category, name)) for category in Category}
    return sa.case(declared, value=Notification.category)


def _notifications() -> reads.Select:
    return sa.select(
        Notification.id,
        Notification.category,
        _of_category("topic").label("topic"),
        Notification.severity,
        _of_category("words").label("words"),
        Notification.subject_id,
        Notification.created_at,
        Notification.ready_at,
        Notification.opened_at,
        Notification.acknowledged_at,
    ).where(policy.visible_to(ASKING))


def _unread() -> reads.Select:
    """How many are unread, counted no further than an app would show."""
    unread = (
        sa.select(Notification.id)
        .where(policy.visible_to(ASKING), Notification.opened_at.is_(None))
        .limit(MOST_UNREAD)
    )
    return sa.select(sa.func.count().label("unread_count")).select_from(unread.subquery())


MOST_UNREAD = 100
"""What `unread_count` says at most: "99+". A person back after a year costs no more to count."""

INBOX = reads.Read(_notifications, key=Notification.id)
UNREAD = reads.Query(_unread)


def inbox(actor: Actor, page: PageArgs) -> Page:
    """The actor's own notifications, newest first."""
    return INBOX.page(actor, page)


def unread_count(actor: Actor) -> int:
    """How many of the actor's notifications nobody has opened yet, up to `MOST_UNREAD`."""
    (row,) = UNREAD.rows(actor)
    return int(row["unread_count"])
