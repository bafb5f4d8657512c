"""The fostering limit, the terms of approval, and the hub home's own checks."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_api.households.models import FOSTERED, Gender, LegalStatus
from hub_api.sleepovers.checks import Outcome
from hub_api.sleepovers.checks.limits import (
    check_approval_terms,
    check_checks_current,
    check_fostering_limit,
)
from hub_api.sleepovers.facts import AdultFacts, Exemption, GuestNight
from tests.factories.stays import (
    AVA,
    BEDS,
    BEN,
    CARA,
    CHILDREN,
    DAN,
    EVE,
    FAMILY,
    FRIDAY,
    LONG_AGO,
    OTHER_REQUEST,
    RULES,
    SATURDAY,
    SUNDAY,
    days,
    make_approval,
    make_child,
    make_facts,
    make_guests,
    make_stay,
)


def limit(stay, facts):
    found = check_fostering_limit(stay, facts, RULES)
    return found.nights if found.outcome is Outcome.BLOCK else ()


def siblings(*children):
    return [make_child(child, sibling_group_id=FAMILY) for child in children]


def exempt(*children, starts_on=LONG_AGO, ends_on=None):
    return Exemption(starts_on, ends_on, "Kent", frozenset(children))


class TestFosteringLimit:
    def test_three_are_allowed_and_a_fourth_is_not(self):
        assert limit(make_stay(AVA, BEN, CARA), make_facts()) == ()
        assert limit(make_stay(AVA, BEN, CARA, DAN), make_facts()) == (FRIDAY,)

    def test_the_hubs_own_and_its_guests_count(self):
        facts = make_facts(residents=(BEN, CARA), guests=make_guests(DAN, BEDS[0], [SATURDAY]))
        assert limit(make_stay(nights=3), facts) == (SATURDAY,)

    def test_a_child_counts_once(self):
        facts = make_facts(residents=(AVA, BEN, CARA), guests=make_guests(BEN, BEDS[0]))
        assert limit(make_stay(AVA), facts) == ()

    @pytest.mark.parametrize("status", LegalStatus)
    def test_only_fostered_children_count(self, status):
        facts = make_facts(make_child(DAN, legal_status=status), residents=(BEN, CARA, DAN))
        assert limit(make_stay(), facts) == ((FRIDAY,) if status in FOSTERED else ())

    @pytest.mark.parametrize("status", sorted({*LegalStatus} - FOSTERED))
    def test_a_stay_without_fostered_children_adds_none(self, status):
        facts = make_facts(make_child(AVA, legal_status=status), residents=(BEN, CARA, DAN, EVE))
        assert limit(make_stay(), facts) == ()

    def test_residents_count_while_they_live_there(self):
        facts = make_facts(
            make_child(CARA, placed_on=SATURDAY),
            make_child(DAN, left_on=SUNDAY),
            residents=(BEN, CARA, DAN),
        )
        assert limit(make_stay(nights=3), facts) == (SATURDAY,)

    def test_any_number_of_brothers_and_sisters_is_allowed(self):
        facts = make_facts(*siblings(AVA, BEN, CARA, DAN), residents=(BEN, CARA, DAN))
        assert limit(make_stay(), facts) == ()

    def test_but_not_with_one_who_is_none(self):
        facts = make_facts(*siblings(AVA, BEN, CARA), residents=(BEN, CARA, DAN))
        assert limit(make_stay(), facts) == (FRIDAY,)
        two_families = [make_child(DAN, sibling_group_id=UUID(int=301)), *siblings(AVA, BEN, CARA)]
        facts = make_facts(*two_families, residents=(BEN, CARA, DAN))
        assert limit(make_stay(), facts) == (FRIDAY,)

    def test_an_adopted_child_does_not_part_brothers_and_sisters(self):
        adopted = make_child(EVE, legal_status=LegalStatus.ADOPTED)
        facts = make_facts(*siblings(AVA, BEN, CARA, DAN), adopted, residents=(BEN, CARA, DAN, EVE))
        assert limit(make_stay(), facts) == ()

    def test_one_exemption_names_them_all(self):
        everybody = {"residents": (BEN, CARA, DAN)}
        whole = exempt(AVA, BEN, CARA, DAN)
        assert limit(make_stay(), make_facts(exemptions=(whole,), **everybody)) == ()
        in_parts = (exempt(AVA, BEN), exempt(CARA, DAN))
        assert limit(make_stay(), make_facts(exemptions=in_parts, **everybody)) == (FRIDAY,)
        not_ava = (exempt(BEN, CARA, DAN),)
        assert limit(make_stay(), make_facts(exemptions=not_ava, **everybody)) == (FRIDAY,)

    def test_an_exemption_is_in_force_on_the_night(self):
        found = exempt(AVA, BEN, CARA, DAN, starts_on=SATURDAY, ends_on=SUNDAY)
        facts = make_facts(exemptions=(found,), residents=(BEN, CARA, DAN))
        assert limit(make_stay(nights=3), facts) == (FRIDAY, SUNDAY)

    def test_nobody_may_set_it_aside(self):
        facts = make_facts(residents=(BEN, CARA, DAN))
        assert check_fostering_limit(make_stay(), facts, RULES).override is None

    @given(data=st.data())
    def test_agrees_with_the_law_read_literally(self, data):
        nights = days(FRIDAY, 3)
        some = st.sets(st.sampled_from(CHILDREN))
        asked = data.draw(st.sets(st.sampled_from(CHILDREN), min_size=1))
        residents = data.draw(some)
        guests = {night: data.draw(some) for night in nights}
        groups = {c: data.draw(st.sampled_from([None, FAMILY])) for c in CHILDREN}
        statuses = {
            c: data.draw(st.sampled_from(["section_31", "section_20", "adopted"])) for c in CHILDREN
        }
        named = data.draw(st.lists(st.tuples(some, st.sampled_from(nights)), max_size=2))

        def is_lawful(night):
            there = {c for c in CHILDREN if c in asked or c in residents or c in guests[night]}
            fostered = [c for c in there if statuses[c] != "adopted"]
            all_siblings = all(
                groups[a] == groups[b] is not None for a in fostered for b in fostered
            )
            exempted = any(from_ <= night and {*fostered} <= names for names, from_ in named)
            return len(fostered) < 4 or all_siblings or exempted

        facts = make_facts(
            *(
                make_child(c, legal_status=statuses[c], sibling_group_id=groups[c])
                for c in CHILDREN
            ),
            residents=tuple(residents),
            guests=tuple(
                GuestNight(night, BEDS[0], c, OTHER_REQUEST)
                for night in nights
                for c in guests[night]
            ),
            exemptions=tuple(exempt(*names, starts_on=from_) for names, from_ in named),
        )
        expected = [] if all(statuses[c] == "adopted" for c in asked) else nights
        assert limit(make_stay(*sorted(asked), nights=3), facts) == tuple(
            night for night in expected if not is_lawful(night)
        )


def terms(stay, *children, residents=(), **changes):
    facts = make_facts(*children, residents=residents, approvals=(make_approval(**changes),))
    found = check_approval_terms(stay, facts, RULES)
    return found.nights if found.outcome is Outcome.BLOCK else ()


class TestApprovalTerms:
    def test_the_number_of_fostered_children_there(self):
        assert terms(make_stay(AVA, BEN), residents=(CARA,), max_children=3) == ()
        assert terms(make_stay(AVA, BEN), residents=(CARA,), max_children=2) == (FRIDAY,)

    def test_does_not_count_others(self):
        adopted = make_child(CARA, legal_status=LegalStatus.ADOPTED)
        assert terms(make_stay(AVA, BEN), adopted, residents=(CARA,), max_children=2) == ()
        assert terms(make_stay(CARA), adopted, residents=(AVA, BEN), max_children=1) == ()

    def test_ages_are_whole_years_bounds_included(self):
        assert terms(make_stay(), min_age=10, max_age=10) == ()  # Ava is ten
        assert terms(make_stay(), min_age=11) == (FRIDAY,)
        assert terms(make_stay(), max_age=9) == (FRIDAY,)

    def test_a_birthday_in_mid_stay_counts(self):
        turns_eleven = make_child(AVA, born_on=SATURDAY.replace(year=2015))
        assert terms(make_stay(nights=3), turns_eleven, max_age=10) == (SATURDAY, SUNDAY)
        assert terms(make_stay(nights=3), turns_eleven, min_age=11) == (FRIDAY,)

    def test_who_was_born_on_29_february_is_older_from_1_march(self):
        born = make_child(AVA, born_on=date(2016, 2, 29))
        stay = make_stay(nights=2, first=date(2027, 2, 28))
        assert terms(stay, born, max_age=10) == (date(2027, 3, 1),)

    def test_genders(self):
        assert terms(make_stay(), genders=frozenset({"female"})) == ()
        assert terms(make_stay(), genders=frozenset({"male"})) == (FRIDAY,)

    def test_ages_and_genders_are_of_fostered_guests_alone(self):
        adopted = make_child(AVA, legal_status=LegalStatus.ADOPTED, gender=Gender.MALE)
        only_little_girls = {"max_age": 5, "genders": frozenset({"female"})}
        assert terms(make_stay(), adopted, **only_little_girls) == ()
        little = make_child(AVA, born_on=date(2023, 1, 1))
        assert terms(make_stay(), little, residents=(BEN,), **only_little_girls) == ()

    def test_without_an_approval_in_force_nobody_comes(self):
        assert terms(make_stay(nights=3), starts_on=SATURDAY, ends_on=SUNDAY) == (FRIDAY, SUNDAY)
        found = check_approval_terms(make_stay(), make_facts(approvals=()), RULES)
        assert found.sentence == (
            "The hub home isn't approved to care for children on Friday 4 December. "
            "The liaison worker can tell you more."
        )

    def test_says_whom_it_does_not_cover(self):
        facts = make_facts(make_child(BEN, gender=Gender.MALE),
                           approvals=(make_approval(genders=frozenset({"female"})),))  # fmt: skip
        found = check_approval_terms(make_stay(AVA, BEN), facts, RULES)
        assert "doesn't cover Ben on Friday 4 December" in found.sentence
        assert "Ava" not in found.sentence


def overdue(*issued, first=FRIDAY, nights=3, left_on=None, **approval):
    adults = tuple(AdultFacts(on, left_on) for on in issued)
    facts = make_facts(adults=adults, approvals=(make_approval(**approval),))
    found = check_checks_current(make_stay(nights=nights, first=first), facts, RULES)
    return found.nights if found.outcome is Outcome.BLOCK else ()


class TestChecksCurrent:
    def test_a_dbs_that_runs_out_in_mid_stay_blocks_the_nights_from_then_on(self):
        assert overdue(SATURDAY.replace(year=2023)) == (SATURDAY, SUNDAY)
        assert overdue(SUNDAY.replace(year=2023) + timedelta(days=1)) == ()

    def test_every_adult_needs_one(self):
        assert overdue(FRIDAY, None) == (FRIDAY, SATURDAY, SUNDAY)
        assert overdue(FRIDAY, SATURDAY.replace(year=2023)) == (SATURDAY, SUNDAY)

    def test_one_of_29_february_lasts_to_the_end_of_february(self):
        stay = {"first": date(2027, 2, 27), "nights": 3}
        assert overdue(date(2024, 2, 29), **stay) == (date(2027, 3, 1),)

    def test_one_that_is_not_yet_issued_is_none(self):
        assert overdue(SATURDAY) == (FRIDAY,)

    def test_how_long_it_lasts_is_a_setting(self):
        rules = type(RULES)(dbs_lasts_years=1)
        facts = make_facts(adults=(AdultFacts(FRIDAY.replace(year=2025), None),))
        assert check_checks_current(make_stay(), facts, rules).nights == (FRIDAY,)
        assert check_checks_current(make_stay(), facts, RULES).outcome is Outcome.PASS

    def test_who_has_moved_out_needs_none_but_somebody_must_live_there(self):
        facts = make_facts(adults=(AdultFacts(FRIDAY, None), AdultFacts(None, SATURDAY)))
        assert check_checks_current(make_stay(nights=2), facts, RULES).nights == (FRIDAY,)
        assert overdue(FRIDAY, left_on=SATURDAY) == (SATURDAY, SUNDAY)
        assert overdue() == (FRIDAY, SATURDAY, SUNDAY)

    def test_the_approval_review_is_due_after_its_last_day(self):
        assert overdue(FRIDAY, review_due_on=SATURDAY) == (SUNDAY,)

    def test_says_nothing_of_whom_it_is_about(self):
        facts = make_facts(adults=())
        assert "DBS" not in check_checks_current(make_stay(), facts, RULES).sentence
