"""What becomes of a delivery: taken in hand, sent, and how it went; every ending its state."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest

from hub_api import clock, db
from hub_api.notifications import delivering, jobs, service
from hub_api.notifications.categories import Category
from hub_api.notifications.channels import Ending, Outcome
from hub_api.notifications.models import ChannelName, DeliveryState, DropReason
from tests.factories.notifications import AUTH, P256DH
from tests.notifications.sending import ACCEPTED, REVOKED, TOO_MUCH, UNAVAILABLE, make_ready


def gone(drop=DropReason.UNREGISTERED):
    return Outcome(ending=Ending.GONE, reason="unregistered", drop=drop)


@pytest.fixture
def phone(town, world):
    return town.phone(world.here.hub_carer, locale="en-GB")


@pytest.mark.usefixtures("phone")
class TestSending:
    def test_gives_the_channel_constant_words_and_an_opaque_id(self, post, told, town):
        notification_id = told()
        assert post.send_due() == 1
        ((message, recipient),) = post.fcm.sent
        assert message.notification_id == notification_id
        assert (message.title, message.body) == ("Booking", "You have a new update.")
        assert timedelta(0) < message.lasts <= Category.REQUEST_SUBMITTED.lasts
        assert recipient.kind == "fid"
        (delivery,) = town.deliveries(notification_id)
        assert (delivery.state, delivery.attempts) == ("accepted", 1)
        assert delivery.provider_id == "theirs"
        assert delivery.created_at <= delivery.first_attempt_at <= delivery.accepted_at
        assert (delivery.sending_since, delivery.next_attempt_at) == (None, None)
        assert post.send_due() == 0

    def test_reaches_every_phone_of_a_person(self, post, told, town, world):
        town.phone(
            world.here.hub_carer, kind="webpush", platform="web", address="https://p.example/1"
        )
        told()
        assert post.send_due() == 2
        ((_, browser),) = post.channels[ChannelName.WEBPUSH].sent
        assert browser.address == "https://p.example/1"
        assert (browser.p256dh, browser.auth) == (P256DH, AUTH)

    def test_sends_e_mail_and_text_messages_to_the_person(self, post, told, town, world, rows):
        town.prefer(world.here.hub_carer, mobile="+447700900123")
        told(Category.RETURN_LATE)
        assert post.send_due() == 3
        ((_, inbox),) = post.channels[ChannelName.EMAIL].sent
        ((message, mobile),) = post.channels[ChannelName.SMS].sent
        (account,) = rows("select email from accounts where id = :id", id=world.here.hub_carer)
        assert (inbox.kind, inbox.address) == ("email", account.email)
        assert (mobile.kind, mobile.address) == ("sms", "+447700900123")
        assert message.is_urgent

    def test_happens_outside_any_transaction(self, post, told, rows):
        told()
        states = []
        post.fcm.meanwhile = lambda: states.extend(
            rows("select state from deliveries for update nowait")
        )
        assert post.send_due() == 1
        assert [row.state for row in states] == ["sending"]

    def test_takes_turns_among_channels(self, post, told, town, world):
        """A channel that hangs must not keep every sender from the others."""
        town.prefer(world.here.hub_carer, mobile="+447700900123")
        for _ in range(2):
            told(Category.RETURN_LATE)
        order = []
        for name, channel in post.channels.items():
            channel.meanwhile = lambda name=name: order.append(name)
        post.send_due()
        assert len(order) == 6
        assert all(one != other for one, other in pairwise(order))

    def test_takes_urgent_ones_first(self, post, told, frozen):
        """However many others have been due for longer."""
        for _ in range(20):
            told()
        frozen.shift(timedelta(minutes=1))
        urgent = told(Category.RETURN_LATE)
        post.only(ChannelName.FCM)
        post.send_due()
        assert [message.notification_id for message, _ in post.fcm.sent].index(urgent) == 0

    def test_takes_nothing_by_a_channel_that_is_off(self, post, told):
        told()
        post.only(ChannelName.EMAIL)
        assert post.send_due() == 0
        post.only()
        assert post.send_due() == 0


@pytest.mark.usefixtures("phone")
class TestRightBeforeSending:
    """What has changed since it was planned counts."""

    def ends(self, post, town, notification_id):
        assert post.send_due()
        delivery = town.push(notification_id)
        assert post.fcm.sent == []
        assert delivery.ended_at is not None
        assert delivery.first_attempt_at is None
        return delivery.state, delivery.reason

    @pytest.mark.parametrize(
        "change",
        [
            "update sessions set ended_at = now(), end_reason = 'logout'",
            "update sessions set ended_at = now(), end_reason = 'revoked'",
            "update sessions set expires_at = now()",
            "update devices set dropped_at = now(), drop_reason = 'taken_over'",
            "update accounts set is_active = false",
        ],
    )
    def test_nobody_who_is_logged_out_gets_it(self, post, told, town, write, change):
        notification_id = told()
        write(change)
        assert self.ends(post, town, notification_id) == ("suppressed", "logged_out")

    def test_logging_out_on_the_phone_is_enough(self, post, town, told, world, rows, write):
        carer = world.hub_carer
        (login,) = rows("select id from sessions order by id desc limit 1")
        write("update devices set session_id = :login", login=login.id)
        notification_id = told()
        assert carer.post("/auth/logout").status_code == 204
        assert self.ends(post, town, notification_id) == ("suppressed", "logged_out")

    def test_what_was_opened_elsewhere_is_not_sent(self, post, told, town, write):
        notification_id = told()
        write("update notifications set opened_at = now()")
        assert self.ends(post, town, notification_id) == ("suppressed", "opened_elsewhere")

    def test_what_is_too_late_is_not_sent(self, post, told, town, frozen):
        notification_id = told()
        frozen.shift(Category.REQUEST_SUBMITTED.lasts)
        assert self.ends(post, town, notification_id) == ("expired", None)

    def test_a_number_that_was_taken_back_gets_nothing(self, post, told, town, world, write):
        town.prefer(world.here.hub_carer, mobile="+447700900123")
        told(Category.RETURN_LATE)
        write("update notification_preferences set mobile = null")
        post.send_due()
        assert post.channels[ChannelName.SMS].sent == []


@pytest.mark.usefixtures("phone", "quiet", "frozen")
class TestInQuietHours:
    """What was queued by day and is late wakes nobody, and is told in the morning."""

    NIGHT, MORNING = timedelta(hours=10, minutes=1), datetime(2026, 11, 25, 7, tzinfo=UTC)

    @pytest.fixture
    def late(self, post, told, frozen):
        """Tell the hub carer something at noon, which succeeds neither then nor before night."""

        def tell(category=Category.REQUEST_SUBMITTED):
            for channel in post.channels.values():
                channel.always = UNAVAILABLE
            notification_id = told(category)
            post.send_due()
            for channel in post.channels.values():
                channel.always = ACCEPTED
                channel.sent.clear()
            frozen.shift(self.NIGHT)
            return notification_id

        return tell

    def test_a_second_try_waits_for_the_digest(self, post, late, town, frozen):
        notification_id = late()
        assert post.send_due() == 1
        assert post.fcm.sent == []
        (delivery,) = town.deliveries(notification_id)
        assert (delivery.state, delivery.reason) == ("suppressed", "quiet_hours")
        assert (delivery.quiet_until, delivery.ended_at) == (self.MORNING, clock.now())
        frozen.move_to(self.MORNING)
        jobs.send_digests(0)
        (delivery,) = town.deliveries(notification_id)
        assert delivery.digest_id is not None
        make_ready(post.engine, delivery.digest_id)
        post.send_due()
        assert [message.notification_id for message, _ in post.fcm.sent] == [delivery.digest_id]

    def test_so_does_a_text_message_and_no_mail(self, post, late, town, world):
        choices = {Category.REQUEST_SUBMITTED: {"sms": True, "email": True}}
        hours = {"quiet_from": time(21), "quiet_until": time(7)}
        town.prefer(world.here.hub_carer, mobile="+447700900123", choices=choices, **hours)
        assert town.ways(late()) == [("email", "queued", "unavailable")] + [
            (way, "queued", "unavailable") for way in ("fcm", "sms")
        ]
        assert post.send_due() == 3
        assert [name for name, channel in post.channels.items() if channel.sent] == ["email"]

    def test_urgent_things_pass_and_each_time_is_written_down(self, post, late, rows, frozen):
        notification_id = late(Category.RETURN_LATE)
        read = "select subject_id from audit_events where action = 'notification:pass_quiet_hours'"
        for attempt in (1, 2):
            post.fcm.replies = [UNAVAILABLE]
            post.send_due()
            assert len(post.fcm.sent) == attempt
            assert [row.subject_id for row in rows(read)] == [notification_id] * attempt
            frozen.shift(delivering.LONGEST_WAIT)

    def test_the_first_passing_is_not_written_down_twice(self, post, told, rows, frozen):
        frozen.shift(self.NIGHT)
        told(Category.RETURN_LATE)
        post.send_due()
        assert len(post.fcm.sent) == 1
        read = "select from audit_events where action = 'notification:pass_quiet_hours'"
        assert len(rows(read)) == 1

    @pytest.mark.parametrize(
        "chosen",
        [{}, {"quiet_from": time(22), "quiet_until": time(7), "time_zone": "America/Halifax"}],
    )
    def test_they_are_those_the_person_chose(self, post, late, town, world, chosen):
        town.prefer(world.here.hub_carer, **chosen)
        late()
        post.send_due()
        assert len(post.fcm.sent) == 1


@pytest.mark.usefixtures("phone")
class TestARolledBackBooking:
    def test_tells_nobody(self, post, world, owner, rows):
        def tell_and_fail():
            with db.transaction(owner):
                service.put({world.here.hub_carer: world.here.id}, Category.REQUEST_SUBMITTED)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            tell_and_fail()
        assert rows("select from notifications") == []
        assert rows("select from jobs.procrastinate_jobs") == []
        assert post.send_due() == 0


@pytest.mark.usefixtures("phone")
class TestEndings:
    def state(self, town, notification_id):
        delivery = town.push(notification_id)
        return delivery.state, delivery.reason

    def test_later_waits_its_turn(self, post, told, town, frozen):
        post.fcm.replies = [UNAVAILABLE]
        notification_id = told()
        assert post.send_due() == 1
        (delivery,) = town.deliveries(notification_id)
        assert (delivery.state, delivery.reason, delivery.attempts) == ("queued", "unavailable", 1)
        wait = delivery.next_attempt_at - clock.now()
        assert delivering.SHORTEST_WAIT <= wait <= delivering.FIRST_WAIT
        frozen.shift(wait)
        assert post.send_due() == 1
        assert self.state(town, notification_id) == ("accepted", None)

    def test_the_time_a_service_asks_for_is_waited_out(self, post, told, town, frozen):
        post.fcm.replies = [TOO_MUCH]
        notification_id = told()
        post.send_due()
        (delivery,) = town.deliveries(notification_id)
        assert delivery.next_attempt_at >= clock.now() + timedelta(seconds=31)
        frozen.shift(30)
        assert post.send_due() == 0

    def test_later_than_it_is_worth_is_never(self, post, told, town):
        never = Outcome(ending=Ending.LATER, reason="quota", retry_after=timedelta(days=9))
        post.fcm.replies = [never]
        notification_id = told()
        post.send_due()
        assert self.state(town, notification_id) == ("expired", "quota")

    def test_failed_is_the_end(self, post, told, town):
        post.fcm.replies = [Outcome(ending=Ending.FAILED, reason="bad_message")]
        notification_id = told()
        post.send_due()
        assert self.state(town, notification_id) == ("failed", "bad_message")

    def test_gone_drops_the_phone(self, post, told, town, rows):
        post.fcm.replies = [gone()]
        first, second = told(), told()
        post.send_due()
        assert self.state(town, first) == ("dropped", "unregistered")
        assert self.state(town, second) == ("suppressed", "logged_out")
        (device,) = rows("select drop_reason from devices")
        assert device.drop_reason == "unregistered"
        assert len(post.fcm.sent) == 1

    def test_gone_spares_a_phone_that_registered_anew_meanwhile(
        self, post, told, town, write, rows
    ):
        post.fcm.replies = [gone()]
        post.fcm.meanwhile = lambda: write("update devices set address = 'the-new-one'")
        notification_id = told()
        assert post.send_due() == 2
        assert self.state(town, notification_id) == ("accepted", None)
        assert post.fcm.sent[1][1].address == "the-new-one"
        assert rows("select from devices where dropped_at is not null") == []

    def test_a_channel_that_raises_is_tried_again_later(self, post, told, town):
        def fail():
            raise ValueError("somebody's address")

        post.fcm.meanwhile = fail
        notification_id = told()
        post.send_due()
        assert self.state(town, notification_id) == ("queued", "unexpected")

    @pytest.mark.parametrize("outcome", [UNAVAILABLE, REVOKED, gone()])
    def test_a_sender_taken_for_dead_changes_nothing(self, post, told, town, write, rows, outcome):
        """It comes back when another has the same delivery in hand."""
        post.fcm.replies = [outcome]
        post.fcm.meanwhile = lambda: write("update deliveries set attempts = attempts + 1")
        notification_id = told()
        with db.transaction(post.engine):
            due = delivering.next_due(post.channels)
            assert delivering.take(due)
        outcome = delivering.send(post.fcm, due)
        (before,) = rows("select to_jsonb(d)::text as it from deliveries d")
        with db.transaction(post.engine):
            delivering.record(due, outcome)
        (after,) = rows("select to_jsonb(d)::text as it from deliveries d")
        assert before == after
        assert self.state(town, notification_id) == ("sending", None)
        assert rows("select from channel_faults") == []
        assert rows("select from devices where dropped_at is not null") == []

    @pytest.mark.parametrize("state", [DeliveryState.RECEIVED, DeliveryState.OPENED])
    def test_a_receipt_may_be_quicker(self, post, told, town, write, state):
        post.fcm.meanwhile = lambda: write(
            f"update deliveries set state = '{state}', sending_since = null, received_at = now()"
        )
        notification_id = told()
        post.send_due()
        (delivery,) = town.deliveries(notification_id)
        assert (delivery.state, delivery.provider_id) == (state, "theirs")
        assert delivery.accepted_at is not None

    def test_a_receipt_is_never_taken_back(self, post, told, town, write):
        post.fcm.replies = [UNAVAILABLE]
        post.fcm.meanwhile = lambda: write(
            "update deliveries set state = 'received', sending_since = null, received_at = now()"
        )
        notification_id = told()
        post.send_due()
        (delivery,) = town.deliveries(notification_id)
        assert (delivery.state, delivery.accepted_at) == ("received", None)


class TestWaiting:
    def test_doubles_up_to_a_bound_and_is_spread_over_all_of_it(self):
        for attempts, bound in [(1, 4), (2, 8), (3, 16), (7, 256), (8, 300), (10_000, 300)]:
            waits = [delivering.wait_after(attempts).total_seconds() for _ in range(500)]
            assert 1 <= min(waits) <= 1 + bound / 10
            assert bound * 0.9 <= max(waits) <= bound

    def test_adds_to_what_was_asked_for(self):
        waits = [delivering.wait_after(3, timedelta(seconds=10)) for _ in range(200)]
        assert timedelta(seconds=11) <= min(waits)
        assert max(waits) - min(waits) > timedelta(seconds=10)


@pytest.mark.usefixtures("phone")
def test_making_ready_again_sends_nothing_twice(post, told):
    notification_id = told()
    make_ready(post.engine, notification_id)
    assert post.send_due() == 1
