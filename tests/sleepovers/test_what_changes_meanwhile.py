"""What changes between a booking and the night: guests' facts, agreements, hub homes."""

from contextlib import nullcontext
from datetime import date, time, timedelta

import pytest
import time_machine

from hub_api import clock, db
from hub_api.constellations.models import Bed, HubAbsence, HubAppointment
from hub_api.errors import NotFound
from hub_api.households.models import Child, LegalStatus, SharingAgreement
from hub_api.sleepovers import facts
from hub_api.sleepovers.facts import Stay
from tests.factories.requests import WHY, decide, held, liaison
from tests.factories.world import make_bed


def day(number: int) -> date:
    return clock.london_today() + timedelta(days=number)


@pytest.fixture
def book(world):
    """Have a family's children, or these of them, booked for the same night."""

    def send(family, *children):
        phone = world.phone(family.carer)
        body = world.ask_body(
            household_id=str(family.id),
            children=[str(child) for child in children or family.children],
        )
        asked = phone.post("/respite-requests", body).json
        assert decide(world.hub_carer, asked, "accept").status_code == 200

    return send


@pytest.fixture
def beds_enough(world, owner):
    with db.transaction(owner) as session:
        session.add_all(make_bed(world.here, f"more {number}") for number in range(4))


@pytest.mark.usefixtures("beds_enough")
class TestAGuestsFacts:
    @pytest.mark.parametrize("is_asleep", [False, True], ids=["ahead", "at one in the morning"])
    def test_may_not_fill_the_home_above_the_limit(self, world, owner, book, is_asleep):
        other = world.here.neighbours.children[1]
        with db.transaction(owner) as session:
            session.get_one(Child, other).legal_status = LegalStatus.ADOPTED
        book(world.here.family)
        book(world.here.neighbours)
        night, path = day(7), f"/children/{other}"
        asleep = clock.london_instant(night + timedelta(days=1), time(1))
        with time_machine.travel(asleep, tick=False) if is_asleep else nullcontext():
            phone = liaison(world)
            etag = phone.get(path).headers["ETag"]
            answer = phone.send("PATCH", path, {"legal_status": "section_20"}, If_Match=etag)
        assert (answer.status_code, answer.json["code"]) == (409, "fostering_limit")
        assert answer.json["nights"] == [str(night)]
        phone = liaison(world)
        name = phone.send("PATCH", path, {"first_name": "Sam"}, If_Match=etag)
        assert name.status_code == 200

    def test_nor_may_brothers_and_sisters_who_are_none_any_more(self, world, book):
        one, *others = (*world.here.family.children, *world.here.neighbours.children)
        phone, path = liaison(world), f"/children/{one}"

        def siblings(children):
            body = {"children": [str(child) for child in children]}
            etag = phone.get(path).headers["ETag"]
            return phone.send("PUT", f"{path}/siblings", body, If_Match=etag)

        assert siblings(others).status_code == 200
        book(world.here.family)
        book(world.here.neighbours)
        assert siblings([]).json["code"] == "fostering_limit"


@pytest.fixture
def change_terms(world):
    """Have the liaison worker change the hub home's terms of approval."""
    phone = liaison(world)
    home = next(
        row for row in phone.get("/households").json["items"] if row["name"] == "Here hub household"
    )
    (approval,) = phone.get(f"/households/{home['id']}/approvals").json["items"]

    def send(body):
        seen = f'"{approval["version"]}"'
        return phone.send("PATCH", f"/approvals/{approval['id']}", body, If_Match=seen)

    return send


@pytest.mark.usefixtures("beds_enough")
class TestTermsOfApproval:
    """They are refused by their own name: nothing is wrong with how many children there are."""

    @pytest.mark.parametrize(
        "narrower",
        [
            {"ends_on": str(day(1))},
            {"max_age": 6, "min_age": 5},
            {"genders": ["non_binary"]},
            {"max_children": 1},
        ],
        ids=["over by then", "other ages", "other genders", "fewer children"],
    )
    def test_may_not_be_narrowed_over_nights_booked(self, world, book, change_terms, narrower):
        book(world.here.family)
        answer = change_terms(narrower)
        assert (answer.status_code, answer.json["code"]) == (409, "approval_terms")
        assert answer.json["nights"] == [str(day(7))]
        assert "approval would not cover" in answer.json["detail"]
        assert "None" not in answer.json["detail"]

    def test_may_change_where_the_guests_are_still_covered(self, world, book, change_terms):
        book(world.here.family)
        assert change_terms({"ends_on": str(day(8))}).status_code == 200


class TestBedsThatWereHeld:
    def test_are_given_anew_when_the_room_may_not_be_shared_any_more(self, world, owner, rows):
        mine, other = world.here.family.children[0], world.here.neighbours.children[0]
        with db.transaction(owner) as session:
            first = session.get_one(Bed, world.here.beds[0])
            session.add(make_bed(world.here, "second", bedroom=first.bedroom))
            session.add_all(
                SharingAgreement(
                    constellation_id=world.here.id,
                    child_id=child,
                    with_child_id=beside,
                    authority="Kent",
                    starts_on=day(-2),
                    recorded_by=world.here.liaison_worker,
                )
                for child, beside in ((mine, other), (other, mine))
            )
        body = world.ask_body(household_id=str(world.here.neighbours.id), children=[str(other)])
        asked = world.phone(world.here.neighbours.carer).post("/respite-requests", body).json
        assert decide(world.hub_carer, asked, "accept").status_code == 200
        request = held(world)
        with owner.begin() as connection:
            connection.exec_driver_sql("update sharing_agreements set ends_on = current_date")
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "a room of its own"))
        answer = decide(liaison(world), request, "approve", {"reason": WHY})
        assert answer.status_code == 200
        shared = """
            select n.night, b.bedroom from bed_nights n join beds b on b.id = n.bed_id
             group by 1, 2 having count(*) > 1
        """
        assert rows(shared) == []


class TestAnInterimHubHome:
    def test_is_closed_to_those_it_served_long_ago(self, world, owner):
        with db.transaction(owner) as session:
            session.add(
                HubAppointment(
                    constellation_id=world.elsewhere.id,
                    hub_home_id=world.here.hub_home,
                    starts_on=day(-400),
                    ends_on=day(-390),
                )
            )
        world.booked()
        now = clock.now()
        stay = Stay(world.here.hub_home, (), now, now, (day(0), day(30)), reason="")
        with db.transaction(world.app.engine):
            db.set_scope(world.elsewhere.family.carer, [world.elsewhere.id])
            with pytest.raises(NotFound):
                facts.read(stay)

    def test_gives_up_its_own_leave_itself(self, world, owner):
        home = world.elsewhere.hub_home
        with db.transaction(owner) as session:
            ended = session.query(HubAppointment).filter_by(constellation_id=world.here.id).one()
            ended.ends_on = day(5)
            session.flush()
            session.add(
                HubAppointment(constellation_id=world.here.id, hub_home_id=home, starts_on=day(5))
            )
            session.add(
                HubAbsence(
                    constellation_id=world.elsewhere.id,
                    hub_home_id=home,
                    first_night=day(6),
                    last_night=day(9),
                    reason="leave",
                    added_by=world.elsewhere.hub_carer,
                )
            )
        request = world.asked()
        assert decide(world.hub_carer, request, "accept").json["code"] == "hub_away"
        why = {"code": "hub_away", "reason": WHY}
        assert decide(world.hub_carer, request, "overrides", why).status_code == 403
