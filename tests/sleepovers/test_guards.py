"""What nobody may do to places and families while children stay, or are to stay, at the hub."""

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import changes, clock, db
from hub_api.constellations import service as constellations
from hub_api.constellations.changes import (
    BedEnds,
    ConstellationCloses,
    HubHomeEnds,
    MembershipEnds,
    NightsBlocked,
)
from hub_api.constellations.models import HubAppointment
from hub_api.errors import Conflict
from hub_api.households.changes import ChildLeaves, HouseholdLeaves, HubResidentsChanged
from hub_api.households.models import Gender, Household, LegalStatus
from tests.factories.homes import make_child
from tests.factories.world import make_bed
from tests.sleepovers.stays import arrival, begun, brought_to, departure, nights

DAY = timedelta(days=1)


@pytest.fixture
def announce(world):
    """Announce a change as the liaison worker of a constellation; what refused it, or nothing."""

    def send(change, place=world.here, at=None):
        with time_machine.travel(at or clock.now(), tick=False), db.transaction(world.app.engine):
            db.set_scope(place.liaison_worker, [place.id])
            try:
                changes.announce(change)
            except Conflict as refusal:
                return refusal.code, refusal.members.get("nights")
            return None

    return send


def night_of(stay) -> date:
    return date.fromisoformat(nights(stay)[0])


class TestBlockingNights:
    def test_is_refused_for_nights_with_guests_and_names_them(self, world, announce):
        night = night_of(world.booked())
        change = NightsBlocked(world.here.hub_home, night - DAY, night + DAY)
        assert announce(change) == ("nights_booked", [night])

    def test_is_refused_for_nights_held_for_a_request(self, world, announce, owner):
        night = night_of(world.booked())
        with owner.begin() as connection:
            connection.exec_driver_sql("update bed_nights set sleepover_id = null")
        assert announce(NightsBlocked(world.here.hub_home, night, night)) is not None

    def test_is_free_for_other_nights(self, world, announce):
        night = night_of(world.booked())
        for other in (night - DAY, night + DAY):
            assert announce(NightsBlocked(world.here.hub_home, other, other)) is None

    def test_sees_the_guests_of_another_constellation(self, world, announce, owner):
        with db.transaction(owner) as session:
            session.execute(
                sa.update(HubAppointment)
                .where(HubAppointment.constellation_id == world.here.id)
                .values(hub_home_id=world.elsewhere.hub_home)
            )
        night = night_of(world.booked())
        change = NightsBlocked(world.elsewhere.hub_home, night, night)
        assert announce(change, world.elsewhere) == ("nights_booked", [night])


class TestEndingABed:
    def test_is_refused_while_somebody_is_to_sleep_in_it(self, world, announce):
        night = night_of(world.booked())
        (bed,) = world.here.beds
        home = world.here.hub_home
        assert announce(BedEnds(home, bed, night)) == ("nights_booked", [night])
        assert announce(BedEnds(home, bed, night + DAY)) is None

    def test_is_free_for_another_bed_of_the_home(self, world, announce, owner):
        with db.transaction(owner) as session:
            spare = make_bed(world.here, "a spare one")
            session.add(spare)
            session.flush()
        night = night_of(world.booked())
        assert announce(BedEnds(world.here.hub_home, spare.id, night)) is None


class TestEndingAHubHomeOrAConstellation:
    def test_a_hub_home_with_nights_ahead_goes_on(self, world, announce):
        night = night_of(world.booked())
        here = world.here
        assert announce(HubHomeEnds(here.id, here.hub_home, night)) == ("stays_ahead", [night])
        assert announce(HubHomeEnds(here.id, here.hub_home, night + DAY)) is None

    def test_a_constellation_with_stays_ahead_goes_on(self, world, announce):
        stay = world.booked()
        change = ConstellationCloses(world.here.id, night_of(stay))
        assert announce(change) == ("stays_ahead", None)
        later = ConstellationCloses(world.here.id, departure(stay).date() + DAY)
        assert announce(later) is None

    def test_a_child_who_is_still_there_keeps_it_open(self, world, announce):
        stay = begun(world)
        late = departure(stay) + 3 * DAY
        assert announce(ConstellationCloses(world.here.id, late.date()), at=late) is not None

    def test_a_cancelled_stay_keeps_nothing(self, world, announce):
        stay = brought_to(world, "cancelled")
        assert announce(ConstellationCloses(world.here.id, arrival(stay).date())) is None


class TestARequestThatWaits:
    """Nobody may take away what it was asked of while it waits for an answer."""

    def test_keeps_its_hub_home(self, world, announce):
        night = date.fromisoformat(world.asked()["nights"][0])
        place, home = world.here.id, world.here.hub_home
        assert announce(HubHomeEnds(place, home, night)) == ("stays_ahead", None)
        assert announce(HubHomeEnds(place, home, night + DAY)) is None

    def test_keeps_its_constellation(self, world, announce):
        asked = world.asked()
        change = ConstellationCloses(world.here.id, clock.london_today())
        assert announce(change) == ("stays_ahead", None)
        path = f"/respite-requests/{asked['id']}"
        world.carer.post_seen(path, {"reason": "no_longer_needed"}, verb="withdraw")
        assert announce(change) is None

    def test_keeps_its_household_a_member(self, world, announce):
        change = MembershipEnds(world.here.family.id, world.here.id, clock.london_today())
        assert announce(change) is None
        world.asked()
        assert announce(change) == ("stays_ahead", None)

    def test_is_not_accepted_for_a_hub_home_that_no_longer_serves(self, world, rows, owner):
        """As when it was sent at the very moment in which the hub home ended."""
        asked = world.asked()
        with owner.begin() as connection:
            connection.exec_driver_sql("update hub_appointments set ends_on = current_date")
        path = f"/respite-requests/{asked['id']}"
        answer = world.hub_carer.post_seen(path, verb="accept")
        assert (answer.status_code, answer.json["code"]) == (409, "no_hub_home")
        assert rows("select from bed_nights") == []


class TestMovingAHousehold:
    def test_or_ending_its_membership_waits_for_its_stays(self, world, announce):
        world.booked()
        change = MembershipEnds(world.here.family.id, world.here.id, clock.london_today())
        assert announce(change) == ("stays_ahead", None)

    @pytest.mark.parametrize(
        ("state", "refused"),
        [
            ("confirmed", True),
            ("in_stay", True),
            ("returned", False),
            ("closed", False),
            ("cancelled", False),
        ],
    )
    def test_waits_until_its_stays_are_over(self, world, announce, state, refused):
        brought_to(world, state)
        told = announce(HouseholdLeaves(world.here.family.id))
        assert told == (("stays_ahead", None) if refused else None)
        assert announce(HouseholdLeaves(world.here.neighbours.id)) is None

    def test_does_not_wait_for_a_stay_that_never_began(self, world, announce):
        stay = world.booked()
        change = HouseholdLeaves(world.here.family.id)
        assert announce(change, at=departure(stay) + DAY) is None

    def test_waits_for_a_child_who_is_late(self, world, announce):
        stay = begun(world)
        change = HouseholdLeaves(world.here.family.id)
        assert announce(change, at=departure(stay) + DAY) is not None

    def test_waits_for_an_answer(self, world, announce):
        world.asked(draft=True)
        assert announce(HouseholdLeaves(world.here.family.id)) is None
        world.asked()
        assert announce(HouseholdLeaves(world.here.family.id)) == ("stays_ahead", None)


class TestAChildLeaving:
    def test_waits_for_nights_on_that_day_or_later(self, world, announce):
        stay = world.booked(nights=2)
        child, last = world.here.family.children[0], night_of(stay) + DAY
        assert announce(ChildLeaves(child, last)) == ("stays_ahead", [last])
        assert announce(ChildLeaves(child, last + DAY)) is None
        assert announce(ChildLeaves(world.here.family.children[1], last)) is None

    def test_does_not_wait_for_what_is_over(self, world, announce):
        stay = brought_to(world, "returned")
        child = UUID(stay["child"]["id"])
        assert announce(ChildLeaves(child, night_of(stay)), at=departure(stay) + DAY) is None

    def test_waits_for_a_child_who_is_still_at_the_hub(self, world, announce):
        stay = begun(world)
        child, day = UUID(stay["child"]["id"]), departure(stay) + DAY
        assert announce(ChildLeaves(child, day.date()), at=day) == ("stays_ahead", None)

    def test_waits_for_an_answer_about_nights_on_that_day_or_later(self, world, announce):
        night = date.fromisoformat(world.asked(nights=2)["nights"][-1])
        child = world.here.family.children[0]
        assert announce(ChildLeaves(child, night)) == ("stays_ahead", None)
        assert announce(ChildLeaves(child, night + DAY)) is None


class TestTheChildrenOfTheHub:
    @pytest.fixture
    def add_resident(self, world):
        """Add a fostered child to the hub home as the liaison worker; what refused it, if any."""

        def add(from_night=None):
            with db.transaction(world.app.engine):
                db.set_scope(world.here.liaison_worker, [world.here.id])
                return add_hub_child(world, from_night)

        return add

    def test_may_be_so_many_with_the_guests(self, world, rows, add_resident):
        night = night_of(world.booked())
        add_resident()
        add_resident()
        with pytest.raises(Conflict) as refused:
            add_resident()
        assert (refused.value.code, refused.value.members["nights"]) == ("fostering_limit", [night])
        assert len(rows("select 1 from children where first_name = 'Hub child'")) == 2

    def test_are_counted_on_nights_from_then_on(self, world, add_resident):
        night = night_of(world.booked())
        for _ in range(3):
            add_resident(night + DAY)

    def test_are_not_counted_with_guests_who_have_gone(self, world, add_resident):
        stay = brought_to(world, "returned")
        with time_machine.travel(departure(stay) + 2 * DAY, tick=False):
            for _ in range(3):
                add_resident(night_of(stay))


def add_hub_child(world, from_night=None):
    """A fostered child comes to live in the hub home, as the households slice does it."""
    constellations.lock_hub_home(world.here.hub_home)
    home = db.session().scalars(
        sa.select(Household).where(Household.name == "Here hub household")
    ).one()  # fmt: skip
    child = make_child(home, "Hub child", date(2018, 1, 1), Gender.FEMALE, LegalStatus.SECTION_20)
    first = from_night or clock.london_today()
    changes.announce(HubResidentsChanged(world.here.hub_home, first))
    return child


def test_nobody_hears_of_a_stay_by_name(world):
    """A refusal names nights and nobody."""
    stay = world.booked()
    change = NightsBlocked(world.here.hub_home, night_of(stay), night_of(stay))
    with db.transaction(world.app.engine):
        db.set_scope(world.here.liaison_worker, [world.here.id])
        with pytest.raises(Conflict) as refused:
            changes.announce(change)
    assert stay["child"]["first_name"] not in refused.value.detail
