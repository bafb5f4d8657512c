"""A household that is to leave its constellation: nothing is booked beyond that day."""

from datetime import date, timedelta

import pytest

from hub_api import clock
from tests.factories.requests import change, decide, liaison, stay
from tests.phone import in_days
from tests.sleepovers.stays import begun


def code(answer):
    return answer.status_code, answer.json.get("code")


ENDED = (409, "membership_ends")


@pytest.fixture
def end(world, rows):
    """Have the family here leave its constellation so many days from now."""

    def announce(days):
        (kept,) = rows(
            "select id from memberships where household_id = :id", id=world.here.family.id
        )
        day = (clock.london_today() + timedelta(days=days)).isoformat()
        path = f"/constellations/{world.here.id}/memberships/{kept.id}"
        return liaison(world).send("PATCH", path, {"ends_on": day})

    return announce


@pytest.fixture
def ended(world, owner):
    """The same, as if nobody had looked at what is booked."""

    def write(days):
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "update memberships set ends_on = current_date + %s::int where household_id = %s",
                (days, world.here.family.id),
            )

    return write


class TestNothingIsBookedBeyondTheEnd:
    """The night before it is the last."""

    def test_when_it_is_asked_for(self, world, end):
        assert end(8).status_code == 200
        world.asked(**stay(7))
        for body in (stay(8), stay(7, 2)):
            asked = world.carer.post("/respite-requests", world.ask_body(**body))
            tried = world.carer.post("/respite-requests?dry_run=true", world.ask_body(**body))
            assert (code(asked), code(tried)) == (ENDED, ENDED)
        assert "household" in asked.json["detail"]

    def test_though_it_comes_back_later(self, world, end, owner):
        assert end(8).status_code == 200
        with owner.begin() as connection:
            connection.exec_driver_sql(
                "insert into memberships (id, constellation_id, household_id, starts_on)"
                " values (gen_random_uuid(), %s, %s, current_date + 12)",
                (world.here.id, world.here.family.id),
            )
        for days, nights, expected in (
            (7, 1, (201, None)),
            (7, 2, ENDED),
            (9, 1, ENDED),
            (11, 2, ENDED),
            (12, 1, (201, None)),
        ):
            asked = world.carer.post("/respite-requests", world.ask_body(**stay(days, nights)))
            assert code(asked) == expected, days

    def test_when_a_draft_is_sent(self, world, ended):
        draft = world.asked(draft=True)
        ended(7)
        assert code(decide(world.carer, draft, "submit")) == ENDED

    def test_when_it_is_accepted(self, world, ended):
        request = world.asked()
        ended(7)
        answer = decide(world.hub_carer, request, "accept")
        assert code(answer) == ENDED
        assert "your" not in answer.json["detail"]  # the household is not the hub carer's

    def test_when_it_is_changed(self, world, end):
        waiting = world.asked(**stay(3))
        assert end(8).status_code == 200
        assert code(change(world.carer, waiting, **stay(8))) == ENDED

    def test_when_it_is_rescheduled(self, world, end):
        request = world.asked(**stay(3))
        decide(world.hub_carer, request, "accept")
        assert end(8).status_code == 200
        assert code(change(world.hub_carer, request, **stay(8))) == ENDED
        assert change(world.hub_carer, request, **stay(7)).status_code == 200

    def test_when_it_is_extended(self, world, end):
        booked = world.booked()
        assert end(8).status_code == 200
        longer = {"departs_at": in_days(9, hour=10)}
        answer = world.hub_carer.post_seen(f"/sleepovers/{booked['id']}", longer, verb="extend")
        assert code(answer) == ENDED


class TestTheEnd:
    """It is announced for a day after all that is booked or asked for."""

    @pytest.mark.parametrize("make", ["asked", "booked"])
    def test_waits_for_nights_from_then_on(self, world, end, make):
        getattr(world, make)()
        assert code(end(7)) == (409, "stays_ahead")
        assert end(8).status_code == 200

    def test_waits_for_a_child_who_is_still_there(self, world, end, monkeypatch):
        there = begun(world)
        day = date.fromisoformat(there["departs_at"][:10]) + timedelta(days=1)
        monkeypatch.setattr(clock, "london_today", lambda: day)
        assert code(end(0)) == (409, "stays_ahead")
