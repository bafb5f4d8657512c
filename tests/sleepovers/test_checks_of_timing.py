"""How long, when, and whether now is a good time."""

from dataclasses import replace
from datetime import date, time, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_api.access import Role
from hub_api.clock import london_instant
from hub_api.households.models import LegalStatus
from hub_api.sleepovers.checks import Outcome
from hub_api.sleepovers.checks.timing import (
    check_hub_away,
    check_length,
    check_temporary_stay,
    check_timing,
)
from hub_api.sleepovers.facts import Absence, Holiday
from tests.factories.stays import (
    AVA,
    BEN,
    FRIDAY,
    RULES,
    SATURDAY,
    SUNDAY,
    days,
    make_child,
    make_facts,
    make_nights_away,
    make_stay,
)

DAY = timedelta(days=1)


def length(stay, *away):
    return check_length(stay, make_facts(nights_away=away), RULES)


class TestLength:
    @pytest.mark.parametrize(
        ("nights", "outcome", "override"),
        [
            (3, Outcome.PASS, None),
            (4, Outcome.BLOCK, Role.LIAISON_WORKER),
            (7, Outcome.BLOCK, Role.LIAISON_WORKER),
            (8, Outcome.BLOCK, None),
        ],
    )
    def test_three_nights_then_approval_then_no_more(self, nights, outcome, override):
        found = length(make_stay(nights=nights))
        assert (found.outcome, found.override) == (outcome, override)

    def test_says_whom_to_ask(self):
        assert length(make_stay(nights=4)).sentence == (
            "That is 4 nights; for more than 3 the liaison worker needs to agree too."
        )
        assert "supervising social worker about formal respite" in length(
            make_stay(nights=8)
        ).sentence  # fmt: skip

    @pytest.mark.parametrize("first", [FRIDAY - 3 * DAY, FRIDAY + 3 * DAY])
    def test_three_nights_and_three_are_six(self, first):
        found = length(make_stay(nights=3), *make_nights_away(AVA, days(first, 3)))
        assert found.override is Role.LIAISON_WORKER
        assert found.sentence.startswith("That is 6 nights together with the nights next to it;")

    def test_and_on_both_sides_nine(self):
        around = days(FRIDAY - 3 * DAY, 3) + days(FRIDAY + 3 * DAY, 3)
        found = length(make_stay(nights=3), *make_nights_away(AVA, around))
        assert (found.outcome, found.override) == (Outcome.BLOCK, None)

    def test_a_night_at_home_between_parts_them(self):
        away = make_nights_away(AVA, days(FRIDAY + 4 * DAY, 3))
        assert length(make_stay(nights=3), *away).outcome is Outcome.PASS

    def test_nights_of_another_child_do_not_count(self):
        away = make_nights_away(BEN, days(FRIDAY + 3 * DAY, 3))
        assert length(make_stay(nights=3), *away).outcome is Outcome.PASS

    def test_the_child_away_for_longest_counts(self):
        away = make_nights_away(BEN, days(FRIDAY + 3 * DAY, 1))
        assert length(make_stay(AVA, BEN, nights=3), *away).override is Role.LIAISON_WORKER

    def test_the_tiers_are_settings(self):
        rules = type(RULES)(longest_stay=1, longest_approved_stay=2)
        outcomes = [
            check_length(make_stay(nights=n), make_facts(), rules).override for n in (1, 2, 3)
        ]
        assert outcomes == [None, Role.LIAISON_WORKER, None]

    @given(away=st.sets(st.integers(-10, 15)), nights=st.integers(1, 5))
    def test_a_run_is_all_nights_without_a_break(self, away, nights):
        found = length(
            make_stay(nights=nights),
            *make_nights_away(AVA, [FRIDAY + n * DAY for n in sorted(away - {*range(nights)})]),
        )
        # As a picture: the stretch of x that the stay lies in.
        picture = "".join("x" if n in away or 0 <= n < nights else " " for n in range(-11, 17))
        start, end = picture.rfind(" ", 0, 11), picture.find(" ", 11)
        run = end - start - 1
        assert found.outcome is (Outcome.PASS if run <= 3 else Outcome.BLOCK)
        assert (found.override is not None) == (3 < run <= 7)


def temporary(stay, *children, holidays=0):
    found = check_temporary_stay(
        stay,
        make_facts(
            *children,
            holidays=tuple(Holiday(AVA, UUID(int=n), stay.arrives_at) for n in range(holidays)),
        ),
        RULES,
    )
    assert found.outcome is not Outcome.BLOCK
    return found.outcome is Outcome.WARN


class TestTemporaryStay:
    def test_is_seven_days_at_most(self):
        assert not temporary(make_stay(nights=7))
        assert temporary(make_stay(nights=8))

    def test_or_twenty_one_in_a_carers_holiday(self):
        assert not temporary(make_stay(nights=21, reason="carers_holiday"))
        assert temporary(make_stay(nights=22, reason="carers_holiday"))

    def test_of_which_there_are_two_in_twelve_months(self):
        assert not temporary(make_stay(reason="carers_holiday"), holidays=1)
        assert temporary(make_stay(reason="carers_holiday"), holidays=2)
        assert not temporary(make_stay(), holidays=2)

    def test_is_about_looked_after_children(self):
        at_home = make_child(AVA, legal_status=LegalStatus.SPECIAL_GUARDIANSHIP)
        assert not temporary(make_stay(nights=8), at_home)
        assert not temporary(make_stay(reason="carers_holiday"), at_home, holidays=2)


class TestHubAway:
    def test_blocks_from_the_first_night_to_the_last(self):
        facts = make_facts(absences=(Absence(SATURDAY, SUNDAY),))
        found = check_hub_away(make_stay(nights=4), facts, RULES)
        assert (found.outcome, found.nights) == (Outcome.BLOCK, (SATURDAY, SUNDAY))
        assert found.override is Role.HUB_CARER
        assert found.sentence == (
            "The hub home takes no guests on Saturday 5 December and Sunday 6 December."
        )

    def test_passes_on_other_nights(self):
        facts = make_facts(absences=(Absence(SATURDAY, SUNDAY),))
        assert check_hub_away(make_stay(), facts, RULES).outcome is Outcome.PASS


def timing(stay, *children, **facts):
    found = check_timing(stay, make_facts(*children, **facts), RULES)
    assert found.outcome is not Outcome.BLOCK
    return found.sentence if found.outcome is Outcome.WARN else ""


class TestTiming:
    @pytest.mark.parametrize(
        ("offset", "warns"), [(-2, False), (-1, True), (0, True), (2, True), (3, True), (4, False)]
    )
    def test_a_birthday_from_the_day_before_to_the_day_after(self, offset, warns):
        """Ava comes on Friday and goes on Sunday."""
        birthday = FRIDAY + offset * DAY
        born = make_child(AVA, born_on=birthday.replace(year=2016))
        assert ("Ava's birthday" in timing(make_stay(nights=2), born)) is warns

    @pytest.mark.parametrize(
        ("first", "warns"),
        [
            (date(2027, 2, 25), False),
            (date(2027, 2, 26), True),
            (date(2027, 3, 2), True),
            (date(2027, 3, 3), False),
            (date(2028, 2, 26), False),
            (date(2028, 2, 27), True),
            (date(2028, 3, 1), True),
            (date(2028, 3, 2), False),
        ],
    )
    def test_born_on_29_february_has_one_every_year(self, first, warns):
        born = make_child(AVA, born_on=date(2016, 2, 29))
        assert bool(timing(make_stay(first=first), born)) is warns

    def test_a_birthday_at_new_year(self):
        born = make_child(AVA, born_on=date(2016, 1, 1))
        assert "Friday 1 January" in timing(make_stay(first=date(2026, 12, 30)), born)

    def test_days_are_those_of_london(self):
        """An arrival at half past midnight in summer is still yesterday in UTC."""
        stay = make_stay(first=date(2026, 7, 1))
        late = replace(stay, arrives_at=london_instant(date(2026, 7, 2), time(0, 30)))
        born = make_child(AVA, born_on=date(2016, 6, 30))
        assert timing(stay, born)
        assert not timing(late, born)

    def test_a_loss_and_a_new_placement_read_alike(self):
        assert not timing(make_stay(), make_child(AVA, bereaved_on=FRIDAY - 85 * DAY))
        loss = timing(make_stay(), make_child(AVA, bereaved_on=FRIDAY - 84 * DAY))
        assert not timing(make_stay(), make_child(AVA, placed_on=FRIDAY - 28 * DAY))
        new = timing(make_stay(), make_child(AVA, placed_on=FRIDAY - 27 * DAY))
        assert loss == new
        assert loss.startswith("This may be an unsettled time for Ava.")

    def test_one_who_goes_without_brothers_and_sisters(self):
        assert "brothers and sisters" in timing(make_stay(), siblings_at_home=(BEN,))

    def test_says_everything_there_is_to_say(self):
        born = make_child(AVA, born_on=FRIDAY.replace(year=2016), placed_on=FRIDAY)
        found = timing(make_stay(), born, siblings_at_home=(BEN,))
        for words in ("birthday", "unsettled", "brothers"):
            assert words in found
