"""`hub push-test`: a person's whole chain in plain words, and a test that is followed."""

import threading
from datetime import time, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock, db
from hub_api import settings as hub_settings
from hub_api.accounts.models import EndReason, LoginSession
from hub_api.notifications import fcm, jobs, push_chain, words
from hub_api.notifications import push_test as push_test_module
from hub_api.notifications.categories import Category
from hub_api.notifications.channels import Ending, Recipient
from hub_api.notifications.conditions import StopReason
from hub_api.notifications.models import (
    ChannelFault,
    Delivery,
    DeliveryState,
    Device,
    DropReason,
    Notification,
)
from tests.running.program import addresses, hub_in_process
from tests.standins import fcm as google_says

ADDRESS = "cZ9-very-own-address-of-one-phone-7f3a"
PAST = timedelta(days=2)


@pytest.fixture
def email(world, rows):
    (found,) = rows("select email from accounts where id = :id", id=world.here.hub_carer)
    return found.email


@pytest.fixture
def push_test(world, settings, google, tmp_path, monkeypatch, email):  # noqa: ARG001 - world
    """Run the command in this process; returns its exit code and what it said."""
    given = google.channels(tmp_path)
    usual = {
        "HUB_DATA_DIR": settings.data_dir,
        "HUB_FCM_CREDENTIALS_FILE": given.fcm_credentials_file,
        "HUB_FCM_URL": given.fcm_url,
        **addresses(settings.required_database()),
    }
    monkeypatch.setattr(push_test_module, "LOOKS_EVERY", 0.02)
    monkeypatch.setattr(push_test_module, "WAITS", 1.0)

    def run(*arguments, to=email, **changes):
        monkeypatch.setattr(hub_settings, "_current", None)
        wanted = {name: value for name, value in {**usual, **changes}.items() if value}
        said = hub_in_process("push-test", "--to", to, *arguments, **wanted)
        hub_settings.use(settings)
        assert said.exception is None or isinstance(said.exception, SystemExit), said.output
        assert ADDRESS not in said.output
        return said.exit_code, said.output

    return run


@pytest.fixture
def phone(world, town):
    return town.phone(world.here.hub_carer, address=ADDRESS, app_version="1.4.0")


@pytest.fixture
def change(owner):
    """Change a row as the owner of the database."""

    def put(model, row_id, **values):
        with db.transaction(owner) as session:
            session.execute(sa.update(model).where(model.id == row_id).values(**values))

    return put


class _Sender(threading.Thread):
    """The worker in small: what the job makes ready is sent to the stand-in, once."""

    def __init__(self, owner, channels):
        super().__init__()
        self.owner, self.is_over, self.confirms = owner, threading.Event(), False
        self.channel = fcm.from_settings(channels)

    def run(self):
        while not self.is_over.wait(0.02):
            with db.transaction(self.owner) as session:
                waiting = session.scalars(
                    sa.select(Notification.id).where(Notification.ready_at.is_(None))
                ).all()
            if waiting:
                jobs.make_ready([str(one) for one in waiting])
                self.send_all()

    def send_all(self):
        with db.transaction(self.owner) as session:
            due = sa.select(Delivery, Device).join(Device).where(Delivery.state == "queued")
            for delivery, device in session.execute(due):
                test = Category.PUSH_TEST
                message = words.message(delivery.notification_id, test, test.severity, "en")
                to = Recipient(kind=device.kind, address=device.address)
                outcome = self.channel.send(message, to)
                is_accepted = outcome.ending is Ending.ACCEPTED
                delivery.state = "accepted" if is_accepted else "dropped"
                delivery.reason, delivery.next_attempt_at = outcome.reason, None
                if is_accepted and self.confirms:
                    delivery.state = "received"


@pytest.fixture
def sender(worker, owner, google, tmp_path):  # noqa: ARG001 - jobs run as the worker
    """At noon: a test is held in quiet hours, as everything is that isn't urgent."""
    thread = _Sender(owner, google.channels(tmp_path))
    tomorrow = clock.london_today() + timedelta(days=1)
    with time_machine.travel(clock.london_instant(tomorrow, time(12))):
        thread.start()
        yield thread
        thread.is_over.set()
        thread.join(10)
    thread.channel.close()


class TestSending:
    @pytest.mark.usefixtures("phone")
    def test_a_phone_that_confirms_is_reached(self, push_test, sender, google, email):
        sender.confirms = True
        code, said = push_test(to=email.upper())
        push = google.expect(ADDRESS)
        assert code == 0
        assert push.message["data"]["category"] == "phone"
        assert "ok      account      The account is open." in said
        assert "They are logged in on 1 device." in said
        assert "Android, app 1.4.0, reached by fid ending in 7f3a, last proven" in said
        assert "fcm is set up, and its circuit is closed." in said
        assert "Android ending in 7f3a: the push was received by the phone." in said
        assert said.endswith("They can be reached.\n")

    @pytest.mark.usefixtures("sender", "phone")
    def test_accepted_is_not_called_received(self, push_test, google):
        code, said = push_test()
        google.expect(ADDRESS)
        assert code == 0
        assert "accepted by the service; the phone has not confirmed it yet" in said
        assert "received" not in said

    @pytest.mark.usefixtures("sender", "phone")
    def test_a_phone_that_is_gone_is_not(self, push_test, google):
        google.will_answer(ADDRESS, google_says.UNREGISTERED)
        code, said = push_test()
        google.expect(ADDRESS)
        assert code == 1
        assert "found nobody there: the phone is sent to no more (unregistered)." in said
        assert said.endswith("It reached nobody.\n")

    def test_without_a_phone_nothing_is_sent_and_nobody_waits(self, push_test, rows):
        code, said = push_test()
        assert code == 1
        assert said.endswith("There is no phone to send a test to.\n")
        assert rows("select from notifications") == []

    @pytest.mark.usefixtures("phone")
    def test_is_written_down(self, push_test, world, rows):
        push_test()
        (event,) = rows("select * from audit_events where action = 'notification:test'")
        assert event.subject_id == world.here.hub_carer

    @pytest.mark.usefixtures("phone")
    def test_says_when_no_worker_runs(self, push_test):
        code, said = push_test()
        assert code == 1
        assert "No worker took it up within 1 seconds: is `hub worker` running?" in said

    @pytest.mark.usefixtures("sender", "phone")
    def test_says_why_nothing_is_sent_in_quiet_hours(self, push_test, world, town):
        now = clock.now().astimezone(clock.LONDON)
        quiet = {
            "quiet_from": (now - timedelta(hours=1)).time(),
            "quiet_until": (now + timedelta(hours=1)).time(),
        }
        town.prefer(world.here.hub_carer, **quiet)
        code, said = push_test()
        assert code == 1
        assert f"Their quiet hours last until {now + timedelta(hours=1):%H:%M} (London)" in said
        assert "was not sent, on purpose (quiet_hours)." in said


class TestDryRun:
    @pytest.mark.usefixtures("phone")
    def test_google_checks_each_phone_and_nothing_is_sent(
        self, push_test, world, town, google, rows
    ):
        town.phone(
            world.here.hub_carer, "token", address="another-address-of-theirs", platform="ios"
        )
        town.phone(world.here.hub_carer, "webpush")
        google.will_answer(ADDRESS, google_says.UNREGISTERED)
        code, said = push_test("--dry-run")
        assert code == 0
        assert all(push.dry_run for push in google.expect_rest())
        assert "ending in 7f3a: a message would not be (gone: unregistered)." in said
        assert "Ios ending in eirs: a message would be accepted." in said
        assert "A browser: nothing can be checked without sending." in said
        assert rows("select from notifications") == []

    def test_nobody_to_check_for_is_a_failure(self, push_test):
        code, said = push_test("--dry-run")
        assert code == 1
        assert "There is no phone to check a message for." in said

    @pytest.mark.usefixtures("phone")
    def test_a_phone_google_does_not_take_is_a_failure(self, push_test, google):
        google.will_answer(ADDRESS, google_says.FORBIDDEN)
        code, said = push_test("--dry-run")
        google.expect(ADDRESS)
        assert code == 1
        assert "(fault: permission_denied)" in said

    @pytest.mark.usefixtures("phone")
    def test_without_credentials_it_says_what_to_set(self, push_test):
        code, said = push_test("--dry-run", HUB_FCM_CREDENTIALS_FILE="")
        assert code == 1
        assert "fcm is off: no credentials here (docs/operator.md)." in said


class TestEveryLink:
    """What is said of each link when it is broken; `--dry-run`, so that nothing is sent."""

    def test_nobody_has_that_address(self, push_test):
        code, said = push_test(to="nobody@test.example")
        assert code == 1
        assert said == "broken  account      There is no account with that e-mail address.\n"

    @pytest.mark.parametrize(
        ("change_to", "says"),
        [
            ("is_active = false", "The account is closed"),
            ("password_hash = null", "The invitation is not answered"),
        ],
    )
    @pytest.mark.usefixtures("phone")
    def test_the_account(self, change_to, says, push_test, world, owner):
        with owner.begin() as connection:
            connection.execute(
                sa.text(f"update accounts set {change_to} where id = :id"),
                {"id": world.here.hub_carer},
            )
        code, said = push_test()
        assert code == 1
        assert says in said

    def test_no_role(self, push_test, world, owner):
        with owner.begin() as connection:
            connection.execute(
                sa.text("delete from role_grants where account_id = :id"),
                {"id": world.here.hub_carer},
            )
        assert "They hold no role today" in push_test("--dry-run")[1]

    def test_no_session_and_no_phone(self, push_test):
        said = push_test("--dry-run")[1]
        assert "They are logged in nowhere" in said
        assert "No phone or browser is registered" in said

    def test_a_session_that_is_over(self, push_test, phone, change, rows):
        (row,) = rows("select session_id from devices where id = :id", id=phone)
        over = {"ended_at": clock.now(), "end_reason": EndReason.LOGOUT}
        change(LoginSession, row.session_id, **over)
        code, said = push_test("--dry-run")
        assert code == 1
        assert "broken  phone        Android, app 1.4.0" in said
        assert "Nobody is logged in on it any more." in said

    @pytest.mark.parametrize("reason", DropReason)
    def test_a_phone_that_was_dropped(self, reason, push_test, phone, change):
        change(Device, phone, dropped_at=clock.now() - PAST, drop_reason=reason)
        code, said = push_test("--dry-run")
        assert code == 1
        assert f"Stopped 2 days ago: {push_chain._STOPPED[reason]}" in said

    def test_a_phone_that_nothing_arrives_at(self, push_test, phone, change, google):
        change(Device, phone, stopped_at=clock.now())
        said = push_test("--dry-run")[1]
        google.expect(ADDRESS)
        assert "broken  phone" in said
        assert "It is sent to, and nothing arrives: ask them to open the app" in said

    def test_a_phone_that_nobody_has_used(self, push_test, phone, change):
        change(Device, phone, proven_at=clock.now() - timedelta(days=31))
        said = push_test("--dry-run")[1]
        assert "last proven 31 days ago. It has been silent for over a month" in said

    def test_a_phone_of_another_login_is_spoken_of_once(
        self, push_test, phone, world, town, change, google
    ):
        change(Device, phone, installation_id="one", dropped_at=clock.now(), drop_reason="removed")
        town.phone(world.here.hub_carer, installation_id="one", address="short")
        said = push_test("--dry-run")[1]
        google.expect("short")
        assert said.count("phone        Android") == 1
        assert "reached by fid, last proven" in said
        assert "short" not in said

    @pytest.mark.usefixtures("phone")
    def test_tests_turned_off(self, push_test, world, town, google):
        town.prefer(world.here.hub_carer, choices={"push_test": {"push": False}})
        assert "They have turned tests off" in push_test("--dry-run")[1]
        google.expect(ADDRESS)

    @pytest.mark.usefixtures("phone")
    def test_a_channel_at_fault(self, push_test, owner, google):
        now = clock.now()
        with db.transaction(owner) as session:
            session.add(
                ChannelFault(
                    channel="fcm",
                    reason="key_refused",
                    opened_at=now - PAST,
                    probe_at=now + timedelta(minutes=5, seconds=30),
                )
            )
        said = push_test("--dry-run")[1]
        google.expect_rest()
        assert "fcm is set up wrongly (key_refused, since 2 days ago)" in said
        assert "the next in 5 minutes." in said


def test_every_reason_to_stop_has_words():
    assert {*push_chain._STOPPED} == {*DropReason, *StopReason}
    assert {*push_test_module._STATES} == {*DeliveryState}
