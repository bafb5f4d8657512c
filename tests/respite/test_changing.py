"""Changing a request while it waits, and the dates of a stay that was accepted."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock, db
from hub_api.access import Role
from hub_api.constellations.models import HubAppointment, HubHome
from tests.conftest import changed
from tests.factories.requests import LONG, WHY, change, decide, held, liaison, path_of, stay
from tests.factories.world import make_bed
from tests.phone import in_days
from tests.respite.test_approving import open_tasks, told
from tests.respite.test_transitions import LOGGING_IN

NIGHTS = (
    "select night::text, child_id, sleepover_id, bed_id from bed_nights order by night, child_id"
)


def nights_held(rows):
    return [row.night for row in rows(NIGHTS)]


class TestWhileItWaits:
    def test_other_dates_hold_other_nights(self, world):
        request = world.asked()
        answer = change(world.carer, request, **stay(9, 2))
        assert answer.status_code == 200
        assert answer.json["nights"] == [in_days(9)[:10], in_days(10)[:10]]
        assert answer.json["expires_at"] > request["expires_at"]
        assert answer.json["version"] > request["version"]

    def test_one_end_alone_may_move(self, world):
        request = world.asked()
        later = change(world.carer, request, departs_at=in_days(9, hour=10))
        assert (later.status_code, len(later.json["nights"])) == (200, 2)

    def test_keeps_the_checks_as_they_are_now_and_tells_the_hub(self, world, rows):
        request = world.asked()
        change(world.carer, request, reason="appointment")
        (kept,) = rows("select * from respite_decisions where decision = 'changed'")
        assert kept.decided_by == world.here.family.carer
        assert kept.checks
        assert told(rows, "request_changed") == {world.here.hub_carer}

    def test_says_which_fields_and_no_more(self, world, rows):
        request = world.asked()
        both = [str(child) for child in world.here.family.children]
        change(world.carer, request, children=both, reason=request["reason"], note="Loves dogs.")
        (event,) = rows("select * from audit_events where action = 'respite_request:change'")
        assert event.changed == ["children", "note"]

    def test_of_a_draft_is_told_to_nobody(self, world, rows):
        draft = world.asked(draft=True)
        assert change(world.carer, draft, **stay(9)).json["state"] == "draft"
        assert rows("select 1 from notifications") == []
        assert rows("select 1 from respite_decisions") == []

    def test_of_nothing_is_nothing(self, world, rows):
        request = world.asked()
        same = {key: request[key] for key in ("arrives_at", "departs_at", "reason")}
        for nothing in ({}, same):
            answer = change(world.carer, request, **nothing)
            assert (answer.status_code, answer.json["version"]) == (200, request["version"])
        assert told(rows, "request_changed") == set()

    def test_of_a_held_stay_frees_its_beds_and_asks_the_hub_anew(self, world, rows):
        request = held(world)
        answer = change(world.carer, request, note="Loves dogs.")
        assert answer.json["state"] == "submitted"
        assert nights_held(rows) == []
        assert open_tasks(rows) == []
        (event,) = rows("select * from audit_events where action = 'respite_request:change'")
        assert event.changed == ["note", "state"]

    def test_takes_another_hub_home_where_that_one_serves(self, world, owner, rows):
        with db.transaction(owner) as session:
            other = session.get_one(HubHome, world.elsewhere.hub_home)
            here = sa.select(HubAppointment).where(HubAppointment.constellation_id == world.here.id)
            interim = clock.london_today() + timedelta(days=20)
            session.scalars(here).one().ends_on = interim
            session.flush()
            session.add(
                HubAppointment(
                    constellation_id=world.here.id, hub_home_id=other.id, starts_on=interim
                )
            )
        request = world.asked()
        answer = change(world.carer, request, **stay(25))
        assert answer.json["hub_home_id"] == str(world.elsewhere.hub_home)
        assert decide(world.hub_carer, request, "accept").status_code == 200
        assert {row.bed_id for row in rows(NIGHTS)} == {*world.elsewhere.beds}


class TestItsChildren:
    def test_come_and_go(self, world, rows):
        tyler, amira = map(str, world.here.family.children)
        request = world.asked(children=[tyler])
        answer = change(world.carer, request, children=[amira])
        assert [child["id"] for child in answer.json["children"]] == [amira]
        assert answer.json["version"] == request["version"] + 1
        assert [str(row.child_id) for row in rows("select * from requested_children")] == [amira]

    def test_keep_the_note_under_their_own_keys(self, world):
        tyler, amira = map(str, world.here.family.children)
        request = world.asked(children=[tyler], note="Sleeps badly.")
        for children in ([amira], [tyler, amira], [tyler]):
            answer = change(world.carer, request, children=children)
            assert answer.json["note"] == "Sleeps badly."
            assert world.hub_carer.get(path_of(request)).json["note"] == "Sleeps badly."

    def test_and_a_note_taken_back(self, world):
        request = world.asked(note="Sleeps badly.")
        assert change(world.carer, request, note=None).json["note"] is None

    def test_leave_a_held_stay(self, world, rows, owner):
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "more"))
        both = [str(child) for child in world.here.family.children]
        request = held(world, children=both)
        assert change(world.carer, request, children=both[:1]).status_code == 200
        assert rows("select 1 from bed_nights") == []

    @pytest.mark.parametrize("whose", ["neighbours", "nobody"])
    def test_are_the_households_own(self, world, whose):
        theirs = world.here.neighbours.children[0] if whose == "neighbours" else world.here.id
        request = world.asked()
        answer = change(world.carer, request, children=[str(theirs)])
        assert answer.status_code == 404
        mine = [child["id"] for child in world.carer.get(path_of(request)).json["children"]]
        assert mine == [str(world.here.family.children[0])]


class TestAChangeIsRefused:
    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            (stay(-3), "in_the_past"),
            (stay(9, 8), "stay_too_long"),
            ({"departs_at": in_days(7, hour=18)}, "no_nights"),
            (stay(500), "too_far_ahead"),
        ],
    )
    def test_where_the_stay_is_not_possible(self, world, changes, code, everything):
        request = world.asked()
        before = everything()
        answer = change(world.carer, request, **changes)
        assert (answer.status_code, answer.json["code"]) == (409, code)
        assert changed(before, everything()) <= LOGGING_IN

    def test_where_the_child_is_away_already(self, world):
        world.booked()
        request = world.asked(**stay(20))
        answer = change(world.carer, request, **stay(7))
        assert (answer.status_code, answer.json["code"]) == (409, "child_already_away")

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"children": []}, "children"),
            ({"departs_at": in_days(6)}, "departs_at"),
            ({"arrives_at": in_days(30)}, "departs_at"),
            ({"state": "accepted"}, "state"),
            ({"reason": "punishment"}, "reason"),
            ({"approval_reason": WHY}, "approval_reason"),
            ({"approval_reason": None}, "approval_reason"),
        ],
    )
    def test_where_its_shape_is_wrong(self, world, changes, field):
        answer = change(world.carer, world.asked(), **changes)
        assert (answer.status_code, [*answer.json["errors"]]) == (422, [field])

    def test_to_those_who_only_see_it(self, world):
        request = world.asked()
        for phone in (
            world.hub_carer,
            liaison(world),
            world.phone(world.staff["programme_manager"]),
        ):
            assert change(phone, request, note="x").status_code == 403

    def test_on_a_version_nobody_saw(self, world):
        path = path_of(world.asked())
        assert world.carer.send("PATCH", path, {"note": "x"}).status_code == 428
        assert world.carer.send("PATCH", path, {"note": "x"}, If_Match='"1"').status_code == 412


class TestOnceAccepted:
    @pytest.mark.parametrize("who", ["hub_carer", "liaison_worker"])
    def test_the_hub_moves_the_stay(self, world, rows, who):
        sleepover = world.booked()
        request = world.carer.get(f"/respite-requests/{sleepover['request_id']}").json
        answer = change(world.phone(getattr(world.here, who)), request, **stay(8, 2))
        assert (answer.status_code, answer.json["state"]) == (200, "accepted")
        moved = world.carer.get(f"/sleepovers/{sleepover['id']}").json
        assert [held["night"] for held in moved["bed_nights"]] == answer.json["nights"]
        assert moved["arrives_at"] == answer.json["arrives_at"]
        assert moved["version"] > sleepover["version"]
        assert nights_held(rows) == answer.json["nights"]
        people = {world.here.family.carer, world.here.hub_carer}
        assert told(rows, "request_changed") == people - {getattr(world.here, who)}

    def test_its_own_nights_are_not_in_its_way(self, world):
        request = {"id": world.booked(nights=2)["request_id"]}
        assert change(world.hub_carer, request, departs_at=in_days(10, hour=10)).status_code == 200

    def test_a_stay_that_was_extended_is_not_cut_short_unsaid(self, world, rows):
        sleepover = world.booked()
        longer = {"departs_at": in_days(9, hour=10)}
        path = f"/sleepovers/{sleepover['id']}"
        assert world.hub_carer.post_seen(path, longer, verb="extend").status_code == 200
        request = {"id": sleepover["request_id"]}
        answer = change(world.hub_carer, request, arrives_at=in_days(7, hour=18))
        assert (answer.status_code, answer.json["code"]) == (409, "was_extended")
        assert len(nights_held(rows)) == 2
        later = {"arrives_at": in_days(7, hour=18), **longer}
        assert change(world.hub_carer, request, **later).status_code == 200
        assert len(nights_held(rows)) == 2

    def test_a_stay_that_was_extended_may_be_as_short_again(self, world, rows):
        sleepover = world.booked()
        path = f"/sleepovers/{sleepover['id']}"
        longer = {"departs_at": in_days(9, hour=10)}
        assert world.hub_carer.post_seen(path, longer, verb="extend").status_code == 200
        request = {"id": sleepover["request_id"]}
        answer = change(world.hub_carer, request, departs_at=sleepover["departs_at"])
        assert answer.status_code == 200
        assert len(nights_held(rows)) == 1

    def test_all_stays_as_it_was_when_the_new_nights_are_taken(self, world, rows, everything):
        request = {"id": world.booked()["request_id"]}
        world.booked(children=[str(world.here.family.children[1])], **stay(9))
        before = everything()
        answer = change(world.hub_carer, request, **stay(8, 2))
        assert (answer.status_code, answer.json["code"]) == (409, "nights_taken")
        assert changed(before, everything()) <= LOGGING_IN
        assert len(nights_held(rows)) == 2

    def test_children_who_no_longer_come_take_no_bed(self, world, owner, rows):
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "more"))
        both = [str(child) for child in world.here.family.children]
        one = world.booked(children=both)
        world.carer.post_seen(f"/sleepovers/{one['id']}", {"reason": "child_unwell"}, verb="cancel")
        assert change(world.hub_carer, {"id": one["request_id"]}, **stay(9)).status_code == 200
        (held_now,) = rows(NIGHTS)
        assert str(held_now.child_id) != one["child"]["id"]
        states = rows("select state, arrives_at from sleepovers order by state")
        assert [row.state for row in states] == ["cancelled", "confirmed"]
        assert states[0].arrives_at != states[1].arrives_at

    def test_not_when_all_were_called_off(self, world):
        one = world.booked()
        world.carer.post_seen(f"/sleepovers/{one['id']}", {"reason": "child_unwell"}, verb="cancel")
        answer = change(world.hub_carer, {"id": one["request_id"]}, **stay(9))
        assert (answer.status_code, answer.json["code"]) == (409, "wrong_state")

    def test_not_once_it_has_begun(self, world):
        request = world.carer.get(f"/respite-requests/{world.booked()['request_id']}").json
        with time_machine.travel(request["arrives_at"], tick=False):
            answer = change(world.hub_carer, request, departs_at=in_days(2, hour=10))
        assert (answer.status_code, answer.json["code"]) == (409, "already_begun")

    def test_a_longer_stay_is_the_liaison_workers_with_a_reason(self, world, rows):
        request = {"id": world.booked()["request_id"]}
        alone = change(world.hub_carer, request, **stay(7, LONG))
        assert (alone.status_code, alone.json["code"]) == (409, "stay_too_long")
        unsaid = change(liaison(world), request, **stay(7, LONG))
        assert (unsaid.status_code, unsaid.json["code"]) == (409, "stay_too_long")
        not_hers = change(world.hub_carer, request, **stay(7, LONG), approval_reason=WHY)
        assert not_hers.status_code == 403
        assert rows("select 1 from check_overrides") == []
        said = change(liaison(world), request, **stay(7, LONG), approval_reason=WHY)
        assert (said.status_code, len(said.json["nights"])) == (200, LONG)
        assert len(nights_held(rows)) == LONG

    def test_an_approval_is_for_the_dates_it_was_given_for(self, world):
        request = held(world)
        decide(liaison(world), request, "approve", {"reason": WHY})
        answer = change(world.hub_carer, request, **stay(20, LONG))
        assert (answer.status_code, answer.json["code"]) == (409, "stay_too_long")

    @pytest.mark.parametrize("more", [{"note": "x"}, {"reason": "other"}, {"children": []}])
    def test_only_the_dates(self, world, more):
        request = {"id": world.booked()["request_id"]}
        answer = change(world.hub_carer, request, **stay(8), **more)
        assert (answer.status_code, [*answer.json["errors"]]) == (422, [*more])

    def test_the_household_asks_its_hub_carer(self, world):
        answer = change(world.carer, {"id": world.booked()["request_id"]}, **stay(8))
        assert answer.status_code == 403
        assert "ask your hub carer" in answer.json["detail"]
        manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
        assert change(manager, {"id": world.asked(**stay(20))["id"]}, note="x").status_code == 403
