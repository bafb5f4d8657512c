"""Who sees which notification: the person it is for, nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.notifications.models import Notification

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from hub_api.reads import Asking


def visible_to(asking: Asking) -> ColumnElement[bool]:
    """The actor's own."""
    return asking.is_account(Notification.account_id)
