"""How telling people goes: the channels, and what waits to be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock
from hub_api.notifications import opening

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from hub_api.settings import Channels

OLDEST_DUE_SECONDS = 30.0
"""A delivery that has been due for longer means that nobody sends."""

_FIGURES = sa.text("select channel, state, recent, oldest_due_seconds from delivery_figures(:at)")
_FAULTS = sa.text("select channel, reason, opened_at, probe_at from channel_faults")


@dataclass(frozen=True, slots=True)
class Telling:
    """What the database tells of the channels at one moment."""

    recent: dict[tuple[str, str], int] = field(default_factory=dict)
    """(channel, state) → how many of the newest 10,000 deliveries."""
    oldest_due: dict[str, float] = field(default_factory=dict)
    """Channel → seconds for which its oldest due delivery has waited."""
    faults: dict[str, str] = field(default_factory=dict)
    """Channel → a sentence, where its circuit is open."""


def read(session: Session) -> Telling:
    """Two statements, whose cost does not grow with the ledger."""
    now = clock.now()
    rows = session.execute(_FIGURES, {"at": now}).all()
    return Telling(
        recent={(row.channel, row.state): row.recent for row in rows if row.state},
        oldest_due={row.channel: row.oldest_due_seconds for row in rows if not row.state},
        faults={
            row.channel: f"at fault since {row.opened_at:%Y-%m-%d %H:%M} UTC: {row.reason}; the "
            f"next probe is due at {row.probe_at:%H:%M}"
            for row in session.execute(_FAULTS)
        },
    )


def conditions(given: Channels, found: Telling) -> dict[str, str]:
    """What to say of each channel. None of it makes the hub unfit: it is for people to see to."""
    is_on = {str(name) for name in opening.configured(given)}
    return {
        name: found.faults.get(name, "ok") if name in is_on else opening.OFF
        for name in opening.CHANNELS
    }


def overdue(found: Telling) -> str:
    """`ok`, or a sentence when deliveries wait that could be sent. A channel at fault excuses."""
    waiting = {
        channel: seconds
        for channel, seconds in found.oldest_due.items()
        if channel not in found.faults
    }
    oldest = max(waiting.values(), default=0.0)
    if oldest <= OLDEST_DUE_SECONDS:
        return "ok"
    channel = max(waiting, key=lambda name: waiting[name])
    return f"one by {channel} has been due for {oldest:.0f} s: is a worker up?"
