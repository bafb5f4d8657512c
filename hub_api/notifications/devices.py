"""Phones and browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db
from hub_api.notifications.models import Device

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.notifications.models import DropReason


def drop(device_id: UUID, reason: DropReason) -> None:
    """Send nothing to it any more: a channel has said that nobody is there."""
    gone = sa.update(Device).where(Device.id == device_id, Device.dropped_at.is_(None))
    db.connection().execute(gone.values(dropped_at=clock.now(), drop_reason=reason))
