"""Phones of the people of the world, the worker beside the app, its open channels and stand-ins.

A stand-in fails the test on what it did not expect."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
import time_machine
from uuid_utils.compat import uuid7

from hub_api import db, jobs
from hub_api import settings as hub_settings
from hub_api.notifications import channels, service
from hub_api.notifications.categories import Category
from hub_api.notifications.models import (
    ChannelName,
    Delivery,
    Notification,
    NotificationPreferences,
)
from tests.factories.notifications import AUTH, P256DH, make_device, make_preferences
from tests.notifications.sending import Post, make_ready
from tests.standins.fcm import Fcm

NOON = "2026-11-24T12:00:00+00:00"


class Closed:
    """A channel that is open and to which nothing is given: planning sends nothing."""

    def send(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("nothing is sent while it is planned")


@pytest.fixture
def worker(settings, monkeypatch):
    """Jobs run here, under the worker's own role, with every channel open."""
    engine = db.make_engine(settings.required_database().worker, connections=4)
    monkeypatch.setattr(jobs, "_engine", engine)
    monkeypatch.setattr(channels, "_open", dict.fromkeys(ChannelName, Closed()))
    yield engine
    engine.dispose()


class Town:
    """What the owner of the database puts there, and what it then holds."""

    def __init__(self, owner: sa.Engine) -> None:
        self.owner = owner

    def phone(self, account_id: UUID, kind: str = "fid", **changes: Any) -> UUID:
        """A phone, or a browser, on which somebody is logged in."""
        with db.transaction(self.owner):
            keys = {"p256dh": P256DH, "auth": AUTH} if kind == "webpush" else {}
            return make_device(account_id, kind=kind, **keys, **changes).id

    def prefer(self, account_id: UUID, **chosen: Any) -> None:
        """What somebody chooses, in place of what they chose before."""
        before = sa.delete(NotificationPreferences).where(
            NotificationPreferences.account_id == account_id
        )
        with db.transaction(self.owner) as session:
            session.execute(before)
            make_preferences(account_id, **{"mobile": None, **chosen})

    def tell(self, account_id: UUID, category: Category, **changes: Any) -> UUID:
        """Put a notification into somebody's inbox, as a slice would."""
        with db.transaction(self.owner) as session:
            told = service.put({account_id: uuid7()}, category)[account_id]
            for name, value in changes.items():
                setattr(session.get_one(Notification, told), name, value)
        return told

    def deliveries(self, notification_id: UUID) -> list[Delivery]:
        with db.transaction(self.owner) as session:
            found = sa.select(Delivery).where(Delivery.notification_id == notification_id)
            return [*session.scalars(found.order_by(Delivery.id))]

    def push(self, notification_id: UUID) -> Delivery:
        """The only one to a phone."""
        (push,) = (one for one in self.deliveries(notification_id) if one.device_id is not None)
        return push

    def ways(self, notification_id: UUID) -> list[tuple[str, str, str | None]]:
        """Each delivery's channel, state and reason."""
        return sorted(
            (one.channel, one.state, one.reason or "") for one in self.deliveries(notification_id)
        )


@pytest.fixture
def town(owner) -> Town:
    return Town(owner)


@pytest.fixture
def quiet(settings, world):  # noqa: ARG001 - which makes the usual settings the current ones
    """The hours as they are outside the tests: nobody is disturbed from 22:00 to 07:00."""
    quiet = replace(settings.channels, quiet_from=time(22), quiet_until=time(7))
    hub_settings.use(replace(settings, channels=quiet))
    yield
    hub_settings.use(settings)


@pytest.fixture
def google() -> Iterator[Fcm]:
    """Firebase Cloud Messaging. Every push that reaches it has to be expected by the test."""
    with Fcm() as stand_in:
        yield stand_in
        stand_in.refuse_unexpected()


@pytest.fixture
def post(worker, world, monkeypatch) -> Post:  # noqa: ARG001 - people, before they are told
    """Open channels that answer as the test says, and a sender."""
    made = Post(worker)
    monkeypatch.setattr(channels, "_open", made.channels)
    return made


@pytest.fixture
def told(post, town, world):
    """Tell the hub carer something, made ready: `told()` is the notification's id."""

    def tell(category=Category.REQUEST_SUBMITTED, account_id=None, **changes):
        told_id = town.tell(account_id or world.here.hub_carer, category, **changes)
        make_ready(post.engine, told_id)
        return told_id

    return tell


@pytest.fixture
def superuser(server):
    """Run a statement as the superuser, who sees every connection."""

    def run(statement):
        with psycopg.connect(server.url(), autocommit=True) as connection:
            return connection.execute(statement).fetchall()

    return run


@pytest.fixture
def write(owner):
    """Change rows as their owner."""

    def run(statement, **values):
        with owner.begin() as connection:
            connection.execute(sa.text(statement), values)

    return run


@pytest.fixture
def frozen(world):  # noqa: ARG001 - whose logins are of today
    """Noon, and no time passes by itself."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller
