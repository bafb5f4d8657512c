"""A phone that has stopped receiving: who is told, when, and when it is over."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock, db, jobs
from hub_api.access import Role
from hub_api.notifications import devices
from hub_api.notifications.categories import Category
from hub_api.notifications.jobs import tell_stopped_devices
from hub_api.notifications.models import Device, DropReason
from hub_api.tasks.kinds import TaskKind
from tests.factories.notifications import make_delivery, make_device, make_notification, phone_body
from tests.factories.world import make_family

MONTH = timedelta(days=30)


@pytest.fixture
def worker(world, settings):  # noqa: ARG001 - in a world
    """The worker's jobs, under its own role."""
    engine = db.make_engine(settings.required_database().worker, connections=1)
    jobs.use_engine(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def look(worker):  # noqa: ARG001 - as the worker
    """The periodic job, now or later."""

    def run(after=timedelta()):
        with time_machine.travel(clock.now() + after, tick=False):
            tell_stopped_devices(0)

    return run


@pytest.fixture
def drop(worker):  # noqa: ARG001 - as the worker
    def do(device_id, reason=DropReason.UNREGISTERED, **which):
        with jobs.transaction():
            devices.drop(device_id, reason, **which)

    return do


@pytest.fixture
def device(world, owner):
    """Make a phone of the carer, that of the session of a login where one is given."""

    def make(phone=None, account_id=None, **changes):
        account_id = account_id or world.here.family.carer
        with db.transaction(owner) as session:
            newest = sa.text("select id from sessions order by id desc limit 1")
            login = session.scalar(newest) if phone else None
            return make_device(account_id, login, **changes).id

    return make


@pytest.fixture
def accepted(owner):
    """Have so many deliveries accepted for a phone, the first so long ago."""

    def make(device_id, count, ago):
        with db.transaction(owner) as session:
            found = session.get_one(Device, device_id)
            for number in range(count):
                at = clock.now() - ago + timedelta(minutes=number)
                told = make_notification(found.account_id)
                make_delivery(told, found, state="accepted", accepted_at=at)

    return make


@pytest.fixture
def told(rows):
    """Whom the hub has told, and of which phone."""

    def read():
        found = "select account_id, subject_id from notifications where category = 'device_stopped'"
        return [tuple(row) for row in rows(found)]

    return read


@pytest.fixture
def tasks(rows):
    """The tasks about phones: place, whose, state."""

    def read():
        found = """select constellation_id, subject_id, state from tasks
            where kind = 'device_stopped' order by id"""
        return [tuple(row) for row in rows(found)]

    return read


class TestWhoIsTold:
    def test_is_its_person_and_the_liaison_worker(self, world, device, drop, told, tasks):
        phone = world.carer
        stopped, carer = device(), world.here.family.carer
        drop(stopped)
        assert told() == [(carer, stopped)]
        (shown,) = phone.get("/notifications").json["items"]
        assert (shown["category"], shown["topic"]) == ("device_stopped", "phone")
        assert shown["words"] == Category.DEVICE_STOPPED.words
        assert tasks() == [(world.here.id, carer, "open")]
        (task,) = world.phone(world.here.liaison_worker).get("/tasks").json["items"]
        assert (task["kind"], task["words"]) == ("device_stopped", TaskKind.DEVICE_STOPPED.words)

    def test_is_nobody_elsewhere(self, world, device, drop):
        drop(device())
        assert world.phone(world.elsewhere.liaison_worker).get("/tasks").json["items"] == []

    def test_is_the_liaison_worker_of_a_hub_carer(self, world, device, drop, tasks):
        drop(device(account_id=world.here.hub_carer))
        assert tasks() == [(world.here.id, world.here.hub_carer, "open")]

    def test_is_each_liaison_worker_of_somebody_with_two_places(
        self, world, device, drop, grant, tasks
    ):
        grant(world.here.hub_carer, Role.SATELLITE_CARER, household_id=world.elsewhere.family.id)
        drop(device(account_id=world.here.hub_carer))
        both = {world.here.id, world.elsewhere.id}
        assert {place for place, *_ in tasks()} == both
        assert len(tasks()) == 2

    def test_is_nobody_by_a_task_where_somebody_is_no_carer(self, world, device, drop, told, tasks):
        for account_id in (world.here.liaison_worker, *world.staff.values()):
            drop(device(account_id=account_id))
        assert len(told()) == 4
        assert tasks() == []

    def test_is_told_of_each_phone_and_asked_once_for_each_person(
        self, world, device, drop, told, tasks
    ):
        drop(device())
        drop(device())
        assert len(told()) == 2
        assert len(tasks()) == 1
        assert tasks()[0][1] == world.here.family.carer

    def test_is_nobody_of_a_family_that_has_left(self, world, owner, device, drop, tasks):
        with db.transaction(owner) as session:
            gone = make_family(world.here.id, "Gone")
            session.execute(
                sa.text("update memberships set ends_on = :today where household_id = :id"),
                {"today": clock.london_today(), "id": gone.id},
            )
        drop(device(account_id=gone.carer))
        assert tasks() == []


class TestAPhoneThatIsGone:
    @pytest.mark.parametrize(
        "reason", [DropReason.UNREGISTERED, DropReason.WRONG_SENDER, DropReason.BAD_ADDRESS]
    )
    def test_is_dropped_and_shown_as_stopped(self, world, device, drop, rows, reason):
        phone = world.carer
        drop(device(), reason)
        ((dropped, why),) = rows("select dropped_at, drop_reason from devices")
        assert dropped is not None
        assert why == reason
        (shown,) = phone.get("/devices").json["items"]
        assert (shown["state"], shown["reason"]) == ("stopped", reason)
        (event,) = rows("select changed from audit_events where action = 'device:drop'")
        assert event.changed == [reason]

    def test_is_told_of_once(self, device, drop, look, told):
        gone = device()
        for _ in range(2):
            drop(gone)
        look()
        assert len(told()) == 1

    def test_is_not_one_that_has_another_address_by_now(self, device, drop, told, rows):
        """The answer about the address before may come late."""
        moved = device(address="fid-newer-address")
        drop(moved, address="fid-older-address")
        assert rows("select drop_reason from devices") == [(None,)]
        assert told() == []
        drop(moved, address="fid-newer-address")
        assert len(told()) == 1

    def test_is_not_told_of_again_when_it_was_silent_before(
        self, device, drop, look, accepted, told
    ):
        silent = device(proven_at=clock.now() - timedelta(days=3))
        accepted(silent, 3, timedelta(hours=25))
        look()
        drop(silent)
        assert len(told()) == 1

    def test_is_nobodys_concern_once_its_person_has_logged_out(self, world, device, drop, told):
        phone = world.carer
        left = device(phone)
        phone.post("/auth/logout")
        drop(left)
        assert told() == []

    def test_is_taken_away_by_its_person(self, world, device, drop, tasks, rows):
        phone = world.carer
        drop(device())
        ((installation,),) = rows("select installation_id from devices")
        assert phone.send("DELETE", f"/devices/{installation}").status_code == 204
        assert phone.get("/devices").json["items"] == []
        assert [state for *_, state in tasks()] == ["settled"]


class TestAPhoneNobodyHearsFrom:
    @pytest.fixture(autouse=True)
    def long_logins(self, owner, device):
        """The login outlives the proof, or that would be what ends first."""
        self.device = device()
        with owner.begin() as connection:
            connection.execute(sa.text("update sessions set expires_at = expires_at + '1 year'"))

    def test_has_stopped_after_a_month(self, look, told, world):
        look(MONTH - timedelta(minutes=1))
        assert told() == []
        look(MONTH + timedelta(minutes=1))
        assert told() == [(world.here.family.carer, self.device)]

    def test_is_told_of_once(self, look, told):
        for days in (31, 32, 90):
            look(timedelta(days=days))
        assert len(told()) == 1

    def test_is_told_of_again_when_it_stops_again(self, look, told, owner):
        look(timedelta(days=31))
        well = sa.update(Device).values(stopped_at=None, proven_at=clock.now() + MONTH)
        with owner.begin() as connection:
            connection.execute(well)
        look(timedelta(days=32))
        assert len(told()) == 1
        look(timedelta(days=61))
        assert len(told()) == 2

    def test_is_nobodys_concern_once_the_account_is_closed(self, look, told, owner):
        with owner.begin() as connection:
            connection.execute(sa.text("update accounts set is_active = false"))
        look(timedelta(days=31))
        assert told() == []


class TestALoginThatRunsOut:
    def test_stops_the_phone_though_nobody_meant_it(self, device, look, told, rows):
        stopped = device()
        ((expires,),) = rows("select expires_at from sessions")
        look(expires - clock.now() - timedelta(seconds=1))
        assert told() == []
        look(expires - clock.now() + timedelta(seconds=1))
        assert [subject for _, subject in told()] == [stopped]


class TestASilentPhone:
    @pytest.fixture
    def quiet(self, device):
        return device(proven_at=clock.now() - timedelta(days=3))

    @pytest.mark.parametrize(
        ("count", "ago", "is_silent"),
        [
            (3, timedelta(hours=25), True),
            (9, timedelta(hours=25), True),
            (2, timedelta(hours=25), False),
            (3, timedelta(hours=23), False),
        ],
    )
    def test_has_had_so_much_for_so_long(self, quiet, accepted, look, told, count, ago, is_silent):
        accepted(quiet, count, ago)
        look()
        assert [subject for _, subject in told()] == [quiet] * is_silent

    def test_is_not_one_that_has_proved_itself_since(self, quiet, accepted, look, told, owner):
        accepted(quiet, 3, timedelta(hours=25))
        with owner.begin() as connection:
            connection.execute(sa.update(Device).values(proven_at=clock.now()))
        look()
        assert told() == []

    def test_is_not_one_that_received_them(self, quiet, accepted, look, told, owner):
        accepted(quiet, 3, timedelta(hours=25))
        with owner.begin() as connection:
            connection.execute(sa.text("update deliveries set state = 'received'"))
        look()
        assert told() == []

    def test_is_told_of_once(self, quiet, accepted, look, told):
        accepted(quiet, 3, timedelta(hours=25))
        look()
        accepted(quiet, 3, timedelta(hours=30))
        look(timedelta(hours=2))
        assert len(told()) == 1

    def test_keeps_no_other_from_being_told_of(
        self, quiet, device, accepted, look, told, monkeypatch
    ):
        other = device(account_id=None, proven_at=clock.now() - timedelta(days=3))
        for id_ in (quiet, other):
            accepted(id_, 3, timedelta(hours=25))
        tell = devices.tell_stopped

        def fail_once(device_id):
            if device_id == quiet:
                raise ValueError
            tell(device_id)

        monkeypatch.setattr(devices, "tell_stopped", fail_once)
        look()
        assert [subject for _, subject in told()] == [other]


class TestWhenItIsOver:
    @pytest.fixture
    def stopped(self, world, device, accepted, look):
        """A carer's phone that is silent, and asks again."""
        phone = world.carer
        self.device = device(phone, proven_at=clock.now() - timedelta(days=3))
        accepted(self.device, 3, timedelta(hours=25))
        look()
        return phone

    @pytest.mark.parametrize("receipt", ["received", "opened", "acknowledged"])
    def test_a_receipt_proves_it(self, stopped, receipt, rows, tasks):
        (told, *_) = stopped.get("/notifications").json["items"]
        assert [state for *_, state in tasks()] == ["open"]
        stopped.post(f"/notifications/{told['id']}/{receipt}")
        assert rows("select stopped_at from devices") == [(None,)]
        assert [state for *_, state in tasks()] == ["settled"]
        (shown,) = stopped.get("/devices").json["items"]
        assert shown["state"] == "receiving"

    def test_registering_proves_it(self, stopped, rows, tasks, look, told):
        ((installation,),) = rows("select installation_id from devices")
        stopped.send("PUT", f"/devices/{installation}", phone_body())
        assert rows("select stopped_at from devices where dropped_at is null") == [(None,)]
        assert [state for *_, state in tasks()] == ["settled"]
        look(timedelta(minutes=10))
        assert len(told()) == 1, "what was accepted before the proof counts no more"

    def test_another_phone_does_not_prove_it(self, stopped, world, tasks):
        other = world.carer
        other.send("PUT", "/devices/0199c000-0000-7000-8000-000000000001", phone_body())
        (told, *_) = other.get("/notifications").json["items"]
        other.post(f"/notifications/{told['id']}/opened")
        assert [state for *_, state in tasks()] == ["open"]
        shown = stopped.get("/devices").json["items"]
        assert sorted(item["state"] for item in shown) == ["receiving", "stopped"]

    def test_a_new_phone_stands_in_for_one_that_is_gone(self, world, device, drop, tasks):
        phone = world.carer
        drop(device())
        assert [state for *_, state in tasks()] == ["open"]
        phone.send("PUT", "/devices/0199c000-0000-7000-8000-000000000001", phone_body())
        assert [state for *_, state in tasks()] == ["settled"]
        (shown,) = phone.get("/devices").json["items"]
        assert shown["state"] == "unknown"

    def test_a_new_login_on_it_stands_in_for_one_that_ran_out(
        self, world, device, look, owner, tasks, rows, told
    ):
        device()
        with owner.begin() as connection:
            connection.execute(sa.text("update sessions set expires_at = started_at"))
        look()
        assert [state for *_, state in tasks()] == ["open"]
        phone = world.carer
        ((installation,),) = rows("select installation_id from devices")
        phone.send("PUT", f"/devices/{installation}", phone_body())
        assert [state for *_, state in tasks()] == ["settled"]
        (shown,) = phone.get("/devices").json["items"]
        assert shown["state"] == "unknown"
        look()
        assert len(told()) == 1

    def test_a_login_on_another_phone_does_not(self, world, device, look, owner, tasks, told):
        device()
        with owner.begin() as connection:
            connection.execute(sa.text("update sessions set expires_at = started_at"))
        look()
        world.carer.send("PUT", "/devices/0199c000-0000-7000-8000-000000000001", phone_body())
        look()
        assert [state for *_, state in tasks()] == ["open"]
        assert len(told()) == 1
