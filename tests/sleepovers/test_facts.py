"""What the checks are told: all of it, in one statement, and nothing of who else is there."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.constellations.models import AbsenceReason, HubAbsence, HubAppointment
from hub_api.errors import NotFound
from hub_api.households.models import (
    Adult,
    Approval,
    Child,
    FosteringExemption,
    KeptApart,
    KeptApartReason,
    SharingAgreement,
)
from hub_api.sleepovers import facts
from hub_api.sleepovers.facts import Absence, AdultFacts, Agreement, Apart, NightAway
from tests.factories.world import make_bed
from tests.platform.test_statements import counted
from tests.sleepovers.told import book, day, stay_at


class TestTheHubHome:
    def test_its_beds_of_those_nights(self, world, add, as_owner):
        kept = make_bed(world.here, "kept", bedroom="attic", ends_on=day(11))
        add(
            kept,
            make_bed(world.here, "gone", ends_on=day(10)),
            make_bed(world.here, "later", starts_on=day(12)),
        )
        found = as_owner(stay_at(world)).beds
        assert [bed.id for bed in found] == [*world.here.beds, kept.id]
        assert (found[1].label, found[1].bedroom) == ("kept", "attic")
        assert (found[1].starts_on, found[1].ends_on) == (kept.starts_on, day(11))

    def test_its_absences_of_those_nights(self, world, add, as_owner):
        def absence(first: int, last: int) -> HubAbsence:
            return HubAbsence(
                constellation_id=world.here.id,
                hub_home_id=world.here.hub_home,
                first_night=day(first),
                last_night=day(last),
                reason=AbsenceReason.LEAVE,
                added_by=world.here.hub_carer,
            )

        add(absence(1, 9), absence(5, 10), absence(11, 20), absence(12, 20))
        found = {*as_owner(stay_at(world)).absences}
        assert found == {Absence(day(5), day(10)), Absence(day(11), day(20))}

    def test_its_approvals_of_those_nights(self, world, owner, as_owner, hub_household_id):
        with db.transaction(owner) as session:
            old = session.scalars(
                sa.select(Approval).filter_by(household_id=hub_household_id)
            ).one()
            old.ends_on = day(11)
            terms = {"max_children": 2, "min_age": 5, "max_age": 12, "genders": ["female"]}
            session.add(
                Approval(
                    constellation_id=world.here.id,
                    household_id=hub_household_id,
                    starts_on=day(11),
                    review_due_on=day(300),
                    **terms,
                )
            )
        found = sorted(as_owner(stay_at(world)).approvals, key=lambda approval: approval.starts_on)
        assert [approval.ends_on for approval in found] == [day(11), None]
        new = found[1]
        assert (new.max_children, new.min_age, new.max_age) == (2, 5, 12)
        assert (new.genders, new.review_due_on) == (frozenset({"female"}), day(300))
        assert as_owner(stay_at(world, nights=1)).approvals == (found[0],)

    def test_its_exemptions_of_those_nights(self, world, add, as_owner, hub_household_id):
        children = world.here.family.children

        def exemption(**dates) -> FosteringExemption:
            return FosteringExemption(
                constellation_id=world.here.id,
                household_id=hub_household_id,
                authority="Kent",
                child_ids=children,
                recorded_by=world.here.liaison_worker,
                **dates,
            )

        add(
            exemption(starts_on=day(1), ends_on=day(10)),
            exemption(starts_on=day(11)),
            exemption(starts_on=day(12)),
        )
        (found,) = as_owner(stay_at(world)).exemptions
        assert (found.starts_on, found.ends_on) == (day(11), None)
        assert (found.authority, found.child_ids) == ("Kent", frozenset(children))

    def test_its_adults_of_those_nights(self, world, add, as_owner, hub_household_id):
        def adult(left_on: date) -> Adult:
            return Adult(
                constellation_id=world.here.id,
                household_id=hub_household_id,
                name="Lodger",
                left_on=left_on,
            )

        add(adult(day(10)), adult(day(11)))
        found = {*as_owner(stay_at(world)).adults}
        assert found == {AdultFacts(day(-30), None), AdultFacts(None, day(11))}

    def test_the_children_who_live_there(self, world, owner, as_owner, resident):
        assert as_owner(stay_at(world)).residents == (resident,)
        with db.transaction(owner) as session:
            session.get(Child, resident).left_on = day(10)
        assert as_owner(stay_at(world)).residents == ()


class TestItsGuests:
    def test_are_those_of_the_nights(self, world, add, as_owner):
        guest = world.here.neighbours.children[0]
        add(make_bed(world.here, "more"))
        request = book(world, world.here.neighbours, guest, 9, nights=2)
        book(world, world.here.neighbours, guest, 12)
        (found,) = as_owner(stay_at(world)).guests
        assert (found.night, found.child_id, found.request_id) == (day(10), guest, request)
        assert found.bed_id in world.here.beds

    def test_are_others_than_those_of_the_same_request(self, world, as_owner):
        child = world.here.family.children[0]
        request = book(world, world.here.family, child, 10, nights=2)
        stay = stay_at(world)
        assert len(as_owner(stay).guests) == len(as_owner(stay).nights_away) == 2
        own = replace(stay, request_id=request)
        assert as_owner(own).guests == as_owner(own).nights_away == ()
        other_child = replace(own, children=(world.here.family.children[1],))
        assert len(as_owner(other_child).guests) == 2


class TestTheChildrenAskedFor:
    def test_are_told_whole(self, world, owner, as_owner):
        child_id, siblings = world.here.family.children[0], uuid7()
        with db.transaction(owner) as session:
            child = session.get(Child, child_id)
            child.sibling_group_id, child.placed_on = siblings, day(-9)
            child.left_on, child.bereaved_on = day(90), day(-8)
            born_on = child.born_on
        found = as_owner(stay_at(world)).children[child_id]
        assert found == facts.ChildFacts(
            id=child_id,
            first_name="Here family child 0",
            household_id=world.here.family.id,
            born_on=born_on,
            gender="female",
            legal_status="section_31",
            sibling_group_id=siblings,
            placed_on=day(-9),
            left_on=day(90),
            bereaved_on=day(-8),
        )
        assert found.is_fostered

    def test_sleep_away_three_weeks_before_and_after(self, world, as_owner):
        child = world.here.family.children[0]
        requests = {
            first: book(world, world.here.family, child, first) for first in (9, 10, 32, 33, 54, 55)
        }
        found = as_owner(stay_at(world, first=31, nights=3)).nights_away
        assert found == tuple(
            NightAway(day(first), child, requests[first]) for first in (10, 32, 33, 54)
        )

    def test_leave_their_brothers_and_sisters_at_home(self, world, owner, as_owner):
        first, second = world.here.family.children
        assert as_owner(stay_at(world)).siblings_at_home == ()
        with db.transaction(owner) as session:
            for id_ in (first, second, world.here.neighbours.children[0]):
                session.get(Child, id_).sibling_group_id = UUID(int=7)
        assert as_owner(stay_at(world)).siblings_at_home == (second,)
        assert as_owner(stay_at(world, first, second)).siblings_at_home == ()
        with db.transaction(owner) as session:
            session.get(Child, second).left_on = day(10)
        assert as_owner(stay_at(world)).siblings_at_home == ()
        with db.transaction(owner) as session:
            session.get(Child, second).left_on = None
            session.get(Child, second).placed_on = day(11)
        assert as_owner(stay_at(world)).siblings_at_home == ()

    def test_have_had_stays_in_the_carers_holidays(self, world, as_owner):
        child = world.here.family.children[0]
        holiday = book(world, world.here.family, child, 5, reason="carers_holiday")
        cancelled = book(world, world.here.family, child, 7, reason="carers_holiday")
        book(world, world.here.family, child, 3)
        stays = world.carer.get("/sleepovers").json["items"]
        (stay,) = [stay for stay in stays if stay["request_id"] == str(cancelled)]
        reason = {"reason": "child_unwell"}
        world.carer.post_seen(f"/sleepovers/{stay['id']}", reason, verb="cancel")
        (found,) = as_owner(stay_at(world)).holidays
        assert (found.child_id, found.request_id) == (child, holiday)
        assert found.arrives_at.date() == day(5)
        assert as_owner(stay_at(world, first=5 + 364)).holidays == (found,)
        assert as_owner(stay_at(world, first=5 + 367)).holidays == ()
        own = replace(stay_at(world), request_id=holiday)
        assert as_owner(own).holidays == ()


class TestWhoMayNotMeet:
    @pytest.fixture
    def pairs(self, world, resident):
        """Of a child asked for and each other who is there; of two others; of somebody far off."""
        asked, other = world.here.family.children[0], world.here.neighbours.children
        book(world, world.here.neighbours, other[0], 10)
        return [(asked, resident), (asked, other[0]), (other[0], resident), (asked, other[1])]

    def test_are_pairs_of_whom_one_is_asked_for(self, world, add, as_owner, pairs):
        add(
            *(
                KeptApart(
                    constellation_id=world.here.id,
                    child_id=min(pair),
                    other_child_id=max(pair),
                    reason=KeptApartReason.COURT_ORDER,
                    recorded_by=world.here.liaison_worker,
                    starts_on=day(-1),
                    ends_on=day(20),
                )
                for pair in pairs
            )
        )
        found = {*as_owner(stay_at(world)).kept_apart}
        assert found == {Apart(day(-1), day(20), min(p), max(p)) for p in pairs[:2]}

    def test_and_agreements_are_of_any_two_who_are_there(self, world, add, as_owner, pairs):
        add(
            *(
                SharingAgreement(
                    constellation_id=world.here.id,
                    child_id=one,
                    with_child_id=other,
                    authority="Southwark",
                    recorded_by=world.here.liaison_worker,
                    starts_on=day(-1),
                )
                for one, other in pairs
            )
        )
        found = {*as_owner(stay_at(world)).agreements}
        assert found == {Agreement(day(-1), None, *pair) for pair in pairs[:3]}


class TestWhoIsTold:
    def test_the_api_in_scope_all_that_the_owner_is(self, world, as_owner, as_api, resident):
        book(world, world.here.neighbours, world.here.neighbours.children[0], 10)
        found = as_api(stay_at(world))
        assert found == as_owner(stay_at(world))
        assert found.guests
        assert found.residents == (resident,)

    def test_the_worker_too(self, world, settings, as_owner):
        engine = db.make_engine(settings.required_database().worker, connections=1)
        with db.transaction(engine):
            assert facts.read(stay_at(world)) == as_owner(stay_at(world))
        engine.dispose()

    def test_nobody_of_a_constellation_that_the_hub_home_does_not_serve(self, world, as_api):
        own_child = world.elsewhere.family.children[0]
        for child in (own_child, world.here.family.children[0]):
            with pytest.raises(NotFound):
                as_api(stay_at(world, child), world.elsewhere.id)

    def test_nobody_without_a_scope(self, world):
        with db.transaction(world.app.engine), pytest.raises(NotFound):
            facts.read(stay_at(world))

    def test_of_nobody_elses_children(self, world, as_api):
        with pytest.raises(NotFound):
            as_api(stay_at(world, world.elsewhere.family.children[0]))

    def test_of_no_child_that_does_not_exist(self, world, as_owner):
        with pytest.raises(NotFound):
            as_owner(stay_at(world, uuid7()))

    def test_a_login_of_any_other_name_is_held_to_its_scope(self, world, server, settings):
        database = str(sa.make_url(settings.required_database().api).database)
        with psycopg.connect(server.url(), autocommit=True) as superuser:
            superuser.execute("create role hub_report login in role hub_api")
            try:
                with psycopg.connect(server.url("hub_report", database)) as connection:
                    told = connection.execute(
                        "select stay_facts(%s, '{}', current_date, current_date)",
                        (world.here.hub_home,),
                    ).fetchall()
            finally:
                superuser.execute("drop role hub_report")
        assert told in ([], [(None,)])

    def test_no_names_but_of_the_children_asked_for(self, world, as_api, resident):
        book(world, world.here.neighbours, world.here.neighbours.children[0], 10)
        named = {child.id: child.first_name for child in as_api(stay_at(world)).children.values()}
        assert named == {
            world.here.family.children[0]: "Here family child 0",
            world.here.neighbours.children[0]: None,
            resident: None,
        }


class TestAnInterimHub:
    """The hub home here serves the constellation elsewhere as well."""

    @pytest.fixture(autouse=True)
    def _serves_both(self, world, owner):
        with db.transaction(owner) as session:
            session.execute(
                sa.update(HubAppointment)
                .where(HubAppointment.constellation_id == world.elsewhere.id)
                .values(ends_on=day(0))
            )
            session.add(
                HubAppointment(
                    constellation_id=world.elsewhere.id,
                    hub_home_id=world.here.hub_home,
                    starts_on=day(0),
                )
            )

    def test_its_own_guests_are_seen_by_id_and_without_a_name(self, world, as_api, resident):
        guest, asked = world.here.neighbours.children[0], world.elsewhere.family.children[0]
        book(world, world.here.neighbours, guest, 10)
        found = as_api(stay_at(world, asked), world.elsewhere.id)
        assert [bed.id for bed in found.beds] == world.here.beds
        assert [taken.child_id for taken in found.guests] == [guest]
        assert found.residents == (resident,)
        assert {child.id: child.first_name for child in found.children.values()} == {
            asked: "Elsewhere family child 0",
            guest: None,
            resident: None,
        }

    def test_a_guest_who_is_not_the_askers_is_not_theirs_to_ask_for(self, world, as_api):
        guest = world.here.neighbours.children[0]
        book(world, world.here.neighbours, guest, 10)
        with pytest.raises(NotFound):
            as_api(stay_at(world, guest), world.elsewhere.id)


def test_they_cost_one_statement(world, as_api):
    with counted(world.app.engine) as sent:
        as_api(stay_at(world, *world.here.family.children, nights=3))
    (statement,) = [statement for statement in sent if "set_config" not in statement]
    assert statement.startswith("select stay_facts(")
