"""All checks together: which there are, who may set one aside, and what stops an asking."""

from dataclasses import replace
from datetime import date

import pytest
from uuid_utils.compat import uuid7

from hub_api.access import Role
from hub_api.households.models import LegalStatus
from hub_api.sleepovers.asked import PackState
from hub_api.sleepovers.checks import (
    CHECKS,
    OVERRIDABLE,
    REFUSALS,
    Check,
    Outcome,
    Waiver,
    blocking,
    judge,
    refuses_asking,
)
from hub_api.sleepovers.facts import Absence, AdultFacts, Apart
from tests.factories.stays import (
    AVA,
    BEN,
    CARA,
    CHILDREN,
    DAN,
    FRIDAY,
    LONG_AGO,
    RULES,
    SATURDAY,
    make_approval,
    make_beds,
    make_child,
    make_facts,
    make_guests,
    make_nights_away,
    make_stay,
)

FULL = make_facts(beds=make_beds("a"), guests=make_guests(BEN, make_beds("a")[0].id))

BLOCKED = {
    "guest_bed": (make_stay(), FULL),
    "fostering_limit": (make_stay(), make_facts(residents=(BEN, CARA, DAN))),
    "approval_terms": (make_stay(), make_facts(approvals=(make_approval(max_age=9),))),
    "bedroom_sharing": (make_stay(AVA, BEN), make_facts(beds=make_beds("a", "a"))),
    "kept_apart": (
        make_stay(),
        make_facts(residents=(BEN,), kept_apart=(Apart(LONG_AGO, None, AVA, BEN),)),
    ),
    "checks_current": (make_stay(), make_facts(adults=(AdultFacts(None, None),))),
    "length": (make_stay(nights=4), make_facts()),
    "child_one_place": (make_stay(), make_facts(nights_away=make_nights_away(AVA, [FRIDAY]))),
    "hub_away": (make_stay(), make_facts(absences=(Absence(FRIDAY, FRIDAY),))),
    "consent": (make_stay(), make_facts(consents=())),
}
"""For each check that can block, what it alone blocks."""

WARNED = {
    "temporary_stay": (make_stay(nights=8), make_facts()),
    "adult_guest": (
        make_stay(),
        make_facts(
            make_child(AVA, born_on=date(2008, 6, 1), legal_status=LegalStatus.STAYING_PUT),
            residents=(BEN,),
        ),
    ),
    "timing": (make_stay(), make_facts(make_child(AVA, born_on=FRIDAY.replace(year=2016)))),
    "pack": (make_stay(), make_facts(packs={AVA: PackState.MINIMUM})),
}

BEYOND_APPROVAL = (make_stay(nights=8), make_facts())


def by_code(found):
    return {check.code: check for check in found}


class TestJudge:
    def test_asks_every_check_in_the_order_of_the_domain(self):
        codes = [check.code for check in judge(make_stay(), make_facts(), RULES)]
        assert codes == [
            "guest_bed", "fostering_limit", "approval_terms", "bedroom_sharing", "kept_apart",
            "checks_current", "length", "child_one_place", "temporary_stay", "hub_away", "consent",
            "adult_guest", "timing", "pack",
        ]  # fmt: skip
        assert {*codes} == {*BLOCKED, *WARNED}
        assert len(CHECKS) == len(codes)

    def test_lets_an_easy_night_pass_altogether(self):
        found = judge(make_stay(), make_facts(), RULES)
        assert {check.outcome for check in found} == {Outcome.PASS}
        assert {check.nights for check in found} == {()}

    @pytest.mark.parametrize("code", BLOCKED)
    def test_each_rule_blocks_by_itself(self, code):
        assert [check.code for check in blocking(judge(*BLOCKED[code], RULES))] == [code]

    @pytest.mark.parametrize("code", WARNED)
    def test_some_only_warn(self, code):
        assert by_code(judge(*WARNED[code], RULES))[code].outcome is Outcome.WARN

    @pytest.mark.parametrize("code", [*BLOCKED, *WARNED])
    def test_no_sentence_names_a_child_who_was_not_asked_for(self, code):
        stay, facts = {**BLOCKED, **WARNED}[code]
        for check in judge(stay, facts, RULES):
            others = {facts.children[child].first_name for child in {*CHILDREN} - {*stay.children}}
            assert not {word.strip(".,;'s") for word in check.sentence.split()} & others
            assert check.sentence.endswith((".", "?"))


class TestSettingAside:
    @pytest.mark.parametrize("code", BLOCKED)
    def test_takes_the_role_that_may(self, code):
        for role in Role:
            pairs = by_code(judge(*BLOCKED[code], RULES))[code].pairs
            check = by_code(judge(*BLOCKED[code], RULES, {code: Waiver(role, pairs)}))[code]
            may = OVERRIDABLE.get(code) is role
            assert check.is_overridden is may
            assert check.outcome is (Outcome.WARN if may else Outcome.BLOCK)

    def test_who_may_is_said_by_the_check(self):
        found = {code: by_code(judge(*BLOCKED[code], RULES))[code].override for code in BLOCKED}
        assert found == {
            "guest_bed": Role.PROGRAMME_MANAGER,
            "fostering_limit": None,
            "approval_terms": None,
            "bedroom_sharing": None,
            "kept_apart": Role.LIAISON_WORKER,
            "checks_current": Role.PROGRAMME_MANAGER,
            "length": Role.LIAISON_WORKER,
            "child_one_place": None,
            "hub_away": Role.HUB_CARER,
            "consent": None,
        }

    def test_is_about_one_check_only(self):
        found = judge(*BLOCKED["hub_away"], RULES, {"kept_apart": Waiver(Role.LIAISON_WORKER)})
        assert [check.code for check in blocking(found)] == ["hub_away"]

    def test_never_puts_two_children_into_one_bed(self):
        assert "guest_bed" not in OVERRIDABLE
        by_the_manager = dict.fromkeys(BLOCKED, Waiver(Role.PROGRAMME_MANAGER))
        found = judge(make_stay(), FULL, RULES, by_the_manager)
        assert [check.code for check in blocking(found)] == ["guest_bed"]

    def test_never_makes_a_stay_longer_than_may_be_approved(self):
        found = judge(*BEYOND_APPROVAL, RULES, {"length": Waiver(Role.LIAISON_WORKER)})
        assert [check.code for check in blocking(found)] == ["length"]

    def test_of_two_children_kept_apart_says_nothing_about_a_third(self):
        stay, facts = BLOCKED["kept_apart"]
        (pair,) = by_code(judge(stay, facts, RULES))["kept_apart"].pairs
        another = Waiver(Role.LIAISON_WORKER, frozenset({frozenset({*stay.children, uuid7()})}))
        found = judge(stay, facts, RULES, {"kept_apart": another})
        assert [check.code for check in blocking(found)] == ["kept_apart"]
        both = Waiver(Role.LIAISON_WORKER, another.pairs | {pair})
        assert blocking(judge(stay, facts, RULES, {"kept_apart": both})) == []
        assert "pairs" not in by_code(found)["kept_apart"].as_json()

    def test_leaves_what_passes_as_it_is(self):
        everything = {code: Waiver(role) for code, role in OVERRIDABLE.items()}
        found = judge(make_stay(), make_facts(), RULES, everything)
        assert found == judge(make_stay(), make_facts(), RULES)


class TestAsking:
    @pytest.mark.parametrize("code", BLOCKED)
    def test_is_refused_only_where_waiting_changes_nothing(self, code):
        found = [c.code for c in judge(*BLOCKED[code], RULES) if refuses_asking(c)]
        assert found == (["child_one_place"] if code == "child_one_place" else [])

    def test_is_refused_beyond_what_may_be_approved(self):
        found = [c.code for c in judge(*BEYOND_APPROVAL, RULES) if refuses_asking(c)]
        assert found == ["length"]


class TestCheck:
    def test_becomes_a_problem_with_a_code(self):
        codes = {code: Check(code, Outcome.BLOCK, "No.").problem for code in BLOCKED}
        older = {
            "guest_bed": "nights_taken",
            "child_one_place": "child_already_away",
            "length": "stay_too_long",
        }
        assert codes == {code: older.get(code, code) for code in BLOCKED}
        assert tuple(codes.values()) == REFUSALS

    def test_is_kept_as_json(self):
        check = Check("hub_away", Outcome.BLOCK, "No.", (FRIDAY,), Role.HUB_CARER)
        assert check.as_json() == {
            "code": "hub_away",
            "outcome": "block",
            "sentence": "No.",
            "nights": ["2026-12-04"],
            "override": "hub_carer",
            "is_overridden": False,
        }


def test_approvals_are_judged_night_by_night():
    """One approval takes the place of another in mid-stay."""
    old = make_approval(ends_on=SATURDAY, max_age=9)
    new = replace(make_approval(), starts_on=SATURDAY)
    found = by_code(judge(make_stay(nights=3), make_facts(approvals=(new, old)), RULES))
    assert found["approval_terms"].nights == (FRIDAY,)
