"""Who sees which notification and which phone: the person whose it is, nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.notifications.models import Device, Notification

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from hub_api.reads import Asking


def visible_to(asking: Asking) -> ColumnElement[bool]:
    """The actor's own."""
    return asking.is_account(Notification.account_id)


def devices_visible_to(asking: Asking) -> ColumnElement[bool]:
    """The actor's own."""
    return asking.is_account(Device.account_id)
