"""The ledger of telling people: what each should know, their phones, every attempt to reach them.

A notification is for one person. It becomes one delivery for each phone or browser of theirs and
each other way to reach them. What a channel accepted has not been received: only the app says so.
"""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, HasId, Versioned, in_words
from hub_api.errors import on_constraint
from hub_api.notifications.categories import Category, Severity


class Notification(HasId, Base):
    """Something one person should know: a category and the id of what it is about."""

    __tablename__ = "notifications"
    __table_args__ = (
        sa.CheckConstraint(
            in_words("category", list(Category)), name="notification_category_known"
        ),
        sa.CheckConstraint(
            in_words("severity", list(Severity)), name="notification_severity_known"
        ),
        sa.CheckConstraint(
            "acknowledged_at is null or opened_at is not null",
            name="notification_opened_before_acknowledged",
        ),
        sa.Index("ix_notifications_account_id_id", "account_id", "id"),
        sa.Index("ix_notifications_not_ready", "id", postgresql_where=sa.text("ready_at is null")),
        sa.Index(
            "ix_notifications_unopened",
            "account_id",
            postgresql_where=sa.text("opened_at is null"),
        ),
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    category: Mapped[str]
    severity: Mapped[str]
    subject_id: Mapped[UUID]
    constellation_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("households.id"))
    """With the one before, where it happened: sent only to whoever still holds a role there."""
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    """Nobody is disturbed with it after this."""
    ready_at: Mapped[datetime | None]
    """When its deliveries were made."""
    opened_at: Mapped[datetime | None]
    """When the person first looked at it, on whatever phone."""
    acknowledged_at: Mapped[datetime | None]
    """When the person said that they see to it: what stops a ladder."""
    hidden_from: Mapped[list[UUID] | None] = mapped_column(sa.ARRAY(sa.Uuid()))
    """Accounts and households that must not learn that somebody was told, from the record."""


class DeviceKind(StrEnum):
    """By what a phone or browser is reached."""

    FID = "fid"
    """A Firebase installation id."""
    TOKEN = "token"  # noqa: S105 - a kind of address
    """A Firebase registration token, of older apps."""
    WEBPUSH = "webpush"
    """A browser's push subscription (RFC 8030)."""


class Platform(StrEnum):
    ANDROID = "android"
    IOS = "ios"
    WEB = "web"


class DropReason(StrEnum):
    """Why nothing is sent to a phone any more."""

    REMOVED = "removed"
    """Its person took it away."""
    TAKEN_OVER = "taken_over"
    """Somebody else logged in on it."""
    UNREGISTERED = "unregistered"
    """The push service says that the app is gone."""
    WRONG_SENDER = "wrong_sender"
    """It belongs to another app's sender."""
    BAD_ADDRESS = "bad_address"
    """The push service says that there can be no such address."""


GONE = (DropReason.UNREGISTERED, DropReason.WRONG_SENDER, DropReason.BAD_ADDRESS)
"""Why nothing reaches a phone although nobody wanted that: its person must hear of it."""


class Device(HasId, Base):
    """A phone or browser as one login registered it; another login makes a row of its own.

    It is sent to while it is not dropped, its session lives, and it has proved itself lately. So
    logging out and revoking a session end delivery in their own transaction, by ending the session.
    """

    __tablename__ = "devices"
    __table_args__ = (
        sa.CheckConstraint(in_words("kind", list(DeviceKind)), name="device_kind_known"),
        sa.CheckConstraint(in_words("platform", list(Platform)), name="device_platform_known"),
        sa.CheckConstraint(
            "(kind = 'webpush') = (p256dh is not null and auth is not null)",
            name="device_webpush_has_keys",
        ),
        sa.CheckConstraint(
            "(dropped_at is null) = (drop_reason is null)", name="device_drop_has_reason"
        ),
        sa.CheckConstraint(
            in_words("drop_reason", list(DropReason)), name="device_drop_reason_known"
        ),
        # One owner for each installation and each address, at any time.
        sa.Index(
            "uq_device_installation",
            "installation_id",
            unique=True,
            postgresql_where=sa.text("dropped_at is null"),
        ),
        sa.Index(
            "uq_device_address",
            "kind",
            "address",
            unique=True,
            postgresql_where=sa.text("dropped_at is null"),
        ),
        sa.Index("ix_devices_account_id", "account_id"),
        sa.Index("ix_devices_session_id", "session_id"),
    )

    installation_id: Mapped[str]
    """Chosen by the app once; says nothing about anybody."""
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    session_id: Mapped[UUID] = mapped_column(sa.ForeignKey("sessions.id"))
    kind: Mapped[str]
    address: Mapped[str]
    """The installation id or token of Firebase, or the https endpoint of a browser."""
    p256dh: Mapped[str | None]
    auth: Mapped[str | None]
    """With `p256dh`, what a browser's push is sealed with (RFC 8291), base64url."""
    platform: Mapped[str]
    app_version: Mapped[str | None]
    locale: Mapped[str]
    """A language tag such as en-GB (BCP 47)."""
    registered_at: Mapped[datetime] = mapped_column(default=clock.now)
    proven_at: Mapped[datetime] = mapped_column(default=clock.now)
    """When it last registered or sent a receipt: the last proof that it is in use."""
    received_at: Mapped[datetime | None]
    """When it last sent a receipt: the last proof that what is sent to it arrives."""
    stopped_at: Mapped[datetime | None]
    """When its person was told that it has stopped receiving; null once it is well again."""
    dropped_at: Mapped[datetime | None]
    drop_reason: Mapped[str | None]


class ChannelName(StrEnum):
    """The ways to reach somebody."""

    FCM = "fcm"
    WEBPUSH = "webpush"
    EMAIL = "email"
    SMS = "sms"


def channel_of(kind: str) -> ChannelName:
    """The channel by which a device of this kind is reached."""
    return ChannelName.WEBPUSH if kind == DeviceKind.WEBPUSH else ChannelName.FCM


class DeliveryState(StrEnum):
    QUEUED = "queued"
    """Waits for its turn, or for another try at `next_attempt_at`."""
    SENDING = "sending"
    """Somebody has it in hand since `sending_since`."""
    ACCEPTED = "accepted"
    """The channel took it; nobody knows yet whether it arrived."""
    RECEIVED = "received"
    """The app said so."""
    OPENED = "opened"
    FAILED = "failed"
    """It can't be sent, and trying again would not help."""
    DROPPED = "dropped"
    """The phone is gone."""
    EXPIRED = "expired"
    """Not worth sending any more."""
    SUPPRESSED = "suppressed"
    """Not sent on purpose: `reason` says why."""


UNDER_WAY = (
    DeliveryState.QUEUED,
    DeliveryState.SENDING,
    DeliveryState.ACCEPTED,
    DeliveryState.RECEIVED,
    DeliveryState.OPENED,
)
"""Of what is on its way or has arrived; the others are over without."""


class SuppressReason(StrEnum):
    """Why a delivery is not sent although somebody could be reached by it."""

    QUIET_HOURS = "quiet_hours"
    """It waits for the morning digest."""
    TURNED_OFF = "turned_off"
    """The person doesn't want this category by this channel."""
    CHANNEL_OFF = "channel_off"
    """The hub has no credentials for the channel."""
    OPENED_ELSEWHERE = "opened_elsewhere"
    """The person has looked at it already."""
    LOGGED_OUT = "logged_out"
    """Nobody, or somebody else, is logged in on the phone by now."""
    SILENT = "silent"
    """The phone has not proved itself for a month."""


class Delivery(HasId, Base):
    """One notification by one channel: to one device, or to the person's number or address."""

    __tablename__ = "deliveries"
    __table_args__ = (
        sa.CheckConstraint(in_words("channel", list(ChannelName)), name="delivery_channel_known"),
        sa.CheckConstraint(in_words("state", list(DeliveryState)), name="delivery_state_known"),
        sa.CheckConstraint(
            "(channel in ('fcm', 'webpush')) = (device_id is not null)",
            name="delivery_push_has_device",
        ),
        sa.CheckConstraint(
            "(state = 'sending') = (sending_since is not null)", name="delivery_sending_has_start"
        ),
        sa.CheckConstraint(
            "(state = 'queued') = (next_attempt_at is not null)",
            name="delivery_queued_has_next_attempt",
        ),
        sa.CheckConstraint(
            "state not in ('failed', 'suppressed') or reason is not null",
            name="delivery_end_has_reason",
        ),
        sa.CheckConstraint("attempts >= 0", name="delivery_attempts_counted"),
        # Made once, however often the job that makes them runs.
        sa.UniqueConstraint("notification_id", "device_id", name="uq_delivery_device"),
        sa.Index(
            "uq_delivery_channel",
            "notification_id",
            "channel",
            unique=True,
            postgresql_where=sa.text("device_id is null"),
        ),
        # By channel first: those that wait for a channel at fault are not looked at. Then the
        # urgent ones apart, which do not stand behind others.
        sa.Index(
            "ix_deliveries_due",
            "channel",
            "is_urgent",
            "next_attempt_at",
            postgresql_where=sa.text("state = 'queued'"),
        ),
        sa.Index(
            "ix_deliveries_sending", "sending_since", postgresql_where=sa.text("state = 'sending'")
        ),
        sa.Index("ix_deliveries_device_id_id", "device_id", "id"),
        sa.Index(
            "ix_deliveries_not_received",
            "device_id",
            "accepted_at",
            postgresql_where=sa.text("state = 'accepted'"),
        ),
        sa.Index(
            "ix_deliveries_waiting_for_digest",
            "quiet_until",
            postgresql_where=sa.text("quiet_until is not null and digest_id is null"),
        ),
    )

    notification_id: Mapped[UUID] = mapped_column(sa.ForeignKey("notifications.id"))
    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    channel: Mapped[str]
    device_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("devices.id"))
    is_urgent: Mapped[bool] = mapped_column(default=False)
    """As its notification was: these go first."""
    state: Mapped[str] = mapped_column(default=DeliveryState.QUEUED)
    reason: Mapped[str | None]
    """A word from a list: why it is where it is. Never what a channel said in its own words."""
    attempts: Mapped[int] = mapped_column(default=0)
    """How often it was taken in hand; also the fence: only the latest may say how it went."""
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    next_attempt_at: Mapped[datetime | None]
    sending_since: Mapped[datetime | None]
    first_attempt_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    received_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    """When it was failed, dropped, expired or suppressed."""
    provider_id: Mapped[str | None]
    """What the channel calls it."""
    quiet_until: Mapped[datetime | None]
    """Of one suppressed by quiet hours: when they end."""
    digest_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("notifications.id"))
    """The morning digest that told of it instead."""


class ChannelFault(Base):
    """A channel that can't work as it is set up, such as a revoked key: its circuit is open.

    Nothing is sent by it but one probe at `probe_at`; the first that is accepted closes it.
    """

    __tablename__ = "channel_faults"
    __table_args__ = (
        sa.CheckConstraint(
            in_words("channel", list(ChannelName)), name="channel_fault_channel_known"
        ),
    )

    channel: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)
    probes: Mapped[int] = mapped_column(default=0)
    probe_at: Mapped[datetime]


class NotificationPreferences(Versioned, Base):
    """By which ways somebody wants to hear of what, and when not. No row: the defaults."""

    __tablename__ = "notification_preferences"
    __table_args__ = (
        sa.CheckConstraint(
            "(quiet_from is null) = (quiet_until is null)", name="preferences_quiet_hours_whole"
        ),
        sa.CheckConstraint("quiet_from <> quiet_until", name="preferences_quiet_hours_end"),
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"), primary_key=True)
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
    time_zone: Mapped[str] = mapped_column(default="Europe/London")
    """Of the tz database, such as Europe/London."""
    mobile: Mapped[str | None]
    """Where text messages go, as +447700900123 (E.164)."""
    language: Mapped[str] = mapped_column(default="en")
    """In which language the inbox, e-mails and text messages speak."""
    choices: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    """category → way (push, email, sms) → whether; what is not said is as its severity has it."""


on_constraint(
    "uq_device_address",
    "registered_meanwhile",
    "This phone is just being set up. Please try again in a moment.",
)
on_constraint(
    "uq_device_installation",
    "registered_meanwhile",
    "This phone is just being set up. Please try again in a moment.",
)
