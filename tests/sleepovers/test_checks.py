"""Each check by itself: no database, no app."""

from datetime import date

from hub_api.respite.checks import Outcome

from hub_api.access import Role
from hub_api.respite import checks

FRIDAY, SATURDAY = date(2026, 12, 4), date(2026, 12, 5)


class TestGuestBed:
    def test_passes_with_a_bed_for_every_child_on_every_night(self):
        found = checks.check_guest_bed(2, {FRIDAY: ["a", "b"], SATURDAY: ["a", "b", "c"]})
        assert found.outcome is Outcome.PASS

    def test_blocks_and_names_the_nights_that_are_full(self):
        found = checks.check_guest_bed(1, {FRIDAY: ["a"], SATURDAY: []})
        assert (found.outcome, found.nights) == (Outcome.BLOCK, (SATURDAY,))
        assert found.sentence == "No guest bed is free on Saturday 5 December."

    def test_blocks_two_children_in_one_bed(self):
        found = checks.check_guest_bed(2, {FRIDAY: ["a"]})
        assert found.outcome is Outcome.BLOCK
        assert found.sentence == "There aren't 2 free guest beds on Friday 4 December."

    def test_may_be_overridden_by_the_programme_manager_alone(self):
        assert checks.check_guest_bed(1, {FRIDAY: []}).override is Role.PROGRAMME_MANAGER


class TestChildOnePlace:
    def test_passes_when_nobody_is_away(self):
        assert checks.check_child_one_place([]).outcome is Outcome.PASS

    def test_blocks_and_says_who_is_away_when(self):
        found = checks.check_child_one_place([("Ben", [FRIDAY, SATURDAY]), ("Ava", [FRIDAY])])
        assert (found.outcome, found.nights) == (Outcome.BLOCK, (FRIDAY, SATURDAY))
        assert found.sentence == (
            "Ava already has a sleepover on Friday 4 December. "
            "Ben already has a sleepover on Friday 4 December and Saturday 5 December."
        )

    def test_may_be_overridden_by_nobody(self):
        assert checks.check_child_one_place([("Ava", [FRIDAY])]).override is None


class TestLength:
    def test_passes_at_the_limit_and_blocks_beyond_it(self):
        assert checks.check_length(3, longest=3).outcome is Outcome.PASS
        beyond = checks.check_length(4, longest=3)
        assert beyond.outcome is Outcome.BLOCK
        assert "supervising social worker" in beyond.sentence
