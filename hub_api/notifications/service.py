"""Telling people something happened, and their inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db, jobs, reads
from hub_api.notifications import policy, preferences, words
from hub_api.notifications.categories import Category
from hub_api.notifications.models import Notification
from hub_api.reads import ASKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs


def notify(account_ids: Iterable[UUID], category: Category, subject_id: UUID) -> None:
    """Put a notification into each inbox and queue its delivery, in the caller's transaction."""
    put(dict.fromkeys(account_ids, subject_id), category)


def put(subjects: Mapping[UUID, UUID], category: Category) -> dict[UUID, UUID]:
    """As `notify()`, about something of each person's own: account → subject.

    Returns account → notification.
    """
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
        for account_id, subject_id in sorted(subjects.items())
    ]
    if told:
        db.session().add_all(told)
        db.session().flush()
        ids = [str(notification.id) for notification in told]
        jobs.defer("notifications.make_ready", notification_ids=ids)
    return {notification.account_id: notification.id for notification in told}


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


def inbox(actor: Actor, page: PageArgs) -> Page:
    """The actor's own notifications, newest first, in their language."""
    found = INBOX.page(actor, page)
    language = preferences.language_of(actor)
    for row in found.rows:
        row["words"] = words.in_language(row["words"], language)
    return found
