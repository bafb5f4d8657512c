"""The right consent on every night, and grown-up guests: plain functions over facts."""

from datetime import date

import pytest

from hub_api.consents.models import Giver
from hub_api.households.models import LegalStatus
from hub_api.sleepovers.checks import Outcome
from hub_api.sleepovers.checks.consent import check_adult_guest, check_consent
from hub_api.sleepovers.facts import ConsentFlagFacts
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
    make_consent,
    make_facts,
    make_guests,
    make_stay,
)

FLAGGED = (ConsentFlagFacts(LONG_AGO, None, AVA),)
GROWN_UP = date(2008, 6, 1)
"""Eighteen on the nights of these tests."""

ENOUGH = {
    LegalStatus.SECTION_20: {Giver.DELEGATED_BY_PARENT},
    LegalStatus.SECTION_31: {Giver.DELEGATED_BY_AUTHORITY, Giver.SOCIAL_WORKER},
    LegalStatus.REMAND: {Giver.YOUTH_OFFENDING_TEAM},
    LegalStatus.STAYING_PUT: {Giver.YOUNG_ADULT},
}
"""Whose word is enough, said once more; for the others it takes none."""

ENOUGH_WHEN_FLAGGED = {
    LegalStatus.SECTION_20: {Giver.SOCIAL_WORKER},
    LegalStatus.SECTION_31: {Giver.SOCIAL_WORKER},
    LegalStatus.REMAND: set(),
    LegalStatus.STAYING_PUT: {Giver.YOUNG_ADULT},
}


def consent(stay, facts):
    """The nights that lack it."""
    found = check_consent(stay, facts, RULES)
    assert found.outcome is (Outcome.BLOCK if found.nights else Outcome.PASS)
    return found.nights


def facts_of(status, *givers, flags=(), **changes):
    born = {"legal_status": status, **changes}
    consents = tuple(make_consent(AVA, giver) for giver in givers)
    return make_facts(make_child(AVA, **born), consents=consents, consent_flags=flags)


class TestWhoseWordItTakes:
    @pytest.mark.parametrize("status", LegalStatus)
    def test_follows_from_the_legal_status(self, status):
        assert bool(consent(make_stay(), facts_of(status))) is (status in ENOUGH)
        for giver in Giver if status in ENOUGH else ():
            found = consent(make_stay(), facts_of(status, giver))
            assert (giver, bool(found)) == (giver, giver not in ENOUGH[status])

    @pytest.mark.parametrize("status", LegalStatus)
    def test_is_the_social_worker_s_while_a_flag_lasts(self, status):
        for giver in Giver:
            found = consent(make_stay(), facts_of(status, giver, flags=FLAGGED))
            is_enough = status not in ENOUGH or giver in ENOUGH_WHEN_FLAGGED[status]
            assert (giver, bool(found)) == (giver, not is_enough)

    def test_is_the_youth_offending_team_s_and_the_social_worker_s_for_a_flagged_remand(self):
        both = (Giver.YOUTH_OFFENDING_TEAM, Giver.SOCIAL_WORKER)
        assert not consent(make_stay(), facts_of(LegalStatus.REMAND, *both, flags=FLAGGED))

    @pytest.mark.parametrize("status", LegalStatus)
    def test_is_one_s_own_from_the_eighteenth_birthday_on(self, status):
        others = [giver for giver in Giver if giver is not Giver.YOUNG_ADULT]
        birthday = {"born_on": SATURDAY.replace(year=2008)}
        found = consent(make_stay(nights=2), facts_of(status, *others, **birthday))
        before = (FRIDAY,) if status is LegalStatus.STAYING_PUT else ()
        assert found == (*before, SATURDAY)
        assert not consent(make_stay(nights=2), facts_of(status, *Giver, **birthday))


class TestEveryNight:
    def test_is_looked_at_by_itself(self):
        short = (
            make_consent(AVA, Giver.DELEGATED_BY_AUTHORITY, starts_on=SATURDAY, ends_on=SUNDAY),
        )
        assert consent(make_stay(nights=3), make_facts(consents=short)) == (FRIDAY, SUNDAY)

    def test_with_a_flag_takes_another_word(self):
        flags = (ConsentFlagFacts(SATURDAY, SUNDAY, AVA),)
        assert consent(make_stay(nights=3), make_facts(consent_flags=flags)) == (SATURDAY,)

    def test_takes_the_consent_for_this_child(self):
        """Neither another's consent nor another's flag counts."""
        another = (make_consent(BEN, Giver.DELEGATED_BY_AUTHORITY),)
        assert consent(make_stay(), make_facts(consents=another)) == (FRIDAY,)
        bens = (ConsentFlagFacts(LONG_AGO, None, BEN),)
        assert not consent(make_stay(), make_facts(consent_flags=bens))

    def test_takes_one_for_each_child_and_names_those_it_lacks(self):
        one = (make_consent(AVA, Giver.DELEGATED_BY_AUTHORITY),)
        found = check_consent(make_stay(AVA, BEN), make_facts(consents=one), RULES)
        assert found.sentence == (
            "We don't have the consent needed for Ben on Friday 4 December. Please ask your "
            "liaison worker to see to it before the hub can say yes."
        )
        assert found.override is None

    def test_reads_alike_whether_there_is_a_flag_or_nothing(self):
        flagged = check_consent(make_stay(), make_facts(consent_flags=FLAGGED), RULES)
        assert flagged == check_consent(make_stay(), make_facts(consents=()), RULES)


class TestAGrownUpGuest:
    grown = make_child(AVA, born_on=GROWN_UP, legal_status=LegalStatus.STAYING_PUT)

    def nights(self, stay, facts):
        found = check_adult_guest(stay, facts, RULES)
        assert found.outcome is (Outcome.WARN if found.nights else Outcome.PASS)
        return found.nights

    def test_takes_an_assessment_beside_fostered_children(self):
        assert self.nights(make_stay(), make_facts(self.grown, residents=(BEN,))) == (FRIDAY,)
        assert self.nights(make_stay(AVA, BEN), make_facts(self.grown)) == (FRIDAY,)
        guests = make_guests(BEN, BEDS[0], [SATURDAY])
        assert self.nights(make_stay(nights=2), make_facts(self.grown, guests=guests)) == (
            SATURDAY,
        )

    def test_takes_one_when_the_fostered_child_comes_later(self):
        guests = make_guests(AVA, BEDS[0])
        assert self.nights(make_stay(BEN), make_facts(self.grown, guests=guests)) == (FRIDAY,)

    def test_takes_none_alone_or_beside_others(self):
        adopted = make_child(BEN, legal_status=LegalStatus.ADOPTED)
        assert not self.nights(make_stay(), make_facts(self.grown))
        assert not self.nights(make_stay(), make_facts(self.grown, adopted, residents=(BEN,)))
        assert not self.nights(make_stay(), make_facts(residents=(BEN,)))

    def test_takes_none_for_who_has_grown_up_and_is_looked_after_on_paper(self):
        still = make_child(AVA, born_on=GROWN_UP, legal_status=LegalStatus.SECTION_31)
        assert not self.nights(make_stay(), make_facts(still))

    def test_is_no_matter_of_those_who_live_there_or_meet_without_this_stay(self):
        lives_there = make_facts(self.grown, residents=(AVA,))
        assert not self.nights(make_stay(BEN), lives_there)
        adopted = make_child(CARA, legal_status=LegalStatus.ADOPTED)
        guests = (*make_guests(AVA, BEDS[0]), *make_guests(BEN, BEDS[1]))
        assert not self.nights(make_stay(CARA), make_facts(self.grown, adopted, guests=guests))

    def test_begins_on_the_birthday(self):
        child = make_child(AVA, born_on=SATURDAY.replace(year=2008))
        found = self.nights(make_stay(AVA, BEN, nights=2), make_facts(child))
        assert found == (SATURDAY,)

    def test_is_said_without_a_word_about_anybody(self):
        found = check_adult_guest(make_stay(), make_facts(self.grown, residents=(BEN,)), RULES)
        assert found.sentence == (
            "On Friday 4 December this stay needs a risk assessment first. Your liaison worker "
            "knows what to do."
        )
