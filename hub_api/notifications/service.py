"""Telling people something happened, and their inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from hub_api import clock, db, jobs, reads
from hub_api import settings as hub_settings
from hub_api.access import Permission
from hub_api.errors import NotFound
from hub_api.notifications import policy, vapid_keys, words
from hub_api.notifications.categories import Category
from hub_api.notifications.models import Notification, NotificationPreferences
from hub_api.reads import ASKING
from hub_api.settings import SettingsError
from hub_api.synced import Synced

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row

log = structlog.get_logger(__name__)


def notify(
    account_ids: Iterable[UUID],
    category: Category,
    subject_id: UUID,
    *,
    constellation_id: UUID | None = None,
    household_id: UUID | None = None,
    hidden_from: Sequence[UUID] | None = None,
) -> None:
    """Put a notification into each inbox and queue its delivery, in the caller's transaction.

    With where it happened, what is sent goes only to whoever still holds a role there by then.
    `hidden_from` are accounts and households that must not learn of it.
    """
    put(
        dict.fromkeys(account_ids, subject_id),
        category,
        hidden_from,
        constellation_id=constellation_id,
        household_id=household_id,
    )


def put(
    subjects: Mapping[UUID, UUID],
    category: Category,
    hidden_from: Sequence[UUID] | None = None,
    **place: UUID | None,
) -> dict[UUID, UUID]:
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
            hidden_from=[*hidden_from] if hidden_from else None,
            **place,
        )
        for account_id, subject_id in sorted(subjects.items())
    ]
    if told:
        db.session().add_all(told)
        db.session().flush()
        ids = [str(notification.id) for notification in told]
        jobs.defer("notifications.make_ready", notification_ids=ids)
    return {notification.account_id: notification.id for notification in told}


def _of_category(name: str) -> sa.ColumnElement[str]:
    """What each category is declared with."""
    declared = {str(category): str(getattr(category, name)) for category in Category}
    return sa.case(declared, value=Notification.category)


def _notifications() -> reads.Select:
    chosen = NotificationPreferences.account_id == Notification.account_id
    columns = sa.select(
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
        sa.func.coalesce(NotificationPreferences.language, words.ENGLISH).label("language"),
    )
    told = columns.outerjoin_from(Notification, NotificationPreferences, chosen)
    return told.where(policy.visible_to(ASKING))


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


def _say(rows: Sequence[Row]) -> None:
    """Put the words into the language that comes with them."""
    for row in rows:
        row["words"] = words.in_language(row["words"], row.pop("language"))


SYNCED = (Synced("notifications", Permission.OWN_ACCOUNT, INBOX, finish=_say),)


def inbox(actor: Actor, page: PageArgs) -> Page:
    """The actor's own notifications, newest first, in their language."""
    found = INBOX.page(actor, page)
    _say(found.rows)
    return found


def web_push_key() -> str:
    """The public half of the key that signs push to browsers; 404 when there is none."""
    path = hub_settings.current().channels.vapid_key_file
    try:
        if path is not None:
            return vapid_keys.public_text(vapid_keys.load(path))
    except SettingsError as error:
        log.error("web_push_key_unusable", reason=str(error))
    raise NotFound("This hub doesn't send to browsers yet.", code="web_push_off")


def unread_count(actor: Actor) -> int:
    """How many of the actor's notifications nobody has opened yet, up to `MOST_UNREAD`."""
    (row,) = UNREAD.rows(actor)
    return int(row["unread_count"])
