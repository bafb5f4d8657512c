"""Changes that could leave nights, names or permissions behind that belong to nothing any more."""

import threading
from datetime import date, timedelta

import pytest

from hub_api import clock, db
from hub_api.access import Role
from hub_api.constellations import service as constellations
from hub_api.households.models import Child, KeptApart, KeptApartReason
from tests.factories.requests import WHY, decide, held, liaison, path_of
from tests.factories.world import make_bed
from tests.phone import in_days
from tests.sleepovers.stays import act, arrival


def day(number: int) -> date:
    return clock.london_today() + timedelta(days=number)


def change(phone, request, body):
    etag = phone.get(path_of(request)).headers["ETag"]
    return phone.send("PATCH", path_of(request), body, If_Match=etag)


class TestAChangeThatChangesNothing:
    def test_leaves_held_beds_with_the_request_that_awaits_approval(self, world, rows):
        request = held(world)
        answer = change(world.carer, request, {"departs_at": request["departs_at"]})
        assert (answer.status_code, answer.json["state"]) == (200, "awaiting_approval")
        assert rows("select state from tasks") == [("open",)]

    def test_and_one_that_does_frees_them(self, world, rows):
        request = held(world)
        change(world.carer, request, {"departs_at": request["departs_at"]})
        later = {"arrives_at": in_days(40), "departs_at": in_days(41, hour=10)}
        assert change(world.carer, request, later).json["state"] == "submitted"
        assert rows("select from bed_nights") == []
        assert rows("select state from tasks") == [("settled",)]


@pytest.fixture
def pair(world, owner):
    """The family's first child, kept apart from each of the neighbours'; beds for everybody."""
    mine = world.here.family.children[0]
    with db.transaction(owner) as session:
        session.add_all(make_bed(world.here, f"more {number}") for number in range(3))
        for other in world.here.neighbours.children:
            first, second = sorted((mine, other))
            session.add(
                KeptApart(
                    constellation_id=world.here.id,
                    child_id=first,
                    other_child_id=second,
                    reason=KeptApartReason.COURT_ORDER,
                    starts_on=day(-1),
                    recorded_by=world.here.liaison_worker,
                )
            )
    return mine, world.here.neighbours.children


class TestWhatWasSetAsideForOneNight:
    def test_is_not_set_aside_for_the_night_that_comes_on_top(self, world, pair):
        mine, others = pair
        neighbour = world.phone(world.here.neighbours.carer)

        def book(child, on):
            body = world.ask_body(
                days=on, household_id=str(world.here.neighbours.id), children=[str(child)]
            )
            asked = neighbour.post("/respite-requests", body).json
            assert decide(world.hub_carer, asked, "accept").status_code == 200

        book(others[0], 7)
        request = world.asked(children=[str(mine)])
        why = {"code": "kept_apart", "reason": WHY}
        assert decide(liaison(world), request, "overrides", why).status_code == 201
        assert decide(world.hub_carer, request, "accept").status_code == 200
        book(others[1], 8)
        (stay,) = world.carer.get("/sleepovers").json["items"]
        later = {"departs_at": in_days(9, hour=10)}
        answer = act(world, stay, "extend", later, at=arrival(stay) - timedelta(days=1))
        assert (answer.status_code, answer.json["code"]) == (409, "kept_apart")


class TestNightsBeyondTheHubHome:
    def test_are_not_asked_for(self, world, owner):
        with owner.begin() as connection:
            connection.exec_driver_sql("update hub_appointments set ends_on = %s", (day(8),))
        answer = world.carer.post("/respite-requests", world.ask_body(nights=3))
        assert (answer.status_code, answer.json["code"]) == (409, "no_hub_home")
        assert "hub home changes" in answer.json["detail"]
        assert world.asked()["nights"] == [str(day(7))]

    def test_are_not_booked_by_a_change_of_dates_that_saw_it_still_there(self, world, monkeypatch):
        request = world.asked()
        assert decide(world.hub_carer, request, "accept").status_code == 200
        manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
        appointments = f"/constellations/{world.here.id}/hub-appointments"
        (appointment,) = manager.get(appointments).json["items"]
        serving, ended = constellations.serving_hub_home, []

        def then_it_ends(*asked):
            found = serving(*asked)
            if not ended:  # once, in a thread: it has a unit of work of its own
                path = f"{appointments}/{appointment['id']}"
                body = {"ends_on": str(day(12))}
                ending = threading.Thread(
                    target=lambda: ended.append(manager.send("PATCH", path, body))
                )
                ending.start()
                ending.join()
            return found

        monkeypatch.setattr(constellations, "serving_hub_home", then_it_ends)
        later = {"arrives_at": in_days(15), "departs_at": in_days(16, hour=10)}
        answer = change(world.hub_carer, request, later)
        assert [answer.status_code, ended[0].status_code] == [409, 200]


class TestAChildWhoMovedAway:
    def test_is_not_named_by_the_checks_of_an_old_request(self, world, owner):
        child = world.here.family.children[0]
        with db.transaction(owner) as session:
            found = session.get_one(Child, child)
            found.born_on = day(7).replace(year=day(7).year - 8)
        request = world.asked()
        (timing,) = (c for c in request["checks"] if c["code"] == "timing")
        assert "birthday" in timing["sentence"]
        assert decide(world.hub_carer, request, "decline", {"reason": "other"}).status_code == 200
        manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
        home = f"/households/{world.here.family.id}"
        there = {"constellation_id": str(world.elsewhere.id)}
        assert manager.post_seen(home, there, verb="move").status_code == 200
        old = world.hub_carer.get(path_of(request)).json
        assert (old["children"], old["checks"]) == ([], [])
