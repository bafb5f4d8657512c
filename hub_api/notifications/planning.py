"""From what somebody should know to the ways it goes to them: the first step of the worker.

Which ways is decided once, when a notification is made ready, by its severity, what the person
chose, their quiet hours and their phones. Later changes of mind count for the next one; a logout,
and quiet hours that have begun, count at once (`delivering.py` looks again before each attempt).
What was to reach a phone, and then reached none, goes by e-mail after all (`mail_instead`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from hub_api import clock, db
from hub_api.accounts import reaching
from hub_api.audit import service as audit
from hub_api.notifications import channels, devices, preferences
from hub_api.notifications.categories import Category, Severity
from hub_api.notifications.models import (
    UNDER_WAY,
    ChannelName,
    Delivery,
    DeliveryState,
    Device,
    Notification,
    SuppressReason,
    channel_of,
)
from hub_api.notifications.preferences import Way, WaySetting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from hub_api.accounts.reaching import Held
    from hub_api.notifications.preferences import Preferences

AT_ONCE = 500
"""So many notifications are made ready by the same few statements."""

MAIL_MAY_BE_LATE = timedelta(days=1)
"""How much longer an e-mail is worth sending than a push: it disturbs nobody, and it may be made
only when it is too late for pushes."""


def make_ready(notification_ids: Sequence[UUID]) -> None:
    """Make the deliveries of these notifications. Doing it again changes nothing.

    Whoever has closed their account, or holds none of the roles the category is for any more, not
    there where it happened, has no deliveries: the notification stays in their inbox, where it says
    nothing about anybody.
    """
    for start in range(0, len(notification_ids), AT_ONCE):
        _make_ready(notification_ids[start : start + AT_ONCE])


def _make_ready(notification_ids: Sequence[UUID]) -> None:
    waiting = _take(notification_ids)
    accounts = {notification.account_id for notification in waiting}
    if not accounts:
        return
    now = clock.now()
    plans = _plans(waiting, accounts, now)
    phones = _phones_of(accounts, now)
    for plan in plans:
        plan.make(phones.get(plan.notification.account_id, []))
    _save([row for plan in plans for row in plan.rows])
    db.connection().execute(
        sa.update(Notification)
        .where(Notification.id.in_([notification.id for notification in waiting]))
        .values(ready_at=now)
    )
    audit.record_each(
        "notification:pass_quiet_hours",
        {
            plan.notification.id: plan.notification.hidden_from
            for plan in plans
            if plan.passes_quiet_hours
        },
    )


def mail_instead(notification_ids: Collection[UUID]) -> None:
    """E-mail to those whom no push about these can reach any more: each expired, failed or had
    nobody logged in. As for those without a phone, where that is what the person wants.

    A push that a service has accepted may yet arrive, and what waits for the morning is told by
    the digest. Call it once a push is over, in the same transaction.
    """
    waiting = _unreached(notification_ids)
    accounts = {notification.account_id for notification in waiting}
    if not accounts:
        return
    plans = _plans(waiting, accounts, clock.now())
    for plan in plans:
        plan.mail()
    _save([row for plan in plans for row in plan.rows])


# --- what there is to go by ------------------------------------------------------------------


class _Waiting(NamedTuple):
    id: UUID
    account_id: UUID
    category: str
    severity: str
    constellation_id: UUID | None
    household_id: UUID | None
    hidden_from: list[UUID] | None


_WAITING = [getattr(Notification, name) for name in _Waiting._fields]


def _concerns(notification: _Waiting, roles: Iterable[Held]) -> bool:
    """Whether it is for somebody who holds these roles: those that count where it happened."""
    place = notification.constellation_id, notification.household_id
    there = (held.role for held in roles if held.is_for(*place))
    return Category.of(notification.category).concerns(there)


def _plans(waiting: list[_Waiting], accounts: set[UUID], now: datetime) -> list[_Plan]:
    """One for each that is still for its person; no ways are in it yet."""
    roles = reaching.roles_held(accounts)
    chosen = preferences.of(accounts)
    return [
        _Plan(one, chosen[one.account_id], now)
        for one in waiting
        if _concerns(one, roles.get(one.account_id, ()))
    ]


class _Phone(NamedTuple):
    id: UUID
    account_id: UUID
    kind: str
    is_live: bool
    is_receiving: bool


def _take(notification_ids: Sequence[UUID]) -> list[_Waiting]:
    """Those not made ready yet, locked: whoever comes second finds them ready."""
    found = (
        sa.select(*_WAITING)
        .where(Notification.id.in_(notification_ids), Notification.ready_at.is_(None))
        .order_by(Notification.id)
        .with_for_update()
    )
    return [_Waiting(*row) for row in db.connection().execute(found)]


def _unreached(notification_ids: Collection[UUID]) -> list[_Waiting]:
    """Those that nobody has opened and no push can bring any more; nor was an e-mail thought of.

    The last two pushes may end at the same moment: they take turns, so that the second sees both.
    """
    for notification_id in sorted(notification_ids):
        turn = sa.func.hashtextextended(str(notification_id), 0)
        db.connection().execute(sa.select(sa.func.pg_advisory_xact_lock(turn)))
    may_arrive = sa.exists().where(
        Delivery.notification_id == Notification.id,
        Delivery.device_id.is_not(None),
        sa.or_(
            Delivery.state.in_(UNDER_WAY),
            Delivery.reason.in_((SuppressReason.QUIET_HOURS, SuppressReason.OPENED_ELSEWHERE)),
        ),
    )
    has_mail = sa.exists().where(
        Delivery.notification_id == Notification.id, Delivery.channel == ChannelName.EMAIL
    )
    found = sa.select(*_WAITING).where(
        Notification.id.in_(notification_ids),
        Notification.opened_at.is_(None),
        sa.not_(may_arrive),
        sa.not_(has_mail),
    )
    return [_Waiting(*row) for row in db.connection().execute(found.order_by(Notification.id))]


def _phones_of(account_ids: set[UUID], now: datetime) -> dict[UUID, list[_Phone]]:
    """The phones and browsers on which somebody is logged in, silent ones included."""
    found = sa.select(
        Device.id,
        Device.account_id,
        Device.kind,
        devices.is_live(now),
        devices.is_receiving(now),
    ).where(Device.account_id.in_(account_ids), devices.is_logged_in(now))
    phones: dict[UUID, list[_Phone]] = {}
    for row in db.connection().execute(found):
        phones.setdefault(row.account_id, []).append(_Phone(*row))
    return phones


def _save(rows: list[dict[str, Any]]) -> None:
    """Add these deliveries, but for those that are there already."""
    if rows:
        db.connection().execute(insert(Delivery).on_conflict_do_nothing(), rows)


# --- one person's ----------------------------------------------------------------------------


@dataclass(slots=True)
class _Plan:
    """By which ways one notification goes to one person."""

    notification: _Waiting
    chosen: Preferences
    now: datetime
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def category(self) -> Category:
        return Category.of(self.notification.category)

    @property
    def severity(self) -> Severity:
        return Severity(self.notification.severity)

    @property
    def quiet_until(self) -> datetime | None:
        """When the quiet hours end that hold this back; urgent things are never held back."""
        if self.severity is Severity.URGENT:
            return None
        return self.chosen.quiet_end(self.now)

    @property
    def passes_quiet_hours(self) -> bool:
        """Something urgent goes out although the person sleeps."""
        is_urgent = self.severity is Severity.URGENT
        goes_out = any(row["state"] == DeliveryState.QUEUED for row in self.rows)
        return is_urgent and goes_out and self.chosen.quiet_end(self.now) is not None

    def make(self, phones: list[_Phone]) -> None:
        for phone in phones:
            channel = channel_of(phone.kind)
            self._add(Way.PUSH, channel, device_id=phone.id, is_silent=not phone.is_live)
        receiving = {phone.id for phone in phones if phone.is_receiving}
        # Waiting for the morning counts as well: the digest will reach that phone.
        reaches = any(
            row["device_id"] in receiving
            and (
                row["state"] == DeliveryState.QUEUED or row["reason"] == SuppressReason.QUIET_HOURS
            )
            for row in self.rows
        )
        self.mail(reaches_a_phone=reaches)
        if self.chosen.mobile is not None:
            self._add(Way.SMS, ChannelName.SMS)

    def mail(self, *, reaches_a_phone: bool = False) -> None:
        self._add(Way.EMAIL, ChannelName.EMAIL, reaches_a_phone=reaches_a_phone)

    def _add(
        self,
        way: Way,
        channel: ChannelName,
        *,
        device_id: UUID | None = None,
        is_silent: bool = False,
        reaches_a_phone: bool = False,
    ) -> None:
        setting = self.chosen.setting(self.category, way, self.severity)
        if setting is WaySetting.UNUSED or (setting is WaySetting.INSTEAD and reaches_a_phone):
            return
        # An e-mail wakes nobody, and waits by itself.
        quiet_until = None if way is Way.EMAIL else self.quiet_until
        reason = None
        if setting is WaySetting.OFF:
            reason = SuppressReason.TURNED_OFF
        elif is_silent:
            reason = SuppressReason.SILENT
        elif channel not in channels.current():
            reason = SuppressReason.CHANNEL_OFF
        elif quiet_until is not None:
            reason = SuppressReason.QUIET_HOURS
        self.rows.append(
            {
                "notification_id": self.notification.id,
                "account_id": self.notification.account_id,
                "channel": channel,
                "device_id": device_id,
                "is_urgent": self.severity is Severity.URGENT,
                "state": DeliveryState.SUPPRESSED if reason else DeliveryState.QUEUED,
                "reason": reason,
                "created_at": self.now,
                "next_attempt_at": None if reason else self.now,
                "ended_at": self.now if reason else None,
                "quiet_until": quiet_until if reason is SuppressReason.QUIET_HOURS else None,
            }
        )
