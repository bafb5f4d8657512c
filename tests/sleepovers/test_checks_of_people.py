"""Who may be where, and with whom."""

import pytest

from hub_api.sleepovers.checks import Outcome
from hub_api.sleepovers.checks.people import check_child_one_place, check_kept_apart
from hub_api.sleepovers.facts import Apart
from tests.factories.stays import (
    AVA,
    BEDS,
    BEN,
    CARA,
    FRIDAY,
    LONG_AGO,
    RULES,
    SATURDAY,
    SUNDAY,
    make_child,
    make_facts,
    make_guests,
    make_nights_away,
    make_stay,
)


def apart(one=AVA, other=BEN, ends_on=None, starts_on=LONG_AGO):
    return (Apart(starts_on, ends_on, one, other),)


def kept_apart(stay, facts):
    found = check_kept_apart(stay, facts, RULES)
    return found.nights if found.outcome is Outcome.BLOCK else ()


class TestKeptApart:
    @pytest.mark.parametrize("pair", [(AVA, BEN), (BEN, AVA)])
    def test_from_a_guest_on_the_nights_they_would_meet(self, pair):
        guests = make_guests(BEN, BEDS[0], [SATURDAY])
        facts = make_facts(guests=guests, kept_apart=apart(*pair))
        assert kept_apart(make_stay(nights=3), facts) == (SATURDAY,)

    def test_from_a_child_who_lives_there(self):
        facts = make_facts(residents=(BEN,), kept_apart=apart())
        assert kept_apart(make_stay(), facts) == (FRIDAY,)
        moved = make_facts(make_child(BEN, left_on=FRIDAY), residents=(BEN,), kept_apart=apart())
        assert kept_apart(make_stay(), moved) == ()

    def test_from_another_who_is_asked_for(self):
        assert kept_apart(make_stay(AVA, BEN), make_facts(kept_apart=apart())) == (FRIDAY,)

    def test_but_not_two_others_from_each_other(self):
        facts = make_facts(residents=(BEN, CARA), kept_apart=apart(BEN, CARA))
        assert kept_apart(make_stay(AVA), facts) == ()

    def test_passes_when_the_other_is_not_there(self):
        facts = make_facts(residents=(CARA,), kept_apart=apart())
        assert kept_apart(make_stay(), facts) == ()

    def test_while_it_is_in_force(self):
        pairs = apart(starts_on=SATURDAY, ends_on=SUNDAY)
        facts = make_facts(residents=(BEN,), kept_apart=pairs)
        assert kept_apart(make_stay(nights=3), facts) == (SATURDAY,)

    def test_says_no_more_than_that(self):
        facts = make_facts(residents=(BEN,), kept_apart=apart())
        assert check_kept_apart(make_stay(), facts, RULES).sentence == (
            "Ava can't stay on Friday 4 December; the liaison worker can tell you more."
        )
        both = check_kept_apart(make_stay(AVA, CARA), facts, RULES)
        assert both.sentence.startswith("The children can't stay on Friday 4 December;")


class TestChildOnePlace:
    def test_passes_when_nobody_is_away(self):
        facts = make_facts(nights_away=make_nights_away(BEN, [FRIDAY]))
        assert check_child_one_place(make_stay(), facts, RULES).outcome is Outcome.PASS

    def test_blocks_and_says_who_is_away_when(self):
        away = make_nights_away(BEN, [FRIDAY, SATURDAY]) + make_nights_away(AVA, [FRIDAY, SUNDAY])
        facts = make_facts(nights_away=away)
        found = check_child_one_place(make_stay(AVA, BEN, nights=2), facts, RULES)
        assert (found.outcome, found.nights) == (Outcome.BLOCK, (FRIDAY, SATURDAY))
        assert found.sentence == (
            "Ava already has a sleepover on Friday 4 December. "
            "Ben already has a sleepover on Friday 4 December and Saturday 5 December."
        )
        assert found.override is None

    def test_blocks_the_nights_after_a_placement_has_ended(self):
        facts = make_facts(make_child(AVA, left_on=SATURDAY))
        found = check_child_one_place(make_stay(nights=3), facts, RULES)
        assert (found.outcome, found.nights) == (Outcome.BLOCK, (SATURDAY, SUNDAY))
        assert found.sentence == (
            "Ava's time with this household ends on Saturday 5 December, so Saturday 5 December "
            "and Sunday 6 December can't be booked from here."
        )

    def test_passes_up_to_the_day_it_ends(self):
        facts = make_facts(make_child(AVA, left_on=SUNDAY))
        found = check_child_one_place(make_stay(nights=2), facts, RULES)
        assert found.outcome is Outcome.PASS
