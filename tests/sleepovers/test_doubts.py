"""Stays that what is on record speaks against by now: somebody is asked to look into them."""

import pytest

from hub_api import changes, db
from hub_api.constellations.models import Bed, HubAppointment, HubHome
from hub_api.households.changes import HubResidentsChanged
from hub_api.households.models import Child, KeptApart, LegalStatus
from tests.factories.requests import WHY, change, decide, liaison, stay
from tests.factories.world import make_bed
from tests.sleepovers.test_guards import add_hub_child
from tests.sleepovers.test_what_changes_meanwhile import beds_enough, book, day

__all__ = ["beds_enough", "book"]


OVERRIDDEN = "select changed from audit_events where action = 'respite_request:override'"


class TestChildrenWhoAreToBeKeptApart:
    @pytest.fixture
    def keep_apart(self, world):
        def record(one, other, **changes):
            body = {"other_child_id": str(other), "reason": "past_harm", **changes}
            answer = liaison(world).post(f"/children/{one}/kept-apart", body)
            assert answer.status_code == 201, answer.json
            return answer.json

        return record

    @pytest.fixture
    def both_booked(self, world, book, beds_enough):  # noqa: ARG002 - a bed for each
        """A child of each family here, with a stay on the same night."""
        mine, theirs = world.here.family.children[0], world.here.neighbours.children[0]
        book(world.here.family, mine)
        book(world.here.neighbours, theirs)
        return mine, theirs

    def test_are_recorded_and_both_stays_looked_into(self, world, both_booked, keep_apart, rows):
        mine, theirs = both_booked
        keep_apart(mine, theirs)
        assert doubted(rows) == sorted(map(str, (mine, theirs)))
        ((booked,),) = rows("select id from sleepovers where child_id = :id", id=mine)
        why = {"reason": "other"}
        answer = world.carer.post_seen(f"/sleepovers/{booked}", why, verb="cancel")
        assert answer.status_code == 200
        assert doubted(rows) == []

    def test_are_looked_into_no_more_once_a_stay_is_moved(
        self, world, both_booked, keep_apart, rows
    ):
        mine, theirs = both_booked
        keep_apart(mine, theirs)
        ((asked,),) = rows("select request_id from sleepovers where child_id = :id", id=mine)
        assert change(world.hub_carer, {"id": asked}, **stay(9)).status_code == 200
        assert doubted(rows) == []

    def test_are_no_concern_of_other_nights(self, world, both_booked, keep_apart, rows):
        mine, theirs = both_booked
        pair = keep_apart(mine, theirs, starts_on=str(day(8)))
        assert doubted(rows) == []
        answer = liaison(world).send(
            "PATCH", f"/kept-apart/{pair['id']}", {"ends_on": str(day(9))}, If_Match='"1"'
        )
        assert answer.status_code == 200
        assert doubted(rows) == []

    def test_are_looked_into_again_when_it_lasts_longer(self, world, book, keep_apart, rows, owner):
        mine, theirs = world.here.family.children[0], world.here.neighbours.children[0]
        with db.transaction(owner) as session:
            session.add_all(make_bed(world.here, f"more {number}") for number in range(4))
        pair = keep_apart(mine, theirs)
        path = f"/kept-apart/{pair['id']}"
        phone = liaison(world)
        assert (
            phone.send("PATCH", path, {"ends_on": str(day(3))}, If_Match='"1"').status_code == 200
        )
        book(world.here.family, mine)
        book(world.here.neighbours, theirs)
        assert (
            phone.send("PATCH", path, {"ends_on": str(day(9))}, If_Match='"2"').status_code == 200
        )
        assert doubted(rows) == sorted(map(str, (mine, theirs)))

    def test_are_recorded_from_a_day_on_which_another_hub_home_serves(
        self, world, owner, keep_apart, rows
    ):
        with db.transaction(owner) as session:
            served = session.query(HubAppointment).filter_by(constellation_id=world.here.id).one()
            served.hub_home_id, served.ends_on = world.elsewhere.hub_home, day(10)
        world.booked()
        one, other = world.here.family.children[0], world.here.neighbours.children[0]
        keep_apart(one, other, starts_on=str(day(60)))
        assert doubted(rows) == []

    @pytest.mark.usefixtures("beds_enough")
    def test_are_not_waved_through_by_what_was_said_of_another(self, world, book, keep_apart):
        one, (first, second) = world.here.family.children[0], world.here.neighbours.children
        book(world.here.neighbours, first)
        keep_apart(one, first)
        request = world.asked()
        why = {"code": "kept_apart", "reason": WHY}
        assert decide(liaison(world), request, "overrides", why).status_code == 201
        book(world.here.neighbours, second)
        keep_apart(one, second, reason="court_order")
        assert decide(world.hub_carer, request, "accept").json["code"] == "kept_apart"
        assert decide(liaison(world), request, "overrides", why).status_code == 201
        assert decide(world.hub_carer, request, "accept").status_code == 200

    def test_are_looked_into_no_more_once_it_ends(self, world, both_booked, keep_apart, rows):
        mine, theirs = both_booked
        path = f"/kept-apart/{keep_apart(mine, theirs)['id']}"
        assert doubted(rows) != []
        ends = {"ends_on": str(day(7))}
        assert liaison(world).send("PATCH", path, ends, If_Match='"1"').status_code == 200
        assert doubted(rows) == []

    @pytest.mark.usefixtures("beds_enough")
    def test_are_set_aside_for_those_who_were_to_be_there_alone(
        self, world, book, keep_apart, rows
    ):
        """The second was on record all along, and is booked only afterwards."""
        one, (first, second) = world.here.family.children[0], world.here.neighbours.children
        keep_apart(one, first)
        keep_apart(one, second)
        book(world.here.neighbours, first)
        request = world.asked()
        why = {"code": "kept_apart", "reason": WHY}
        assert decide(liaison(world), request, "overrides", why).status_code == 201
        book(world.here.neighbours, second)
        assert decide(world.hub_carer, request, "accept").json["code"] == "kept_apart"
        (event,) = rows(
            "select changed from audit_events where action = 'respite_request:override'"
        )
        assert event.changed == ["kept_apart", ":".join(sorted(map(str, (one, first))))]
        assert decide(liaison(world), request, "overrides", why).status_code == 201
        assert decide(world.hub_carer, request, "accept").status_code == 200

    def test_may_be_the_hub_homes_own(self, world, keep_apart, rows):
        with db.transaction(world.app.engine):
            db.set_scope(world.here.liaison_worker, [world.here.id])
            own = add_hub_child(world).id
        world.booked()
        mine = world.here.family.children[0]
        keep_apart(mine, own)
        assert doubted(rows) == [str(mine)]


def test_a_child_comes_to_live_at_the_hub_whom_a_guest_is_kept_apart_from(world, owner, rows):
    mine, other = sorted(world.here.family.children[:1] + world.here.neighbours.children[:1])
    with db.transaction(owner) as session:
        session.add(
            KeptApart(
                constellation_id=world.here.id,
                child_id=mine,
                other_child_id=other,
                reason="other",
                starts_on=day(0),
                recorded_by=world.here.liaison_worker,
            )
        )
    guest = world.booked()["child"]["id"]
    with db.transaction(world.app.engine) as session:
        db.set_scope(world.here.liaison_worker, [world.here.id])
        home = session.get_one(HubHome, world.here.hub_home).household_id
        session.get_one(Child, world.here.neighbours.children[0]).household_id = home
        session.flush()
        changes.announce(HubResidentsChanged(world.here.hub_home, day(0)))
    assert doubted(rows) == [guest]


class TestAnAgreementThatEnds:
    def test_is_recorded_and_the_stays_in_one_room_looked_into(self, world, owner, rows):
        one, other = world.here.family.children
        phone = liaison(world)
        with db.transaction(owner) as session:
            bedroom = session.get_one(Bed, world.here.beds[0]).bedroom
            session.add(make_bed(world.here, "second", bedroom=bedroom))
        made = [
            phone.post(
                f"/children/{child}/sharing-agreements",
                {"with_child_id": str(beside), "authority": "Kent", "starts_on": str(day(-2))},
            ).json
            for child, beside in ((one, other), (other, one))
        ]
        world.booked(children=[str(one), str(other)])
        for agreement, ends_on, expected in (
            (made[0], day(8), []),
            (made[1], day(7), sorted(map(str, (one, other)))),
        ):
            answer = phone.send(
                "PATCH",
                f"/sharing-agreements/{agreement['id']}",
                {"ends_on": str(ends_on)},
                If_Match='"1"',
            )
            assert answer.status_code == 200, answer.json
            assert doubted(rows) == expected
        again = {"with_child_id": str(one), "authority": "Kent", "starts_on": str(day(7))}
        answer = phone.post(f"/children/{other}/sharing-agreements", again)
        assert answer.status_code == 201, answer.json
        assert doubted(rows) == []


class TestAGuestWhoMayShareNoMore:
    """What is true of a child is never refused: somebody looks into the bedroom."""

    @pytest.fixture
    def in_one_room(self, world, owner):
        """Both children of the family here, of these facts, in the one bedroom there is."""

        def have(**known):
            with db.transaction(owner) as session:
                bedroom = session.get_one(Bed, world.here.beds[0]).bedroom
                session.add(make_bed(world.here, "second", bedroom=bedroom))
                for child in world.here.family.children:
                    for name, value in known.items():
                        setattr(session.get_one(Child, child), name, value)
            return world.here.family.children

        return have

    @pytest.fixture
    def patch(self, world):
        phone = liaison(world)

        def send(child, **body):
            path = f"/children/{child}"
            answer = phone.send("PATCH", path, body, If_Match=phone.get(path).headers["ETag"])
            assert answer.status_code == 200, answer.json

        return send

    @pytest.mark.parametrize(
        ("known", "change"),
        [
            ({"legal_status": LegalStatus.ADOPTED}, {"legal_status": "section_20"}),
            ({"born_on": day(-200)}, {"born_on": str(day(-3000))}),
        ],
        ids=["fostered now", "older than was thought"],
    )
    def test_is_looked_into(self, world, in_one_room, patch, rows, known, change):
        one, other = in_one_room(**known)
        world.booked(children=[str(one), str(other)])
        patch(other, first_name="Sam")
        assert doubted(rows) == []
        patch(one, **change)
        assert doubted(rows) == [str(one)]

    def test_once_another_authority_holds_the_care_plan(self, world, in_one_room, patch, rows):
        one, other = in_one_room(responsible_authority="Kent")
        phone = liaison(world)
        for child, beside in ((one, other), (other, one)):
            body = {"with_child_id": str(beside), "authority": "kent", "starts_on": str(day(-2))}
            assert phone.post(f"/children/{child}/sharing-agreements", body).status_code == 201
        world.booked(children=[str(one), str(other)])
        patch(one, responsible_authority="Bexley")
        assert doubted(rows) == [str(one)]
        request = world.asked(children=[str(one), str(other)], **stay(20))
        assert decide(world.hub_carer, request, "accept").json["code"] == "bedroom_sharing"


class TestAHubHomeWhosePapersRunOut:
    """What is true of a grown-up or a review is never refused either."""

    @pytest.fixture
    def home(self, world):
        found = liaison(world).get("/households").json["items"]
        (home,) = (row for row in found if row["name"] == "Here hub household")
        return f"/households/{home['id']}"

    @pytest.fixture
    def patch(self, world):
        phone = liaison(world)

        def send(path, **body):
            (found,) = phone.get(path[0]).json["items"]
            seen = f'"{found["version"]}"'
            answer = phone.send("PATCH", f"{path[1]}/{found['id']}", body, If_Match=seen)
            assert answer.status_code == 200, answer.json

        return send

    def test_a_dbs_that_will_have_run_out(self, world, home, patch, rows):
        child = world.booked()["child"]["id"]
        adult = (f"{home}/adults", "/adults")
        patch(adult, dbs_issued_on=str(day(8 - 365 * 3)))
        assert doubted(rows) == []
        patch(adult, dbs_issued_on=str(day(5 - 365 * 3)))
        assert doubted(rows) == [child]
        patch(adult, dbs_issued_on=str(day(-9)))
        assert doubted(rows) == []

    def test_a_grown_up_without_one(self, world, home, rows):
        child = world.booked()["child"]["id"]
        body = {"name": "Lodger", "dbs_issued_on": None}
        phone = liaison(world)
        made = phone.post(f"{home}/adults", body)
        assert (made.status_code, doubted(rows)) == (201, [child])
        path = f"/adults/{made.json['id']}"
        gone = phone.send("PATCH", path, {"left_on": str(day(7))}, If_Match='"1"')
        assert (gone.status_code, doubted(rows)) == (200, [])

    def test_a_review_that_is_due_before(self, world, home, patch, rows):
        child = world.booked()["child"]["id"]
        approval = (f"{home}/approvals", "/approvals")
        patch(approval, review_due_on=str(day(6)))
        assert doubted(rows) == [child]
        patch(approval, review_due_on=str(day(7)))
        assert doubted(rows) == []

    def test_whatever_the_family_does_elsewhere(self, world, rows):
        world.booked()
        body = {"name": "Lodger", "dbs_issued_on": None}
        path = f"/households/{world.here.neighbours.id}/adults"
        assert liaison(world).post(path, body).status_code == 201
        assert doubted(rows) == []

    @pytest.mark.usefixtures("beds_enough")
    def test_is_no_reason_to_ask_again_about_two_children(self, world, book, home, patch, rows):
        """A liaison worker has looked into them and said so."""
        mine, theirs = world.here.family.children[0], world.here.neighbours.children[0]
        book(world.here.family, mine)
        book(world.here.neighbours, theirs)
        phone = liaison(world)
        apart = {"other_child_id": str(theirs), "reason": "other", "starts_on": str(day(0))}
        assert phone.post(f"/children/{mine}/kept-apart", apart).status_code == 201
        for task in phone.get("/tasks").json["items"]:
            assert phone.post_seen(f"/tasks/{task['id']}", None, verb="done").status_code == 200
        patch((f"{home}/adults", "/adults"), dbs_issued_on=str(day(-9)))
        assert doubted(rows) == []


def doubted(rows) -> list[str]:
    """The children whose stays the liaison worker is asked to look at."""
    found = rows("""
        select s.child_id from tasks t join sleepovers s on s.id = t.subject_id
         where t.kind = 'sleepover_in_doubt' and t.state = 'open' order by s.child_id
    """)
    return [str(task.child_id) for task in found]
