"""Which child sleeps in which bed: held against every arrangement there is."""

import itertools
import time
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_api.households.models import LegalStatus
from hub_api.sleepovers import beds
from hub_api.sleepovers.beds import allocate, free_beds, nights_without_rooms
from hub_api.sleepovers.checks import blocking
from hub_api.sleepovers.checks.beds import check_bedroom_sharing, check_guest_bed
from hub_api.sleepovers.facts import Agreement, BedFacts
from tests.factories.stays import (
    AVA,
    BEDS,
    BEN,
    CARA,
    CHILDREN,
    DAN,
    FRIDAY,
    LONG_AGO,
    RULES,
    SATURDAY,
    days,
    make_beds,
    make_child,
    make_facts,
    make_guests,
    make_stay,
)


def make_agreement(child, with_child, until=None):
    return Agreement(LONG_AGO, until, child, with_child)


def agree(one, other):
    return (make_agreement(one, other), make_agreement(other, one))


def changes(plan):
    """How often a child moves."""
    return sum(
        earlier != later
        for nights in plan.values()
        for earlier, later in itertools.pairwise(bed for _, bed in sorted(nights.items()))
    )


class TestFreeBeds:
    def test_a_bed_is_there_from_its_first_day_up_to_its_last(self):
        bed = BedFacts(SATURDAY, SATURDAY + timedelta(days=1), BEDS[0], "camp bed", "a")
        free = free_beds(make_stay(nights=3), make_facts(beds=(bed,)))
        assert list(free.values()) == [[], [BEDS[0]], []]


class TestOneBed:
    def test_a_child_keeps_one_bed_where_it_can(self):
        guests = make_guests(BEN, BEDS[0], [SATURDAY])
        plan = allocate(make_stay(nights=3), make_facts(beds=make_beds("a", "b"), guests=guests))
        assert {*plan[AVA].values()} == {BEDS[1]}

    def test_and_changes_beds_when_that_is_the_only_way(self):
        guests = make_guests(BEN, BEDS[0], [FRIDAY]) + make_guests(CARA, BEDS[1], [SATURDAY])
        plan = allocate(make_stay(nights=2), make_facts(beds=make_beds("a", "b"), guests=guests))
        assert plan == {AVA: {FRIDAY: BEDS[1], SATURDAY: BEDS[0]}}

    def test_as_seldom_as_it_can(self):
        nights = days(FRIDAY, 4)
        guests = (
            *make_guests(BEN, BEDS[0], [nights[0], nights[3]]),
            *make_guests(CARA, BEDS[1], [nights[1]]),
            *make_guests(DAN, BEDS[2], [nights[2]]),
        )
        facts = make_facts(beds=make_beds("a", "b", "c"), guests=guests)
        assert changes(allocate(make_stay(nights=4), facts)) == 1

    def test_is_not_to_be_had_on_a_full_night(self):
        facts = make_facts(beds=make_beds("a"), guests=make_guests(BEN, BEDS[0], [SATURDAY]))
        assert allocate(make_stay(nights=2), facts) is None


class TestSharing:
    def test_strangers_have_a_room_each(self):
        facts = make_facts(beds=make_beds("a", "a", "b"))
        plan = allocate(make_stay(AVA, BEN), facts)
        assert {plan[AVA][FRIDAY], plan[BEN][FRIDAY]} in ({BEDS[0], BEDS[2]}, {BEDS[1], BEDS[2]})
        assert allocate(make_stay(AVA, BEN), make_facts(beds=make_beds("a", "a"))) is None

    def test_each_of_two_needs_an_agreement(self):
        beds = make_beds("a", "a")
        both = agree(AVA, BEN)
        assert allocate(make_stay(AVA, BEN), make_facts(beds=beds, agreements=both))
        for one in both:
            assert allocate(make_stay(AVA, BEN), make_facts(beds=beds, agreements=(one,))) is None

    def test_an_agreement_holds_up_to_its_last_day(self):
        until_saturday = tuple(
            make_agreement(*pair, until=SATURDAY) for pair in itertools.permutations((AVA, BEN))
        )
        facts = make_facts(beds=make_beds("a", "a"), agreements=until_saturday)
        assert nights_without_rooms(make_stay(AVA, BEN, nights=2), facts) == (SATURDAY,)

    def test_a_guest_needs_an_agreement_as_well(self):
        guests = make_guests(BEN, BEDS[0])
        facts = make_facts(beds=make_beds("a", "a"), guests=guests)
        assert allocate(make_stay(), facts) is None
        facts = make_facts(
            beds=make_beds("a", "a"), guests=guests, agreements=(make_agreement(AVA, BEN),)
        )
        assert allocate(make_stay(), facts) is None
        facts = make_facts(beds=make_beds("a", "a"), guests=guests, agreements=agree(AVA, BEN))
        assert allocate(make_stay(), facts) == {AVA: {FRIDAY: BEDS[1]}}

    @pytest.mark.parametrize(
        "changed",
        [{"legal_status": LegalStatus.ADOPTED}, {"born_on": date(2024, 1, 1)}],
        ids=["not fostered", "under three"],
    )
    def test_some_need_none_for_themselves(self, changed):
        facts = make_facts(
            make_child(AVA, **changed),
            beds=make_beds("a", "a"),
            agreements=(make_agreement(BEN, AVA),),
        )
        assert allocate(make_stay(AVA, BEN), facts)
        facts = make_facts(make_child(AVA, **changed), beds=make_beds("a", "a"))
        assert allocate(make_stay(AVA, BEN), facts) is None

    def test_a_third_birthday_in_mid_stay_counts(self):
        turns_three = make_child(AVA, born_on=SATURDAY.replace(year=2023))
        facts = make_facts(
            turns_three, beds=make_beds("a", "a"), agreements=(make_agreement(BEN, AVA),)
        )
        assert nights_without_rooms(make_stay(AVA, BEN, nights=2), facts) == (SATURDAY,)

    def test_a_child_moves_when_somebody_comes_whom_it_may_not_share_with(self):
        guests = make_guests(BEN, BEDS[0], [SATURDAY]) + make_guests(CARA, BEDS[2], [FRIDAY])
        facts = make_facts(beds=make_beds("a", "a", "b"), guests=guests)
        assert allocate(make_stay(nights=2), facts) == {AVA: {FRIDAY: BEDS[0], SATURDAY: BEDS[2]}}


# --- against every arrangement -----------------------------------------------------------------


def may_share(facts, one, other, night):
    agreed = {(a.child_id, a.with_child_id) for a in facts.agreements if a.holds_on(night)}
    return all(
        facts.children[child].legal_status != LegalStatus.SECTION_31 or (child, with_) in agreed
        for child, with_ in ((one, other), (other, one))
    )


def is_right(stay, facts, night, chosen):
    """Whether these beds are free, one each, and nobody shares who may not."""
    bedrooms = {bed.id: bed.bedroom for bed in facts.beds}
    there = [(g.child_id, g.bed_id) for g in facts.guests if g.night == night]
    asked = [*zip(stay.children, chosen, strict=True)]
    taken = [bed for _, bed in there + asked]
    return len(taken) == len({*taken}) and all(
        bedrooms[bed] != bedrooms[other_bed] or may_share(facts, child, other, night)
        for child, bed in asked
        for other, other_bed in there + asked
        if child != other
    )


def fewest_changes(stay, facts):
    """By trying everything; None when a night has no way."""
    ids = [bed.id for bed in facts.beds]
    ways = None
    for night in stay.nights:
        right = [
            chosen
            for chosen in itertools.permutations(ids, len(stay.children))
            if is_right(stay, facts, night, chosen)
        ]
        ways = {
            chosen: 0
            if ways is None
            else min(
                (cost + sum(a != b for a, b in zip(before, chosen, strict=True)))
                for before, cost in ways.items()
            )
            for chosen in right
        }
        if not ways:
            return None
    return min(ways.values())


@st.composite
def crowded_homes(draw):
    """Up to three children ask for up to four nights in four beds where others are already."""
    stay = make_stay(*CHILDREN[: draw(st.integers(1, 3))], nights=draw(st.integers(1, 4)))
    rooms = draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=4))
    guests = []
    for night in stay.nights:
        for child in (DAN, CHILDREN[4]):
            free = [bed for bed in BEDS[: len(rooms)] if (night, bed) not in
                    {(g.night, g.bed_id) for g in guests}]  # fmt: skip
            if free and draw(st.booleans()):
                guests += make_guests(child, draw(st.sampled_from(free)), [night])
    statuses = st.sampled_from([LegalStatus.SECTION_31, LegalStatus.ADOPTED])
    children = [make_child(child, legal_status=draw(statuses)) for child in CHILDREN]
    pairs = st.sampled_from([*itertools.permutations(CHILDREN, 2)])
    ends = st.sampled_from([None, SATURDAY])
    agreements = [
        make_agreement(*pair, until=draw(ends)) for pair in draw(st.lists(pairs, max_size=12))
    ]
    facts = make_facts(
        *children, beds=make_beds(*rooms), guests=tuple(guests), agreements=tuple(agreements)
    )
    return stay, facts


class TestAgainstEveryArrangement:
    @given(crowded_homes())
    def test_a_plan_is_found_when_there_is_one_and_moves_as_few_as_can_be(self, home):
        stay, facts = home
        plan, fewest = allocate(stay, facts), fewest_changes(stay, facts)
        assert (plan is None) == (fewest is None)
        if plan is not None:
            assert changes(plan) == fewest
            for night in stay.nights:
                assert is_right(stay, facts, night, [plan[child][night] for child in stay.children])

    @given(crowded_homes())
    def test_the_checks_pass_exactly_when_there_is_a_plan(self, home):
        """And between them they name exactly the nights on which there is none."""
        stay, facts = home
        found = [check(stay, facts, RULES) for check in (check_guest_bed, check_bedroom_sharing)]
        named = [night for check in found for night in check.nights]
        assert sorted(named) == [
            night
            for night in stay.nights
            if fewest_changes(replace(stay, nights=(night,)), facts) is None
        ]
        assert (allocate(stay, facts) is None) == bool(blocking(found))

    @given(crowded_homes())
    def test_a_large_home_is_planned_right_if_not_with_the_fewest_moves(self, home):
        stay, facts = home
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(beds, "MOST_ARRANGEMENTS", 0)
            plan, fewest = allocate(stay, facts), fewest_changes(stay, facts)
        assert (plan is None) == (fewest is None)
        for night in stay.nights if plan else ():
            assert is_right(stay, facts, night, [plan[child][night] for child in stay.children])


def test_ten_children_who_may_not_share_are_answered_at_once():
    children = [UUID(int=1000 + n) for n in range(11)]
    bedrooms = [bedroom for bedroom in "abcdefghi" for _ in range(4)]
    stay = make_stay(*children[:10], nights=61)
    ids = [UUID(int=2000 + n) for n in range(len(bedrooms))]
    found = tuple(
        BedFacts(LONG_AGO, None, id_, str(id_), bedroom)
        for id_, bedroom in zip(ids, bedrooms, strict=True)
    )
    # Another bed is taken each night, so that no two nights are alike.
    guests = tuple(
        guest
        for n, night in enumerate(stay.nights)
        for guest in make_guests(children[10], ids[n % len(ids)], [night])
    )
    facts = make_facts(*(make_child(child) for child in children), beds=found, guests=guests)
    began = time.process_time()
    assert allocate(stay, facts) is None
    assert time.process_time() - began < 2
