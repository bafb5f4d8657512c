"""From what somebody should know to the ways it goes to them: the first step of the worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

_DELIVERIES = sa.text("""
    insert into deliveries (id, notification_id, account_id, channel, device_id, state, attempts,
                            created_at, next_attempt_at)
    select gen_random_uuid(), n.id, n.account_id,
           case when v.kind = 'webpush' then 'webpush' else 'fcm' end, v.id, 'queued', 0, :now, :now
      from notifications n
      join devices v on v.account_id = n.account_id and v.dropped_at is null
     where n.id = any(:ids) and n.ready_at is null
    on conflict do nothing
""")
_READY = sa.text("""
    update notifications set ready_at = :now where id = any(:ids) and ready_at is null
""")


def make_ready(notification_ids: Sequence[UUID]) -> None:
    """Make the deliveries of these notifications. Doing it again changes nothing."""
    values = {"ids": list(notification_ids), "now": clock.now()}
    for statement in (_DELIVERIES, _READY):
        db.connection().execute(statement, values)
