"""What no push could bring goes by e-mail after all; and what came late is not sent again."""

from datetime import timedelta
from threading import Thread

import pytest

from hub_api import clock, db
from hub_api.notifications import delivering, planning, watchdog
from hub_api.notifications.categories import Category
from hub_api.notifications.channels import Ending, Outcome
from hub_api.notifications.models import ChannelName, DropReason
from tests.notifications.sending import ACCEPTED, REVOKED, UNAVAILABLE, wait_for_locks

IMPORTANT, ROUTINE, URGENT = (
    Category.REQUEST_SUBMITTED, Category.REQUEST_WITHDRAWN, Category.RETURN_LATE
)  # fmt: skip
FAILED = Outcome(ending=Ending.FAILED, reason="bad_message")
GONE = Outcome(ending=Ending.GONE, reason="unregistered", drop=DropReason.UNREGISTERED)
NEVER = Outcome(ending=Ending.LATER, reason="quota", retry_after=timedelta(days=9))
MAILED = ("email", "accepted", "")


@pytest.fixture
def phone(town, world):
    return town.phone(world.here.hub_carer)


def mails(post):
    """About which notifications there was an e-mail."""
    return [message.notification_id for message, _ in post.channels[ChannelName.EMAIL].sent]


@pytest.mark.usefixtures("phone")
class TestWithoutAPush:
    @pytest.mark.parametrize("ending", [FAILED, GONE, NEVER], ids=["failed", "gone", "expired"])
    def test_an_important_thing_goes_by_mail_at_once(self, post, told, town, ending):
        post.fcm.replies = [ending]
        notification_id = told(IMPORTANT)
        assert town.ways(notification_id) == [("fcm", "queued", "")]
        post.send_due()
        assert mails(post).count(notification_id) == 1
        assert MAILED in town.ways(notification_id)

    def test_a_routine_thing_does_not(self, post, told):
        post.fcm.replies = [FAILED]
        told(ROUTINE)
        post.send_due()
        assert mails(post) == []

    def test_nor_what_somebody_turned_off(self, post, told, town, world):
        town.prefer(world.here.hub_carer, choices={IMPORTANT: {"email": False}})
        post.fcm.replies = [FAILED]
        told(IMPORTANT)
        post.send_due()
        assert mails(post) == []

    def test_nor_an_urgent_thing_that_went_by_mail_from_the_start(self, post, told):
        post.fcm.always = FAILED
        told(URGENT)
        post.send_due()
        assert len(mails(post)) == 1

    @pytest.mark.parametrize("arrives", [True, False])
    def test_only_when_the_last_phone_has_it_not(self, post, told, town, world, arrives):
        town.phone(world.here.hub_carer)
        post.fcm.replies = [FAILED, ACCEPTED if arrives else FAILED]
        told(IMPORTANT)
        post.send_due()
        assert len(mails(post)) == (0 if arrives else 1)

    def test_while_one_is_under_way_it_is_waited_for(self, post, told, town, world, frozen):
        town.phone(world.here.hub_carer)
        post.fcm.replies = [FAILED, UNAVAILABLE, FAILED]
        told(IMPORTANT)
        post.send_due()
        assert mails(post) == []
        frozen.shift(delivering.LONGEST_WAIT)
        post.send_due()
        assert len(mails(post)) == 1

    def test_not_what_was_opened(self, post, told, town, write):
        post.fcm.replies = [FAILED]
        post.fcm.meanwhile = lambda: write("update notifications set opened_at = now()")
        notification_id = told(IMPORTANT)
        post.send_due()
        assert town.ways(notification_id) == [("fcm", "failed", "bad_message")]

    def test_nor_to_somebody_whose_role_has_ended(self, post, told, write):
        post.fcm.replies = [FAILED]
        post.fcm.meanwhile = lambda: write("update role_grants set ends_on = :at", at=TODAY)
        told(IMPORTANT)
        post.send_due()
        assert mails(post) == []

    def test_logging_out_leaves_the_mail(self, post, told, write):
        told(IMPORTANT)
        write("update sessions set ended_at = now(), end_reason = 'logout'")
        post.send_due()
        assert len(mails(post)) == 1

    def test_two_that_end_at_the_same_moment_leave_one_mail(self, post, told, town, world, owner):
        """Each still sees the other under way, unless it waits for it."""
        town.phone(world.here.hub_carer)
        told(IMPORTANT)
        both = []
        for _ in range(2):
            with db.transaction(post.engine):
                both.append(delivering.next_due(post.channels))
                assert delivering.take(both[-1])

        def fail():
            with db.transaction(post.engine):
                delivering.record(both[1], FAILED)

        second = Thread(target=fail)
        with db.transaction(post.engine):
            delivering.record(both[0], FAILED)
            second.start()
            wait_for_locks(owner, 1)
        second.join()
        post.send_due()
        assert len(mails(post)) == 1


TODAY = clock.london_today()


@pytest.mark.usefixtures("phone")
class TestTooLateForAPush:
    """An outage has outlasted what a push is worth; an e-mail may still be read."""

    def test_a_sender_that_finds_it_has_it_mailed(self, post, told, frozen):
        told(IMPORTANT)
        frozen.shift(IMPORTANT.lasts)
        post.send_due()
        assert (len(post.fcm.sent), len(mails(post))) == (0, 1)

    def test_and_so_has_the_watchdog_when_the_channel_is_at_fault(self, post, told, town, frozen):
        post.fcm.always = REVOKED
        notification_id = told(IMPORTANT)
        post.send_due()
        frozen.shift(IMPORTANT.lasts + watchdog.STUCK_AFTER)
        assert watchdog.look(post.engine) == {"expired": 1}
        post.send_due()
        assert town.ways(notification_id) == [MAILED, ("fcm", "expired", "key_revoked")]

    def test_and_when_the_channel_is_turned_off(self, post, told, frozen):
        told(IMPORTANT)
        post.only(ChannelName.EMAIL)
        frozen.shift(watchdog.STUCK_AFTER)
        watchdog.look(post.engine)
        post.send_due()
        assert len(mails(post)) == 1

    def test_but_no_mail_is_sent_for_ever(self, post, told, town, frozen):
        post.channels[ChannelName.EMAIL].always = UNAVAILABLE
        notification_id = told(IMPORTANT)
        frozen.shift(IMPORTANT.lasts)
        post.send_due()
        frozen.shift(planning.MAIL_MAY_BE_LATE)
        post.send_due()
        assert ("email", "expired", "") in town.ways(notification_id)


@pytest.mark.usefixtures("phone")
class TestWhatWasAcceptedLate:
    """Its sender was taken for dead, and comes back: the service has it, so it is sent no more."""

    @pytest.fixture
    def late(self, post, told, write):
        """Have an attempt accepted after the row was put back and changed so."""

        def end(change):
            told(IMPORTANT)
            with db.transaction(post.engine):
                due = delivering.next_due(post.channels)
                assert delivering.take(due)
            write(f"update deliveries set {change}")
            with db.transaction(post.engine):
                delivering.record(due, ACCEPTED)
            return due.notification_id

        return end

    @pytest.mark.parametrize(
        "change",
        [
            "state = 'queued', sending_since = null, next_attempt_at = now()",
            "attempts = attempts + 1",
            "state = 'queued', sending_since = null, next_attempt_at = now(), attempts = 2",
            "state = 'expired', sending_since = null, ended_at = now()",
        ],
    )
    def test_is_not_sent_again(self, post, late, town, change):
        (delivery,) = town.deliveries(late(change))
        assert (delivery.state, delivery.provider_id) == ("accepted", "theirs")
        assert delivery.accepted_at is not None
        assert (delivery.ended_at, delivery.sending_since) == (None, None)
        assert post.send_due() == 0

    def test_stays_suppressed_where_it_was_kept_back_since(self, late, town):
        change = "state = 'suppressed', reason = 'logged_out', sending_since = null"
        (delivery,) = town.deliveries(late(change))
        assert (delivery.state, delivery.reason) == ("suppressed", "logged_out")
        assert delivery.accepted_at is not None
