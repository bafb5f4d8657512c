"""Phones and browsers: who they belong to, whether they receive, and what is done when they stop.

A device is sent to while it is not dropped, its session lives, its account is open and it has
proved itself lately. So whatever ends a session ends delivery in the same transaction: there is
nothing else to switch off.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict

import sqlalchemy as sa

from hub_api import clock, db, reads
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.accounts import sessions
from hub_api.audit import service as audit
from hub_api.notifications import policy, service
from hub_api.notifications.categories import Category
from hub_api.notifications.conditions import Condition, StopReason
from hub_api.notifications.models import (
    GONE,
    Delivery,
    Device,
    DeviceKind,
    DropReason,
    Platform,
)
from hub_api.reads import ASKING
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs

# --- which count -----------------------------------------------------------------------------

PROOF_LASTS = timedelta(days=30)
"""A phone that has neither registered nor sent a receipt for so long is taken for stale."""

SILENT_AFTER = timedelta(hours=24)
SILENT_DELIVERIES = 3
"""So many were accepted since its last proof, the first so long ago, and none was received."""


def is_logged_in(now: Any) -> sa.ColumnElement[bool]:
    """The SQL condition that somebody is logged in on a device that is there.

    Before each attempt `delivering` asks the same of the row it has in hand.
    """
    return sa.and_(Device.dropped_at.is_(None), sessions.is_alive(Device.session_id, now))


def is_live(now: Any) -> sa.ColumnElement[bool]:
    """The SQL condition that a device is sent to: the one rule for planning and for lists.

    Not for each attempt: a month's silence is no reason to give up what was planned in time.
    """
    return sa.and_(is_logged_in(now), Device.proven_at > now - PROOF_LASTS)


def is_receiving(now: Any) -> sa.ColumnElement[bool]:
    """The same, of one that nobody had to be told about: its person can be reached by it."""
    return sa.and_(is_live(now), Device.stopped_at.is_(None))


def stop_reason(now: Any) -> sa.ColumnElement[Any]:
    """Why a device has stopped receiving: a `DropReason` or a `StopReason`, or null.

    One that is `SILENT` is sent to all the same; the others are not.
    """
    return sa.case(
        (Device.dropped_at.is_not(None), Device.drop_reason),
        (sa.not_(is_logged_in(now)), StopReason.LOGIN_RAN_OUT),
        (sa.not_(is_live(now)), StopReason.UNUSED),
        (Device.stopped_at.is_not(None), StopReason.SILENT),
    )


def _is_silent(now: Any) -> sa.ColumnElement[bool]:
    """Whether much is accepted for it and nothing arrives."""
    long_ago = sa.func.min(Delivery.accepted_at) <= now - SILENT_AFTER
    return (
        sa.select(sa.and_(sa.func.count() >= SILENT_DELIVERIES, long_ago))
        .where(
            Delivery.device_id == Device.id,
            # Written out, so that the index of those not received serves.
            Delivery.state == sa.literal_column("'accepted'"),
            Delivery.accepted_at > Device.proven_at,
        )
        .scalar_subquery()
    )


def _has_stopped(now: Any) -> sa.ColumnElement[bool]:
    """Whether nothing reaches it though its person did not log out, and nobody was told so yet."""
    return sa.and_(
        Device.dropped_at.is_(None),
        Device.stopped_at.is_(None),
        sessions.is_not_ended(Device.session_id),
        sa.or_(sa.not_(is_live(now)), _is_silent(now)),
    )


# --- registering -----------------------------------------------------------------------------


class Keys(TypedDict):
    """What a browser's push is sealed with."""

    p256dh: str
    auth: str


class Registration(TypedDict):
    """What an app says of itself: `schemas.DeviceIn`."""

    kind: DeviceKind
    address: str
    keys: Keys | None
    platform: Platform
    app_version: str | None
    locale: str


def register(actor: Actor, installation_id: UUID, given: Registration) -> None:
    """Have this installation belong to the actor's session, whosever it was before.

    Sent again it proves that the phone is in use. Raises `Conflict` when the same address is
    registered for another installation at the same moment.
    """
    installation, now = str(installation_id), clock.now()
    kept = {k: v for k, v in given.items() if k != "keys"} | dict(
        given["keys"] or {"p256dh": None, "auth": None}
    )
    # Two taps are one phone, and two installations of one login take turns.
    for turn in (installation, str(actor.session_id)):
        lock = sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(turn, 0))
        db.session().execute(sa.select(lock))
    _leave_others(actor, installation)
    mine = sa.select(Device).where(
        Device.installation_id == installation,
        Device.session_id == actor.session_id,
        Device.dropped_at.is_(None),
    )
    device = db.session().scalar(mine.with_for_update())
    if device is None or (device.kind, device.address) != (given["kind"], given["address"]):
        # A device of one's own keeps its row and takes the new address from whoever had it.
        _take_over(actor, "" if device else installation, given, now)
    if device is None:
        _add(actor, Device(installation_id=installation, **kept))
    else:
        _change(actor, device, kept)
    prove(actor)


def _take_over(actor: Actor, installation: str, given: Registration, now: datetime) -> None:
    """Have nobody else's phone be this installation or at this address.

    Whoever is still logged in there hears of it, unless they took it from themselves: nothing more
    reaches them on it. On a shared phone people log out before the next one logs in.
    """
    released = sa.func.release_device(installation, given["kind"], given["address"], now)
    columns = released.table_valued("device_id", "account_id", "was_logged_in")
    for device_id, account_id, was_logged_in in db.session().execute(sa.select(columns)):
        if was_logged_in and account_id != actor.account_id:
            service.notify([account_id], Category.DEVICE_TAKEN_OVER, device_id)


def _add(actor: Actor, device: Device) -> None:
    device.account_id, device.session_id = actor.account_id, actor.session_id
    db.session().add(device)
    db.session().flush()
    audit.record("device:register", actor_id=actor.account_id, subject_id=device.id)
    # It stands in for those that are gone: nobody need look for them any more.
    _recover(actor.account_id, Device.dropped_at.is_not(None))


def _leave_others(actor: Actor, installation: str) -> None:
    """A login is on one phone: an app put on it anew has another installation, and the one before
    is gone. Otherwise one account could have every word sent to thousands of addresses."""
    others = sa.update(Device).where(
        Device.session_id == actor.session_id,
        Device.installation_id != installation,
        Device.dropped_at.is_(None),
    )
    left = others.values(
        dropped_at=clock.now(), drop_reason=DropReason.REMOVED, stopped_at=None
    ).returning(Device.id)
    gone = db.connection().execute(left).scalars().all()
    for device_id in gone:
        audit.record("device:remove", actor_id=actor.account_id, subject_id=device_id)
    if gone:
        _settle(actor.account_id)


def _change(actor: Actor, device: Device, kept: dict[str, Any]) -> None:
    changed = [name for name, value in kept.items() if getattr(device, name) != value]
    for name in changed:
        setattr(device, name, kept[name])
    db.session().flush()
    if changed:
        audit.record(
            "device:change", actor_id=actor.account_id, subject_id=device.id, changed=changed
        )


def remove(actor: Actor, installation_id: UUID) -> None:
    """Send nothing to one of the actor's own devices any more. Raises `NotFound`."""
    found = sa.select(Device).where(
        Device.installation_id == str(installation_id),
        policy.devices_visible_to(ASKING),
        _is_listed(),
    )
    device = reads.find(actor, found.order_by(Device.id.desc()))
    db.lock(device)
    device.dropped_at = device.dropped_at or clock.now()
    device.drop_reason, device.stopped_at = DropReason.REMOVED, None
    db.session().flush()
    audit.record("device:remove", actor_id=actor.account_id, subject_id=device.id)
    _settle(actor.account_id)


# --- proof -----------------------------------------------------------------------------------


def prove(actor: Actor, *, by_receipt: bool = False) -> None:
    """The device of the actor's session has shown that it is in use, or even that it receives."""
    now = clock.now()
    proof = {"proven_at": now} | ({"received_at": now} if by_receipt else {})
    mine = Device.session_id == actor.session_id, Device.dropped_at.is_(None)
    proven = sa.update(Device).where(*mine).values(proof).returning(Device.stopped_at)
    if any(db.connection().execute(proven).scalars().all()):
        _recover(actor.account_id, *mine)


def _recover(account_id: UUID, *which: sa.ColumnElement[bool]) -> None:
    """Take back that some of a person's devices have stopped, and the task with the last one."""
    stopped = Device.account_id == account_id, Device.stopped_at.is_not(None)
    well = sa.update(Device).where(*stopped, *which).values(stopped_at=None).returning(Device.id)
    if db.connection().execute(well).all():
        _settle(account_id)


def _settle(account_id: UUID) -> None:
    still = sa.select(Device.id).where(
        Device.account_id == account_id,
        Device.stopped_at.is_not(None),
        sessions.is_not_ended(Device.session_id),
    )
    if not db.session().scalar(sa.select(sa.exists(still))):
        tasks.settle(TaskKind.DEVICE_STOPPED, account_id)


# --- stopping --------------------------------------------------------------------------------


def drop(device_id: UUID, reason: DropReason, *, address: str | None = None) -> None:
    """Send nothing to it any more: a channel has said that nobody is there. Its person is told.

    With the `address` that was sent to, one that has registered another meanwhile is left alone.
    """
    gone = sa.update(Device).where(Device.id == device_id, Device.dropped_at.is_(None))
    if address is not None:
        gone = gone.where(Device.address == address)
    values = {"dropped_at": clock.now(), "drop_reason": reason}
    if db.connection().execute(gone.values(values)).rowcount:
        audit.record("device:drop", subject_id=device_id, changed=[reason])
        _tell(device_id, sessions.is_not_ended(Device.session_id), Device.stopped_at.is_(None))


def stopped_devices() -> Sequence[UUID]:
    """The devices that have stopped receiving, of which nobody was told yet."""
    found = sa.select(Device.id).where(_has_stopped(clock.now())).order_by(Device.id)
    return db.session().scalars(found).all()


def tell_stopped(device_id: UUID) -> None:
    """Tell whoever should know that a device has stopped, if it still has: once for each stop."""
    _tell(device_id, _has_stopped(clock.now()))


def _tell(device_id: UUID, *which: sa.ColumnElement[bool]) -> None:
    """Its person, in the inbox; and the liaison workers of where they are a carer, by a task.

    The task is about the person, not about one of their phones: it is settled once none of them
    is stopped any more.
    """
    stopped = sa.update(Device).where(Device.id == device_id, *which)
    account_id = db.connection().execute(
        stopped.values(stopped_at=clock.now()).returning(Device.account_id)
    ).scalar_one_or_none()  # fmt: skip
    if account_id is None:
        return
    service.notify([account_id], Category.DEVICE_STOPPED, device_id)
    for place in accounts.constellations_of(account_id, Role.SATELLITE_CARER, Role.HUB_CARER):
        tasks.raise_task(TaskKind.DEVICE_STOPPED, constellation_id=place, subject_id=account_id)


# --- one's own -------------------------------------------------------------------------------

NOW = reads.parameter("now", sa.DateTime(timezone=True))


def _is_listed() -> sa.ColumnElement[bool]:
    """Those that are there, and those that have gone without being replaced; not those that one
    has logged out of, taken away, or left to somebody else."""
    is_missed = sa.and_(Device.drop_reason.in_(GONE), Device.stopped_at.is_not(None))
    return sa.and_(
        sessions.is_not_ended(Device.session_id),
        sa.or_(Device.dropped_at.is_(None), is_missed),
    )


def _devices() -> reads.Select:
    reason = stop_reason(NOW)
    state = sa.case(
        (reason.is_not(None), Condition.STOPPED),
        (Device.received_at.is_not(None), Condition.RECEIVING),
        else_=Condition.UNKNOWN,
    )
    words = sa.case(
        *((reason == stop, stop.words) for stop in StopReason),
        *((state == condition, condition.words) for condition in Condition),
    )
    return sa.select(
        Device.id,
        Device.installation_id,
        Device.kind,
        Device.platform,
        Device.app_version,
        Device.locale,
        state.label("state"),
        reason.label("reason"),
        words.label("words"),
        Device.registered_at,
        Device.proven_at,
        Device.received_at,
        (Device.session_id == reads.parameter("current", sa.Uuid())).label("is_this_one"),
    ).where(policy.devices_visible_to(ASKING), _is_listed())


DEVICES = reads.Read(_devices, key=Device.id)


def list_devices(actor: Actor, page: PageArgs) -> Page:
    """The actor's own devices, newest first, each with whether it receives."""
    return DEVICES.page(actor, page, current=actor.session_id, now=clock.now())
