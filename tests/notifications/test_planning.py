"""By which ways a notification goes to its person."""

from datetime import time, timedelta
from threading import Thread
from uuid import uuid4

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock
from hub_api.access import Role
from hub_api.notifications import channels, delivering
from hub_api.notifications.categories import Category, Severity
from hub_api.notifications.jobs import make_ready
from hub_api.notifications.models import ChannelName
from tests.notifications.sending import wait_for_locks
from tests.platform.test_statements import counted

pytestmark = pytest.mark.usefixtures("worker")

ROUTINE, IMPORTANT, URGENT = (
    Category.REQUEST_WITHDRAWN, Category.REQUEST_SUBMITTED, Category.RETURN_LATE
)  # fmt: skip
PUSH, MAIL, TEXT = ("fcm", "queued", ""), ("email", "queued", ""), ("sms", "queued", "")
SOON = clock.london_today() + timedelta(days=3)
NIGHT = clock.london_instant(SOON, time(23, 30))
MORNING = clock.london_instant(SOON + timedelta(days=1), time(7))


@pytest.fixture
def planned(town):
    """What becomes of something told to somebody."""

    def plan(account_id, category, **changes):
        told = town.tell(account_id, category, **changes)
        make_ready([str(told)])
        return town.ways(told)

    return plan


class TestBySeverity:
    @pytest.mark.parametrize(
        ("category", "with_phone", "without"),
        [
            (ROUTINE, [PUSH], []),
            (IMPORTANT, [PUSH], [MAIL]),
            (URGENT, [MAIL, PUSH, TEXT], [MAIL, TEXT]),
        ],
    )
    def test_it_goes(self, world, town, planned, category, with_phone, without):
        person = world.here.hub_carer
        town.prefer(person, mobile="+447700900123")
        assert planned(person, category) == without
        town.phone(person)
        assert planned(person, category) == with_phone

    def test_to_every_phone_and_browser(self, world, town, planned):
        for kind in ("fid", "token", "webpush"):
            town.phone(world.here.hub_carer, kind)
        town.phone(world.here.liaison_worker)
        ways = planned(world.here.hub_carer, ROUTINE)
        assert ways == [PUSH, PUSH, ("webpush", "queued", "")]

    def test_without_a_number_there_is_no_text_message(self, world, planned):
        assert planned(world.here.hub_carer, URGENT) == [MAIL]

    def test_as_this_once(self, world, town, planned):
        town.prefer(world.here.hub_carer, choices={IMPORTANT: {"push": False, "email": False}})
        town.phone(world.here.hub_carer)
        usually = planned(world.here.hub_carer, IMPORTANT)
        assert usually == [("email", *OFF), ("fcm", *OFF)]
        in_need = planned(world.here.hub_carer, IMPORTANT, severity=Severity.URGENT)
        assert in_need == [MAIL, PUSH]


OFF = ("suppressed", "turned_off")


class TestNotSent:
    def test_what_somebody_turned_off(self, world, town, planned):
        town.phone(world.here.hub_carer)
        town.prefer(world.here.hub_carer, choices={ROUTINE: {"push": False}})
        assert planned(world.here.hub_carer, ROUTINE) == [("fcm", *OFF)]
        assert planned(world.here.hub_carer, IMPORTANT) == [PUSH]

    def test_what_is_important_goes_by_mail_when_its_push_is_off(self, world, town, planned):
        town.phone(world.here.hub_carer)
        town.prefer(world.here.hub_carer, choices={IMPORTANT: {"push": False}})
        assert planned(world.here.hub_carer, IMPORTANT) == [MAIL, ("fcm", *OFF)]

    def test_what_is_urgent_can_not_be_turned_off(self, world, town, planned):
        town.phone(world.here.hub_carer)
        town.prefer(world.here.hub_carer, choices={URGENT: {"push": False, "email": False}})
        assert planned(world.here.hub_carer, URGENT) == [MAIL, PUSH]

    def test_but_what_somebody_chose_beyond_the_usual_is(self, world, town, planned):
        chosen = {ROUTINE: {"email": True, "sms": True}}
        town.prefer(world.here.hub_carer, mobile="+447700900123", choices=chosen)
        assert planned(world.here.hub_carer, ROUTINE) == [MAIL, TEXT]

    def test_by_a_channel_without_credentials(self, world, town, planned, monkeypatch):
        monkeypatch.setattr(channels, "_open", {ChannelName.EMAIL: channels.current()["email"]})
        town.phone(world.here.hub_carer)
        off = ("fcm", "suppressed", "channel_off")
        assert planned(world.here.hub_carer, ROUTINE) == [off]
        assert planned(world.here.hub_carer, IMPORTANT) == [MAIL, off]

    @pytest.mark.parametrize(("days", "way"), [(31, "silent"), (29, "")])
    def test_to_a_phone_that_is_silent_for_a_month(self, world, town, planned, days, way):
        town.phone(world.here.hub_carer, proven_at=clock.now() - timedelta(days=days))
        state = "suppressed" if way else "queued"
        assert planned(world.here.hub_carer, ROUTINE) == [("fcm", state, way)]


class TestNobodyElse:
    """Nothing goes to somebody who must not know of it any more."""

    def test_after_a_logout(self, world, town, planned, owner):
        town.phone(world.here.hub_carer)
        end = "update sessions set ended_at = now(), end_reason = 'logout'"
        with owner.begin() as connection:
            connection.exec_driver_sql(end)
        assert planned(world.here.hub_carer, ROUTINE) == []

    def test_after_the_session_ran_out(self, world, town, planned):
        town.phone(world.here.hub_carer)
        with time_machine.travel(clock.now() + timedelta(days=30, seconds=1), tick=False):
            assert planned(world.here.hub_carer, ROUTINE) == []

    def test_on_a_phone_that_is_gone(self, world, town, planned):
        gone = {"dropped_at": clock.now(), "drop_reason": "unregistered"}
        town.phone(world.here.hub_carer, **gone)
        assert planned(world.here.hub_carer, ROUTINE) == []

    def test_after_the_account_was_closed(self, world, town, planned, owner, rows):
        town.phone(world.here.hub_carer)
        with owner.begin() as connection:
            close = sa.text("update accounts set is_active = false where id = :id")
            connection.execute(close, {"id": world.here.hub_carer})
        assert planned(world.here.hub_carer, URGENT) == []
        assert rows("select 1 from notifications where ready_at is null") == []

    def test_after_the_role_ended(self, world, town, owner, rows):
        """Between what happened and the planning of it."""
        town.phone(world.here.hub_carer)
        world.asked()
        with owner.begin() as connection:
            end = sa.text("update role_grants set ends_on = :today where account_id = :id")
            today = clock.london_today()
            connection.execute(end, {"id": world.here.hub_carer, "today": today})
        (told,) = rows("select id from notifications")
        make_ready([str(told.id)])
        assert town.ways(told.id) == []
        assert rows("select 1 from notifications where ready_at is null") == []

    @pytest.mark.parametrize("ended", ["here", "elsewhere"])
    def test_after_the_role_ended_there_though_not_elsewhere(
        self, world, town, owner, rows, grant, ended
    ):
        person, places = (
            world.here.hub_carer,
            {"here": world.here.id, "elsewhere": world.elsewhere.id},
        )
        grant(person, Role.HUB_CARER, constellation_id=world.elsewhere.id)
        town.phone(person)
        world.asked()
        end = sa.text(
            "update role_grants set ends_on = :today where account_id = :id"
            " and constellation_id = :place"
        )
        values = {"id": person, "today": clock.london_today(), "place": places[ended]}
        with owner.begin() as connection:
            assert connection.execute(end, values).rowcount == 1
        (told,) = rows("select id from notifications")
        make_ready([str(told.id)])
        assert town.ways(told.id) == ([] if ended == "here" else [PUSH])

    def test_after_the_child_moved_to_another_of_their_households(self, world, town, planned):
        """A satellite carer holds their role for a household, not for where it is."""
        town.phone(world.here.family.carer)
        place = {"constellation_id": world.here.id}
        theirs = {"household_id": world.here.family.id}
        category = Category.REQUEST_ACCEPTED
        assert planned(world.here.family.carer, category, **place, **theirs) == [PUSH]
        assert planned(world.here.family.carer, category, **place) == []

    def test_for_a_role_that_it_is_not_for(self, world, town, planned):
        town.phone(world.here.family.carer)
        assert planned(world.here.family.carer, Category.APPROVAL_NEEDED) == []
        assert planned(world.here.family.carer, Category.REQUEST_ACCEPTED) == [PUSH]


class TestQuietHours:
    pytestmark = pytest.mark.usefixtures("quiet")

    def test_hold_back_what_is_not_urgent(self, world, town):
        town.phone(world.here.hub_carer)
        with time_machine.travel(NIGHT, tick=False):
            told = town.tell(world.here.hub_carer, IMPORTANT)
            make_ready([str(told)])
        (delivery,) = town.deliveries(told)
        assert (delivery.state, delivery.reason) == ("suppressed", "quiet_hours")
        assert delivery.quiet_until == MORNING

    def test_but_no_mail(self, world, planned):
        with time_machine.travel(NIGHT, tick=False):
            assert planned(world.here.hub_carer, IMPORTANT) == [MAIL]

    def test_and_text_messages(self, world, town, planned):
        choices = {IMPORTANT: {"sms": True}}
        quiet = {"quiet_from": time(22), "quiet_until": time(7)}
        town.prefer(world.here.hub_carer, mobile="+447700900123", choices=choices, **quiet)
        with time_machine.travel(NIGHT, tick=False):
            assert planned(world.here.hub_carer, IMPORTANT) == [
                MAIL, ("sms", "suppressed", "quiet_hours")
            ]  # fmt: skip

    def test_let_pass_what_is_urgent_and_it_is_written_down(self, world, town, rows):
        town.phone(world.here.hub_carer)
        read = "select subject_id from audit_events where action = 'notification:pass_quiet_hours'"
        with time_machine.travel(NIGHT, tick=False):
            told = town.tell(world.here.hub_carer, URGENT)
            for _ in range(2):
                make_ready([str(told)])
        assert town.ways(told) == [MAIL, PUSH]
        assert [row.subject_id for row in rows(read)] == [told]

    def test_are_no_matter_by_day(self, world, town, planned, rows):
        town.phone(world.here.hub_carer)
        with time_machine.travel(MORNING, tick=False):
            assert planned(world.here.hub_carer, IMPORTANT) == [PUSH]
            assert planned(world.here.hub_carer, URGENT) == [MAIL, PUSH]
        assert rows("select 1 from audit_events where action like 'notification:%'") == []

    def test_are_of_ones_own_time_zone_and_choice(self, world, town, planned):
        for person, chosen in (
            (world.here.hub_carer, {"time_zone": "Pacific/Auckland"}),
            (world.here.liaison_worker, {}),
        ):
            hours = {"quiet_from": time(22), "quiet_until": time(7)}
            town.prefer(person, **(hours | chosen if chosen else {}))
            town.phone(person)
        with time_machine.travel(NIGHT, tick=False):
            assert planned(world.here.hub_carer, IMPORTANT) == [PUSH]  # 12:30 there
            assert planned(world.here.liaison_worker, IMPORTANT) == [PUSH]  # none chosen


class TestTheJob:
    def test_done_again_changes_nothing(self, world, town, everything):
        town.phone(world.here.hub_carer)
        told = town.tell(world.here.hub_carer, URGENT)
        make_ready([str(told)])
        before = everything()
        make_ready([str(told)])
        assert everything() == before

    def test_done_again_after_a_half_keeps_what_is_there(self, world, town, owner):
        """As when the watchdog takes a notification whose deliveries are there in part."""
        town.phone(world.here.hub_carer)
        told = town.tell(world.here.hub_carer, URGENT)
        make_ready([str(told)])
        first = [one.id for one in town.deliveries(told)]
        with owner.begin() as connection:
            connection.exec_driver_sql("update notifications set ready_at = null")
        make_ready([str(told)])
        assert [one.id for one in town.deliveries(told)] == first

    def test_done_by_two_at_once_is_done_and_written_down_once(self, town, world, owner, rows):
        """Both have looked before either has made it ready."""
        town.phone(world.here.hub_carer)
        hours = {"quiet_from": time(0), "quiet_until": time(23, 59)}
        town.prefer(world.here.hub_carer, **hours)
        told = town.tell(world.here.hub_carer, URGENT)
        at_noon = clock.london_instant(SOON, time(12))
        with owner.connect() as holding, time_machine.travel(at_noon, tick=False):
            # Neither can mark it ready meanwhile, nor lock it.
            holding.exec_driver_sql("select 1 from notifications for update")
            running = [Thread(target=make_ready, args=([str(told)],)) for _ in range(2)]
            for thread in running:
                thread.start()
            wait_for_locks(owner, len(running))
            holding.commit()
            for thread in running:
                thread.join()
        assert len(town.deliveries(told)) == 2
        written = "select 1 from audit_events where action = 'notification:pass_quiet_hours'"
        assert len(rows(written)) == 1

    def test_wakes_the_senders_once_it_is_saved(self, world, town, monkeypatch):
        told, seen = town.tell(world.here.hub_carer, URGENT), []
        monkeypatch.setattr(delivering, "wake", lambda: seen.append(town.ways(told)))
        make_ready([str(told)])
        assert seen == [[MAIL]]

    def test_knows_nothing_of_what_is_not_there(self):
        make_ready([str(uuid4())])
        make_ready([])

    def test_takes_as_many_statements_for_many_people_as_for_one(self, world, town, worker):
        """Six, and a seventh where the passing of quiet hours is written down."""
        people = [world.here.hub_carer, world.here.liaison_worker, world.here.family.carer,
                  world.elsewhere.hub_carer, world.elsewhere.liaison_worker]  # fmt: skip
        for person in people:
            for _ in range(3):
                town.phone(person)
        counts = []
        for told in ([town.tell(people[0], URGENT)], [town.tell(one, URGENT) for one in people]):
            with counted(worker) as sent:
                make_ready([str(one) for one in told])
            counts.append(len(sent))
        assert counts == [6, 6]

    def test_takes_thousands_in_pieces(self, world, town, monkeypatch):
        from hub_api.notifications import planning

        monkeypatch.setattr(planning, "AT_ONCE", 2)
        told = [town.tell(world.here.hub_carer, URGENT) for _ in range(5)]
        make_ready([str(one) for one in told])
        assert [town.ways(one) for one in told] == [[MAIL]] * 5

    def test_reads_roles_of_today(self, world, town, planned, grant):
        town.phone(world.here.family.carer)
        grant(world.here.family.carer, Role.LIAISON_WORKER, constellation_id=world.here.id)
        assert planned(world.here.family.carer, Category.APPROVAL_NEEDED) == [PUSH]
