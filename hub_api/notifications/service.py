"""Telling people something happened, and their inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from hub_api import clock, db, jobs, reads
from hub_api import settings as hub_settings
from hub_api.errors import NotFound
from hub_api.notifications import policy, vapid_keys
from hub_api.notifications.categories import Category
from hub_api.notifications.models import Notification
from hub_api.reads import ASKING
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs

log = structlog.get_logger(__name__)


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


def inbox(actor: Actor, page: PageArgs) -> Page:
    """The actor's own notifications, newest first."""
    return INBOX.page(actor, page)


def web_push_key() -> str:
    """The public half of the key that signs push to browsers; 404 when there is none."""
    path = hub_settings.current().channels.vapid_key_file
    try:
        if path is not None:
            return vapid_keys.public_text(vapid_keys.load(path))
    except SettingsError as error:
        log.error("web_push_key_unusable", reason=str(error))
    raise NotFound("This hub doesn't send to browsers yet.", code="web_push_off")
