"""Stays that are at some point today, however far ahead they were booked."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa

_TIMES = {
    "arriving": "state = 'confirmed'",
    "staying": "state = 'in_stay', arrived_at = arrives_at",
    "returned": "state = 'returned', arrived_at = arrives_at,"
    " returned_at = now() - '1 hour'::interval",
}
"""Expected within the hour; there, and to go home soon; home since an hour ago."""


def bring_to(connection: sa.Connection, sleepover_id: Any, state: str) -> UUID:
    """Move a booked stay of one night to now and into a state, as the owner. Its night becomes one
    of long ago that nobody else has."""
    values = {"id": sleepover_id}
    connection.execute(
        sa.text(
            "update bed_nights set night = date '2000-01-01'"
            " + (select count(*) from bed_nights where night < '2015-01-01')::int"
            " where sleepover_id = :id"
        ),
        values,
    )
    begins = "30 minutes" if state == "arriving" else "-20 hours"
    connection.execute(
        sa.text(
            f"update sleepovers set arrives_at = now() + '{begins}'::interval,"
            " departs_at = now() + '2 hours'::interval where id = :id"
        ),
        values,
    )
    return connection.execute(
        sa.text(f"update sleepovers set {_TIMES[state]} where id = :id returning id"), values
    ).scalar_one()
