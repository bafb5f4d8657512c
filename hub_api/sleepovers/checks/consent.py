"""Whether somebody who may say so has said that the child may sleep away (domain.md, section 3).

Whose word it takes follows from the child's legal status, night by night. No sentence says why the
social worker is asked: proceedings and dangers are not for everybody who reads a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.clock import spoken_list
from hub_api.consents.service import Giver, usual_giver
from hub_api.sleepovers.checks.check import Check, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from uuid import UUID

    from hub_api.settings import Settings
    from hub_api.sleepovers.facts import ChildFacts, Facts, Stay

ADULT = 18
"""From this birthday on nobody consents for them."""

_ASK_LIAISON = "Please ask your liaison worker to see to it before the hub can say yes."


def check_consent(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """The right consent for every child asked for, in force on every night. Nobody overrides it:
    it takes the consent itself."""
    missing = {
        child: nights for child in stay.children if (nights := nights_without(child, stay, facts))
    }
    if not missing:
        return Check("consent", Outcome.PASS, "Everybody whose consent is needed has given it.")
    sentences = sorted(
        f"We don't have the consent needed for {facts.children[child].first_name} on "
        f"{spoken_list([*nights])}."
        for child, nights in missing.items()
    )
    every = {night for nights in missing.values() for night in nights}
    words = " ".join([*sentences, _ASK_LIAISON])
    return Check("consent", Outcome.BLOCK, words, tuple(sorted(every)))


def is_for_the_court(child: ChildFacts) -> bool:
    """Whether it takes the youth offending team's clearance, without which not even an emergency
    moves a child: where a child on remand lives is the court's business."""
    return usual_giver(child.legal_status) is Giver.YOUTH_OFFENDING_TEAM


def nights_without(child_id: UUID, stay: Stay, facts: Facts) -> tuple[date, ...]:
    """The nights of a stay on which a word that it takes is missing."""
    child = facts.children[child_id]
    given = [consent for consent in facts.consents if consent.child_id == child_id]
    flags = [flag for flag in facts.consent_flags if flag.child_id == child_id]

    def is_missing(night: date) -> bool:
        heard = {consent.giver for consent in given if consent.holds_on(night)}
        is_flagged = any(flag.holds_on(night) for flag in flags)
        return any(heard.isdisjoint(words) for words in _words_it_takes(child, night, is_flagged))

    return tuple(night for night in stay.nights if is_missing(night))


def _words_it_takes(child: ChildFacts, night: date, is_flagged: bool) -> Iterator[set[Giver]]:
    """Of each of these sets it takes one: nothing where the carer consents by asking."""
    usual = usual_giver(child.legal_status)
    if is_adult(child, night) or usual is Giver.YOUNG_ADULT:
        yield {Giver.YOUNG_ADULT}
        return
    # The youth offending team's clearance is the court's business: nobody else's word replaces it.
    if usual is Giver.YOUTH_OFFENDING_TEAM:
        yield {usual}
    if is_flagged and child.is_fostered:
        yield {Giver.SOCIAL_WORKER}
    elif usual is Giver.DELEGATED_BY_AUTHORITY:
        # The authority may as well say yes itself, to these nights, by its social worker.
        yield {usual, Giver.SOCIAL_WORKER}
    elif usual is Giver.DELEGATED_BY_PARENT:
        yield {usual}


# --- grown-up guests ---------------------------------------------------------------------------


def is_adult(child: ChildFacts, night: date) -> bool:
    """Whether a young person is eighteen on a night."""
    return child.age_on(night) >= ADULT


def check_adult_guest(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """A guest of eighteen or over under one roof with fostered children: a warning, since an adult
    who sleeps beside them needs a risk assessment.

    Whichever of them is asked for; the sentence tells neither who is there nor how old anybody is.
    """
    nights = tuple(night for night in stay.nights if _takes_assessment(stay, facts, night))
    if not nights:
        return Check("adult_guest", Outcome.PASS, "This stay takes no risk assessment of its own.")
    return Check(
        "adult_guest",
        Outcome.WARN,
        f"On {spoken_list([*nights])} this stay needs a risk assessment first. Your liaison worker "
        "knows what to do.",
        nights,
    )


def _takes_assessment(stay: Stay, facts: Facts, night: date) -> bool:
    asked = {*stay.children}
    guests = {guest.child_id for guest in facts.guests if guest.night == night} | asked
    adults = {child for child in guests if is_adult(facts.children[child], night)}
    there = (facts.there_on(night) | asked) - adults
    fostered = {child for child in there if facts.children[child].is_fostered}
    return bool(adults and fostered and asked & (adults | fostered))
