"""Who sees which notification: the person it is for, nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.notifications.models import Notification

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from hub_api.access import Actor


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The actor's own."""
    return Notification.account_id == actor.account_id
