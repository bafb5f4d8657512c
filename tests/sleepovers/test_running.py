"""Handover, return, early end and close."""

from datetime import datetime, timedelta

import pytest
import time_machine

from hub_api import clock
from tests.phone import in_days
from tests.sleepovers.stays import act, arrival, begun, brought_to, departure, nights

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
UNWELL = {"reason": "child_unwell"}

STATES = ["confirmed", "in_stay", "returned", "closed", "cancelled"]
ALLOWED = {
    ("confirmed", "handover"): "in_stay",
    ("confirmed", "cancel"): "cancelled",
    ("confirmed", "extend"): "confirmed",
    ("in_stay", "extend"): "in_stay",
    ("in_stay", "return"): "returned",
    ("in_stay", "end-early"): "returned",
    ("returned", "close"): "closed",
}


class TestEveryStateAndVerb:
    @pytest.mark.parametrize("state", STATES)
    @pytest.mark.parametrize(
        "verb", ["handover", "return", "end-early", "extend", "close", "cancel"]
    )
    def test_goes_as_the_table_says(self, world, rows, state, verb):
        stay = brought_to(world, state)
        before = rows("select * from sleepovers"), rows("select * from bed_nights")
        later = (departure(stay) + HOUR).isoformat()
        bodies = {"cancel": UNWELL, "end-early": UNWELL, "extend": {"departs_at": later}}
        early = {"cancel": arrival(stay) - HOUR, "end-early": departure(stay) - HOUR}
        at = early.get(verb, arrival(stay) if verb == "handover" else departure(stay))
        answer = act(world, stay, verb, bodies.get(verb), at=at)
        if (state, verb) in ALLOWED:
            assert (answer.status_code, answer.json["state"]) == (200, ALLOWED[state, verb])
        else:
            assert (answer.status_code, answer.json["code"]) == (409, "wrong_state")
            assert answer.json["state"] == state
            assert (rows("select * from sleepovers"), rows("select * from bed_nights")) == before


class TestHandover:
    def test_begins_the_stay_now_or_at_the_time_given(self, world, rows):
        stay = world.booked()
        answer = act(world, stay, "handover", at=arrival(stay))
        assert (answer.json["state"], answer.json["arrived_at"]) == ("in_stay", stay["arrives_at"])
        (audited,) = rows("select * from audit_events where action = 'sleepover:hand_over'")
        assert audited.changed == ["state", "arrived_at"]
        other = brought_to(world, "confirmed", days=20)
        at = arrival(other) + HOUR
        body = {"arrived_at": (at - 20 * MINUTE).isoformat()}
        came = act(world, other, "handover", body, at=at).json["arrived_at"]
        assert datetime.fromisoformat(came) == at - 20 * MINUTE

    def test_takes_a_clock_that_is_a_little_fast_and_no_more(self, world):
        stay = world.booked()
        for ahead, status in ((6 * MINUTE, 409), (4 * MINUTE, 200)):
            body = {"arrived_at": (arrival(stay) + ahead).isoformat()}
            answer = act(world, stay, "handover", body, at=arrival(stay))
            assert answer.status_code == status
            assert answer.json.get("code") == ("in_the_future" if status == 409 else None)

    def test_is_refused_long_before_the_arrival_agreed(self, world):
        stay = world.booked()
        for before, status in ((timedelta(hours=12, minutes=1), 409), (timedelta(hours=12), 200)):
            answer = act(world, stay, "handover", at=arrival(stay) - before)
            assert answer.status_code == status
            assert answer.json.get("code") == ("too_early" if status == 409 else None)

    def test_is_refused_in_the_night_before_for_which_there_is_no_bed(self, world):
        stay = world.booked(arrives_at=in_days(7, hour=9), departs_at=in_days(8, hour=17))
        assert len(nights(stay)) == 1
        answer = act(world, stay, "handover", at=arrival(stay) - 9 * HOUR)
        assert (answer.status_code, answer.json["code"]) == (409, "too_early")

    def test_is_refused_once_the_stay_should_be_over(self, world):
        stay = world.booked()
        answer = act(world, stay, "handover", at=departure(stay))
        assert (answer.status_code, answer.json["code"]) == (409, "too_late")

    @pytest.mark.parametrize("verb", ["handover", "return"])
    def test_is_for_the_hub_carer_who_was_there(self, world, verb):
        stay = begun(world) if verb == "return" else world.booked()
        answer = act(world, stay, verb, at=departure(stay), by="liaison_worker")
        assert answer.status_code == 403
        assert act(world, stay, verb, at=departure(stay), by="carer").status_code == 403

    def test_happens_once_however_often_it_is_sent(self, world, rows):
        stay = world.booked()
        with time_machine.travel(arrival(stay), tick=False):
            phone = world.hub_carer
            for _ in range(2):
                answer = phone.post(
                    f"/sleepovers/{stay['id']}/handover",
                    {},
                    If_Match='"1"',
                    Idempotency_Key="came-today-1",
                )
                assert answer.status_code == 200
        assert len(rows("select 1 from audit_events where action = 'sleepover:hand_over'")) == 1


class TestReturn:
    def test_ends_the_stay_with_the_nights_slept(self, world):
        stay = begun(world, nights=2)
        answer = act(world, stay, "return", at=departure(stay))
        assert answer.json["state"] == "returned"
        assert answer.json["returned_at"] == stay["departs_at"]
        assert answer.json["bed_nights"] == stay["bed_nights"]

    def test_in_the_small_hours_of_the_last_night_is_a_return(self, world):
        stay = begun(world, nights=2)
        at = clock.london_instant(departure(stay).date(), datetime.min.time()) + HOUR
        answer = act(world, stay, "return", at=at)
        assert (answer.status_code, nights(answer.json)) == (200, nights(stay))

    def test_with_nights_that_remain_takes_a_reason(self, world, rows):
        stay = begun(world, nights=3)
        answer = act(world, stay, "return", at=arrival(stay) + timedelta(days=1))
        assert (answer.status_code, answer.json["code"]) == (409, "ends_early")
        assert answer.json["nights"] == nights(stay)[1:]
        assert len(rows("select 1 from bed_nights")) == 3

    def test_of_a_child_who_came_late_frees_the_nights_not_slept(self, world):
        stay = world.booked(nights=2)
        act(world, stay, "handover", at=arrival(stay) + timedelta(hours=20))
        answer = act(world, stay, "return", at=departure(stay))
        assert nights(answer.json) == nights(stay)[1:]

    def test_is_refused_before_the_child_came(self, world):
        stay = begun(world)
        body = {"returned_at": stay["arrives_at"]}
        answer = act(world, stay, "return", body, at=departure(stay))
        assert (answer.status_code, answer.json["code"]) == (409, "before_arrival")

    def test_is_refused_for_a_time_to_come(self, world):
        stay = begun(world)
        body = {"returned_at": (departure(stay) + HOUR).isoformat()}
        answer = act(world, stay, "return", body, at=departure(stay))
        assert (answer.status_code, answer.json["code"]) == (409, "in_the_future")


class TestEndEarly:
    def test_frees_the_nights_that_remain_at_once_and_tells_both_homes(self, world, rows):
        stay = begun(world, nights=3)
        at = arrival(stay) + timedelta(days=1)
        answer = act(world, stay, "end-early", UNWELL, at=at, by="liaison_worker")
        assert (answer.json["state"], answer.json["early_end_reason"]) == (
            "returned",
            "child_unwell",
        )
        assert nights(answer.json) == nights(stay)[:1]
        told = rows("select account_id from notifications where category = 'sleepover_ended_early'")
        assert {row.account_id for row in told} == {world.here.family.carer, world.here.hub_carer}
        # Somebody else gets the bed.
        world.booked(
            children=[str(world.here.family.children[1])],
            arrives_at=in_days(8),
            departs_at=in_days(9, hour=10),
        )

    def test_takes_a_reason_from_the_list(self, world):
        stay = begun(world, nights=3)
        for body in ({}, {"reason": "naughty"}):
            assert act(world, stay, "end-early", body, at=departure(stay)).status_code == 422

    def test_is_no_early_end_after_the_departure_agreed(self, world):
        stay = begun(world)
        answer = act(world, stay, "end-early", UNWELL, at=departure(stay))
        assert (answer.status_code, answer.json["code"]) == (409, "not_early")

    def test_is_not_for_the_family(self, world):
        stay = begun(world)
        answer = act(world, stay, "end-early", UNWELL, at=departure(stay) - HOUR, by="carer")
        assert answer.status_code == 403
        assert (
            act(world, stay, "end-early", UNWELL, at=departure(stay), by="carer").status_code == 403
        )


class TestClose:
    @pytest.mark.parametrize("who", ["hub_carer", "liaison_worker"])
    def test_is_for_the_hub_carer_and_the_liaison_worker(self, world, rows, who):
        stay = brought_to(world, "returned")
        answer = act(world, stay, "close", at=departure(stay) + HOUR, by=who)
        assert (answer.status_code, answer.json["state"]) == (200, "closed")
        assert datetime.fromisoformat(answer.json["closed_at"]) == departure(stay) + HOUR
        assert len(rows("select 1 from audit_events where action = 'sleepover:close'")) == 1


STAYS = {
    "autumn, the first half past one": (
        "2026-10-20T12:00:00+00:00",
        ("2026-10-24T17:00:00+01:00", "2026-10-26T10:00:00+00:00"),
        "2026-10-25T01:30:00+01:00",
        ["2026-10-24"],
    ),
    "autumn, the second half past one": (
        "2026-10-20T12:00:00+00:00",
        ("2026-10-24T17:00:00+01:00", "2026-10-26T10:00:00+00:00"),
        "2026-10-25T01:30:00+00:00",
        ["2026-10-24"],
    ),
    "autumn, just before the second night": (
        "2026-10-20T12:00:00+00:00",
        ("2026-10-24T17:00:00+01:00", "2026-10-26T10:00:00+00:00"),
        "2026-10-25T22:59:00+00:00",
        ["2026-10-24"],
    ),
    "spring, in the short night": (
        "2027-03-20T12:00:00+00:00",
        ("2027-03-27T17:00:00+00:00", "2027-03-29T10:00:00+01:00"),
        "2027-03-28T01:30:00+00:00",
        ["2027-03-27"],
    ),
}


class TestAcrossTheClockChanges:
    @pytest.fixture(autouse=True)
    def _long_ago(self, world, owner):  # noqa: ARG002 - the world is there
        with owner.begin() as connection:
            for table in ("role_grants", "memberships", "hub_appointments", "beds", "approvals"):
                connection.exec_driver_sql(f"update {table} set starts_on = '2026-01-01'")

    @pytest.mark.parametrize("stay", STAYS.values(), ids=STAYS)
    def test_an_early_end_leaves_the_nights_slept(self, world, stay):
        now, (arrives_at, departs_at), ended_at, slept = stay
        with time_machine.travel(now, tick=False):
            booked = world.booked(arrives_at=arrives_at, departs_at=departs_at)
        assert len(nights(booked)) == 2
        act(world, booked, "handover", at=arrival(booked))
        at = datetime.fromisoformat(ended_at)
        body = {"reason": "carer_ready", "ended_at": ended_at}
        answer = act(world, booked, "end-early", body, at=at)
        assert (answer.status_code, nights(answer.json)) == (200, slept)
        assert datetime.fromisoformat(answer.json["returned_at"]) == at

    @pytest.mark.parametrize("offset", ["+01:00", "+00:00"])
    def test_either_half_past_one_of_the_last_night_is_a_return(self, world, offset):
        with time_machine.travel("2026-10-20T12:00:00+00:00", tick=False):
            stay = world.booked(
                arrives_at="2026-10-24T17:00:00+01:00", departs_at="2026-10-25T10:00:00+00:00"
            )
        act(world, stay, "handover", at=arrival(stay))
        at = datetime.fromisoformat(f"2026-10-25T01:30:00{offset}")
        answer = act(world, stay, "return", at=at)
        assert (answer.status_code, nights(answer.json)) == (200, ["2026-10-24"])
