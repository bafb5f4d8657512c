"""Beds and bedrooms, as a check says it."""

from hub_api.access import Role
from hub_api.sleepovers.beds import allocate
from hub_api.sleepovers.checks import Outcome
from hub_api.sleepovers.checks.beds import check_bedroom_sharing, check_guest_bed
from tests.factories.stays import (
    AVA,
    BEDS,
    BEN,
    CARA,
    FRIDAY,
    RULES,
    SATURDAY,
    make_beds,
    make_facts,
    make_guests,
    make_stay,
)


class TestGuestBed:
    def test_passes_with_a_bed_for_every_child_on_every_night(self):
        facts = make_facts(beds=make_beds("a", "b"))
        found = check_guest_bed(make_stay(AVA, BEN, nights=2), facts, RULES)
        assert found.outcome is Outcome.PASS

    def test_blocks_and_names_the_nights_that_are_full(self):
        facts = make_facts(beds=make_beds("a"), guests=make_guests(BEN, BEDS[0], [SATURDAY]))
        found = check_guest_bed(make_stay(nights=2), facts, RULES)
        assert (found.outcome, found.nights) == (Outcome.BLOCK, (SATURDAY,))
        assert found.sentence == "No guest bed is free on Saturday 5 December."
        assert found.override is Role.PROGRAMME_MANAGER

    def test_blocks_two_children_in_one_bed(self):
        found = check_guest_bed(make_stay(AVA, BEN), make_facts(beds=make_beds("a")), RULES)
        assert found.sentence == "There aren't 2 free guest beds on Friday 4 December."

    def test_says_when_there_are_no_beds_at_all(self):
        found = check_guest_bed(make_stay(nights=2), make_facts(beds=()), RULES)
        assert (found.outcome, found.nights) == (Outcome.BLOCK, (FRIDAY, SATURDAY))
        assert found.sentence.startswith("This hub home has no guest beds at the moment.")


class TestBedroomSharing:
    def test_passes_with_a_room_each(self):
        found = check_bedroom_sharing(make_stay(AVA, BEN), make_facts(), RULES)
        assert found.outcome is Outcome.PASS

    def test_blocks_the_nights_that_have_beds_but_no_rooms(self):
        facts = make_facts(beds=make_beds("a", "a"), guests=make_guests(BEN, BEDS[0], [SATURDAY]))
        found = check_bedroom_sharing(make_stay(nights=2), facts, RULES)
        assert (found.outcome, found.nights) == (Outcome.BLOCK, (SATURDAY,))
        assert "written agreement" in found.sentence
        assert allocate(make_stay(nights=2), facts) is None

    def test_leaves_the_nights_without_beds_to_the_other_check(self):
        facts = make_facts(
            beds=make_beds("a", "a"),
            guests=make_guests(BEN, BEDS[0]) + make_guests(CARA, BEDS[1]),
        )
        assert check_bedroom_sharing(make_stay(), facts, RULES).outcome is Outcome.PASS
        assert check_guest_bed(make_stay(), facts, RULES).outcome is Outcome.BLOCK
