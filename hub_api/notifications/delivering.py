"""Sending: the ledger is the queue (docs/decisions/0011).

Each attempt is two transactions with the call between them. The first takes one due delivery in
hand, if it is still worth sending, its recipient still logged in and nobody woken; the second says
how it went, and only for the attempt that is the latest. A sender that dies in between leaves a row
in `sending` that the watchdog puts back: so what is sent is sent at least once, and a repetition
replaces the first on the phone by its collapse key.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
import structlog

from hub_api import clock, db
from hub_api.audit import service as audit
from hub_api.notifications import circuits, deadline, devices, planning, preferences, words
from hub_api.notifications.categories import Category, Severity
from hub_api.notifications.channels import Ending, Outcome, Recipient
from hub_api.notifications.models import (
    ChannelName,
    Delivery,
    DeliveryState,
    Device,
    DropReason,
    SuppressReason,
)
from hub_api.notifications.preferences import Preferences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, time
    from uuid import UUID

    from hub_api.notifications.channels import Channel, Message

log = structlog.get_logger(__name__)

FIRST_WAIT = timedelta(seconds=4)
LONGEST_WAIT = timedelta(minutes=5)
SHORTEST_WAIT = timedelta(seconds=1)

_dice = random.SystemRandom()


class Due(NamedTuple):
    """A delivery in hand, with all that its message and the decision to send it need."""

    id: UUID
    notification_id: UUID
    channel: ChannelName
    device_id: UUID | None
    attempts: int
    """Made before this one."""
    created_at: datetime
    is_probe: bool
    """Its channel is at fault, and this would be to see whether it still is."""
    category: str
    severity: str
    expires_at: datetime
    opened_at: datetime | None
    is_account_open: bool
    email: str
    kind: str | None
    address: str | None
    p256dh: str | None
    auth: str | None
    locale: str | None
    dropped_at: datetime | None
    session_ended_at: datetime | None
    session_expires_at: datetime | None
    mobile: str | None
    language: str | None
    quiet_from: time | None
    quiet_until: time | None
    time_zone: str | None
    """With the two before; None for somebody who has chosen nothing."""

    @property
    def worth_until(self) -> datetime:
        """Until when it is worth sending."""
        is_mail = self.channel is ChannelName.EMAIL
        return self.expires_at + (planning.MAIL_MAY_BE_LATE if is_mail else timedelta())


# The oldest due one of each usable channel, an urgent one before all others of it; and of those one
# of another channel than last time if there is one: a channel that hangs until it times out must
# not keep all senders from the others. Urgent and not are two looks into the index, which go
# straight to the oldest. The locks on those not taken last until the transaction ends, a moment
# later.
_NEXT = sa.text("""
    with usable as (
        select c.channel, f.channel is not null as is_probe
          from unnest(cast(:channels as text[])) as c(channel)
          left join channel_faults f on f.channel = c.channel
         where f.channel is null or f.probe_at <= :now or f.probe_at > :latest_probe
    )
    select d.id, d.notification_id, d.channel, d.device_id, d.attempts, d.created_at,
           usable.is_probe, n.category, n.severity, n.expires_at, n.opened_at, a.is_active, a.email,
           v.kind, v.address, v.p256dh, v.auth, v.locale, v.dropped_at,
           s.ended_at, s.expires_at as session_expires_at, p.mobile, p.language,
           p.quiet_from, p.quiet_until, p.time_zone
      from usable
     cross join (values (true), (false)) as pace(is_urgent)
     cross join lateral (
           select * from deliveries q
            where q.state = 'queued' and q.channel = usable.channel
              and q.is_urgent = pace.is_urgent and q.next_attempt_at <= :now
            order by q.next_attempt_at limit 1 for update skip locked) d
      join notifications n on n.id = d.notification_id
      join accounts a on a.id = d.account_id
      left join devices v on v.id = d.device_id
      left join sessions s on s.id = v.session_id
      left join notification_preferences p on p.account_id = d.account_id
     order by d.channel = :last, d.is_urgent desc, d.next_attempt_at
     limit 1
""")


# --- the first transaction -------------------------------------------------------------------


def next_due(channels: Iterable[ChannelName], last: ChannelName | None = None) -> Due | None:
    """The delivery to see to next, locked; none when nothing is due."""
    now = clock.now()
    asked = {
        "channels": [str(name) for name in channels],
        "now": now,
        "latest_probe": now + circuits.LATEST_PROBE,
        "last": last or "",
    }
    row = db.connection().execute(_NEXT, asked).one_or_none()
    return None if row is None else Due(*row)._replace(channel=ChannelName(row.channel))


def take(due: Due) -> bool:
    """Take a delivery in hand for one attempt; False when it must not be sent, or not yet."""
    now = clock.now()
    end = _end_without_sending(due, now)
    if end is not None:
        _change(due, next_attempt_at=None, ended_at=now, **end)
        _fall_back(due)
        return False
    if due.is_probe and not circuits.take_probe(due.channel):
        return False
    if _passes_quiet_hours(due, now):
        audit.record("notification:pass_quiet_hours", subject_id=due.notification_id)
    _change(
        due,
        state=DeliveryState.SENDING,
        attempts=due.attempts + 1,
        sending_since=now,
        next_attempt_at=None,
        first_attempt_at=sa.func.coalesce(Delivery.first_attempt_at, now),
    )
    return True


def _change(due: Due, **values: Any) -> None:
    db.connection().execute(sa.update(Delivery).where(Delivery.id == due.id).values(values))


def _end_without_sending(due: Due, now: datetime) -> dict[str, Any] | None:
    """What has become of it since it was queued that means that nobody should get it any more."""
    if not due.is_account_open or (due.device_id is not None and not _is_logged_in(due, now)):
        return _suppressed(SuppressReason.LOGGED_OUT)
    if due.opened_at is not None:
        return _suppressed(SuppressReason.OPENED_ELSEWHERE)
    if due.worth_until <= now:
        return {"state": DeliveryState.EXPIRED, "reason": None}
    if due.channel is ChannelName.SMS and due.mobile is None:
        return _suppressed(SuppressReason.TURNED_OFF)
    quiet_until = _quiet_until(due, now)
    if quiet_until is not None:
        return _suppressed(SuppressReason.QUIET_HOURS, quiet_until=quiet_until)
    return None


def _fall_back(due: Due) -> None:
    """A push is over: if it was the last that could have reached anybody, there is e-mail."""
    if due.device_id is not None:
        planning.mail_instead([due.notification_id])


def _suppressed(reason: SuppressReason, **values: Any) -> dict[str, Any]:
    return {"state": DeliveryState.SUPPRESSED, "reason": reason, **values}


def _quiet_until(due: Due, now: datetime) -> datetime | None:
    """When the quiet hours end in which it would wake somebody.

    It was queued before they began and is late, such as a second try: the morning digest tells of
    it. As in `planning.py`, urgent things pass, and an e-mail wakes nobody.
    """
    if due.severity == Severity.URGENT or due.channel is ChannelName.EMAIL:
        return None
    return _preferences(due).quiet_end(now)


def _passes_quiet_hours(due: Due, now: datetime) -> bool:
    """Whether this attempt wakes somebody, and that is not written down yet.

    Of what was planned in quiet hours the first attempts are: `planning.py` did that.
    """
    if due.severity != Severity.URGENT or due.channel is ChannelName.EMAIL:
        return False
    quiet_end = _preferences(due).quiet_end
    is_known = due.attempts == 0 and quiet_end(due.created_at) is not None
    return quiet_end(now) is not None and not is_known


def _preferences(due: Due) -> Preferences:
    if due.time_zone is None:
        return preferences.usual()
    return Preferences(
        quiet_from=due.quiet_from, quiet_until=due.quiet_until, time_zone=due.time_zone
    )


def _is_logged_in(due: Due, now: datetime) -> bool:
    return (
        due.dropped_at is None
        and due.session_ended_at is None
        and due.session_expires_at is not None
        and due.session_expires_at > now
    )


# --- between them ----------------------------------------------------------------------------


def send(channel: Channel, due: Due) -> Outcome:
    """Try once. Never inside a transaction."""
    try:
        with deadline.attempt():
            return channel.send(_message(due), _recipient(due))
    except Exception as error:  # noqa: BLE001 - a channel raises nothing; if one does, it may pass
        log.error("channel_raised", channel=str(due.channel), error=type(error).__name__)
        return Outcome(ending=Ending.LATER, reason="unexpected")


def _message(due: Due) -> Message:
    """A phone is spoken to in its own language, a person by e-mail or text message in theirs."""
    language = due.locale or due.language or "en"
    said = words.message(due.notification_id, Category.of(due.category), due.severity, language)
    return replace(said, lasts=due.expires_at - clock.now(), may_be_repeat=due.attempts > 0)


def _recipient(due: Due) -> Recipient:
    if due.channel is ChannelName.EMAIL:
        return Recipient(kind="email", address=due.email)
    if due.channel is ChannelName.SMS:
        return Recipient(kind="sms", address=due.mobile or "")
    return Recipient(
        kind=due.kind or "",
        address=due.address or "",
        p256dh=due.p256dh,
        auth=due.auth,
    )


# --- the second transaction ------------------------------------------------------------------


def record(due: Due, outcome: Outcome) -> None:
    """Say how the attempt went.

    One that was given up meanwhile, and put back by the watchdog, changes nothing but that it was
    accepted, if it was.
    """
    now = clock.now()
    this_attempt = Delivery.id == due.id, Delivery.attempts == due.attempts + 1
    values = {"sending_since": None, "reason": outcome.reason, **_result(due, outcome, now)}
    in_hand = sa.update(Delivery).where(*this_attempt, Delivery.state == DeliveryState.SENDING)
    if not db.connection().execute(in_hand.values(values)).rowcount:
        if outcome.ending is Ending.ACCEPTED:
            _accepted_late(due, outcome, now)
        return
    state = values["state"]
    if state == DeliveryState.FAILED:
        log.warning("delivery_failed", channel=str(due.channel), reason=values["reason"])
    if state == DeliveryState.EXPIRED:
        log.warning("delivery_expired", channel=str(due.channel), reason=values["reason"])
    if state == DeliveryState.DROPPED and due.device_id is not None:
        devices.drop(due.device_id, outcome.drop or DropReason.UNREGISTERED, address=due.address)
    _tell_circuit(due, outcome)
    if "ended_at" in values:
        _fall_back(due)


def _tell_circuit(due: Due, outcome: Outcome) -> None:
    """What the ending says of the channel."""
    if outcome.ending is Ending.FAULT:
        circuits.open_for(due.channel, outcome.reason or "unknown")
    elif outcome.ending is Ending.ACCEPTED and due.is_probe:
        circuits.close(due.channel)
    elif due.is_probe and outcome.ending in {Ending.GONE, Ending.FAILED}:
        circuits.give_back_probe(due.channel)


def _accepted_late(due: Due, outcome: Outcome, now: datetime) -> None:
    """It was accepted after all: by a sender that was taken for dead, or after its receipt.

    What would be sent again, or was given up meanwhile, is not: the service has it. What was kept
    back since stays so, and what its phone has said stands.
    """
    given_up = DeliveryState.EXPIRED, DeliveryState.FAILED
    is_open = Delivery.state.in_((DeliveryState.QUEUED, DeliveryState.SENDING, *given_up))
    late = sa.update(Delivery).where(
        Delivery.id == due.id, Delivery.attempts > due.attempts, Delivery.accepted_at.is_(None)
    )
    accepted = {
        "state": DeliveryState.ACCEPTED,
        "next_attempt_at": None,
        "sending_since": None,
        "ended_at": None,
        "reason": None,
    }
    values: dict[str, Any] = {
        name: sa.case((is_open, value), else_=getattr(Delivery, name))
        for name, value in accepted.items()
    }
    values |= {"accepted_at": now, "provider_id": outcome.provider_id}
    db.connection().execute(late.values(values))
    _tell_circuit(due, outcome)


def _result(due: Due, outcome: Outcome, now: datetime) -> dict[str, Any]:
    """What one ending makes of the delivery."""
    ending = outcome.ending
    if ending is Ending.ACCEPTED:
        accepted = {"accepted_at": now, "provider_id": outcome.provider_id}
        return {"state": DeliveryState.ACCEPTED, **accepted}
    if ending is Ending.FAILED:
        reason = outcome.reason or "unknown"
        return {"state": DeliveryState.FAILED, "reason": reason, "ended_at": now}
    if ending is Ending.GONE:
        if due.device_id is not None and _has_new_address(due):
            return {"state": DeliveryState.QUEUED, "next_attempt_at": now}
        return {"state": DeliveryState.DROPPED, "ended_at": now}
    again = now + wait_after(due.attempts + 1, outcome.retry_after)
    if again >= due.worth_until:
        return {"state": DeliveryState.EXPIRED, "ended_at": now}
    return {"state": DeliveryState.QUEUED, "next_attempt_at": again}


def _has_new_address(due: Due) -> bool:
    """Whether the app registered anew while the old address was being tried."""
    found = sa.select(Device.kind, Device.address).where(
        Device.id == due.device_id, Device.dropped_at.is_(None)
    )
    row = db.connection().execute(found.with_for_update()).one_or_none()
    return row is not None and tuple(row) != (due.kind, due.address)


def wait_after(attempts: int, retry_after: timedelta | None = None) -> timedelta:
    """Until the next attempt: at random up to a bound that doubles ("full jitter").

    So those that failed together do not come back together. What the service asked for is waited
    out first.
    """
    bound = min(FIRST_WAIT * (1 << min(attempts - 1, 20)), LONGEST_WAIT)
    asked = retry_after or timedelta(0)
    return asked + max(SHORTEST_WAIT, bound * _dice.random())


# --- waking the senders ----------------------------------------------------------------------

_wakers: list[Callable[[], None]] = []


def when_woken(waker: Callable[[], None]) -> None:
    """Have this called by `wake()`: the senders of this process."""
    _wakers.append(waker)


def wake() -> None:
    """Have the senders of this process, if it has any, look at once for what is due."""
    for waker in _wakers:
        waker()
