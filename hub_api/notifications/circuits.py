"""Channels at fault: in the database, so that every worker and /readyz knows of them.

A fault is in how the channel is set up, such as a revoked key: no message fares better than
another. While there is one its circuit is open, and all that is sent by it is one probe now and
then; the first that is accepted closes the circuit.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert

from hub_api import clock, db
from hub_api.notifications.models import ChannelFault

if TYPE_CHECKING:
    from hub_api.notifications.models import ChannelName

log = structlog.get_logger(__name__)

FIRST_PROBE = timedelta(seconds=60)
LATEST_PROBE = timedelta(minutes=15)


def open_for(channel: ChannelName, reason: str) -> None:
    """Send nothing by it until a probe is accepted. Already open, it keeps its next probe."""
    now = clock.now()
    opened = insert(ChannelFault).values(
        channel=channel, reason=reason, opened_at=now, probes=0, probe_at=now + FIRST_PROBE
    )
    again = opened.on_conflict_do_update(
        index_elements=[ChannelFault.channel], set_={"reason": opened.excluded.reason}
    ).returning(ChannelFault.opened_at)
    if db.connection().execute(again).scalar_one() == now:
        log.error("circuit_opened", channel=str(channel), reason=reason)


def take_probe(channel: ChannelName) -> bool:
    """Whether the caller is the one to probe; the next probe is due later and later."""
    now = clock.now()
    # One that is later than any wait is of a clock that has been set back since.
    is_time = sa.or_(ChannelFault.probe_at <= now, ChannelFault.probe_at > now + LATEST_PROBE)
    due = sa.and_(ChannelFault.channel == channel, is_time)
    probes = db.session().scalar(sa.select(ChannelFault.probes).where(due).with_for_update())
    if probes is None:
        return False
    values = {"probes": probes + 1, "probe_at": now + wait_after(probes + 1)}
    db.connection().execute(
        sa.update(ChannelFault).where(ChannelFault.channel == channel).values(values)
    )
    return True


def give_back_probe(channel: ChannelName) -> None:
    """The probe has said nothing of the channel, only of its own message or phone: the next that
    waits is to probe at once. Many phones that are gone must not use up the probes."""
    fault = sa.update(ChannelFault).where(ChannelFault.channel == channel)
    values = {"probes": sa.func.greatest(ChannelFault.probes - 1, 0), "probe_at": clock.now()}
    db.connection().execute(fault.values(values))


def wait_after(probes: int) -> timedelta:
    """From one probe to the next, when so many were in vain."""
    return min(FIRST_PROBE * (1 << min(probes, 10)), LATEST_PROBE)


def close(channel: ChannelName) -> None:
    """It works again."""
    gone = sa.delete(ChannelFault).where(ChannelFault.channel == channel)
    if db.connection().execute(gone).rowcount:
        log.warning("circuit_closed", channel=str(channel))
