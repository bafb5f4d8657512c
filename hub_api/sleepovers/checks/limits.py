"""What the hub home is allowed: how many fostered children, which, and with whose checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.clock import spoken_list, whole_years
from hub_api.sleepovers.checks.check import OVERRIDABLE, Check, Outcome

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.settings import Settings
    from hub_api.sleepovers.facts import ApprovalFacts, Facts, Stay

USUAL_LIMIT = 3
"""Children Act 1989 Sch 7 para 2: the law's number, so not a setting."""

ASK_LIAISON = "The liaison worker can tell you more."


def _fostered_on(stay: Stay, facts: Facts, night: date) -> frozenset[UUID]:
    """The fostered children who would be there that night: the hub's own, its guests, and those
    asked for. Adopted children and the like never count."""
    everybody = facts.there_on(night) | {*stay.children}
    return frozenset(child for child in everybody if facts.children[child].is_fostered)


def _brings_fostered(stay: Stay, facts: Facts) -> bool:
    """Otherwise the stay adds nobody whom the law and the terms of approval count."""
    return any(facts.children[child].is_fostered for child in stay.children)


def check_fostering_limit(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """At most three fostered children on any night, unless they are all brothers and sisters, or
    all named in one exemption of the authority where the hub carer lives."""
    over: tuple[date, ...] = ()
    if _brings_fostered(stay, facts):
        over = tuple(night for night in stay.nights if not _is_within_limit(stay, facts, night))
    if not over:
        return Check(
            "fostering_limit", Outcome.PASS, "The hub home stays within the fostering limit."
        )
    return Check(
        "fostering_limit",
        Outcome.BLOCK,
        f"On {spoken_list([*over])} this stay would take the hub home over the number of fostered "
        f"children the law allows. {ASK_LIAISON}",
        over,
    )


def _is_within_limit(stay: Stay, facts: Facts, night: date) -> bool:
    fostered = _fostered_on(stay, facts, night)
    if len(fostered) <= USUAL_LIMIT:
        return True
    families = {facts.children[child].sibling_group_id for child in fostered}
    if len(families) == 1 and None not in families:
        return True
    return any(
        exemption.holds_on(night) and fostered <= exemption.child_ids
        for exemption in facts.exemptions
    )


def check_approval_terms(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """The hub carer's terms of approval on each night: how many fostered children, and the age and
    gender of each that is asked for. An age is that of the night: birthdays count."""
    unapproved = tuple(night for night in stay.nights if _approval_on(facts, night) is None)
    full = tuple(night for night in stay.nights if _is_full(stay, facts, night))
    outside = {
        child: nights for child in stay.children if (nights := _nights_outside(child, stay, facts))
    }
    sentences = [
        *_sentence(unapproved, "The hub home isn't approved to care for children on {nights}."),
        *_sentence(full, "The hub home isn't approved for so many fostered children on {nights}."),
        *sorted(
            f"The hub home's approval doesn't cover {facts.children[child].first_name} on "
            f"{spoken_list([*nights])}."
            for child, nights in outside.items()
        ),
    ]
    if not sentences:
        return Check("approval_terms", Outcome.PASS, "The hub home is approved for this stay.")
    every = {*unapproved, *full, *(night for found in outside.values() for night in found)}
    words = " ".join([*sentences, ASK_LIAISON])
    return Check("approval_terms", Outcome.BLOCK, words, tuple(sorted(every)))


def _sentence(nights: tuple[date, ...], words: str) -> list[str]:
    return [words.format(nights=spoken_list([*nights]))] if nights else []


def _approval_on(facts: Facts, night: date) -> ApprovalFacts | None:
    """The approval in force, of which the database allows one at a time."""
    return next((found for found in facts.approvals if found.holds_on(night)), None)


def _is_full(stay: Stay, facts: Facts, night: date) -> bool:
    approval = _approval_on(facts, night)
    if approval is None or not _brings_fostered(stay, facts):
        return False
    return len(_fostered_on(stay, facts, night)) > approval.max_children


def _nights_outside(child_id: UUID, stay: Stay, facts: Facts) -> tuple[date, ...]:
    """The nights on which a fostered child is not of an age and gender that is approved for."""
    child = facts.children[child_id]

    def is_outside(night: date) -> bool:
        approval = _approval_on(facts, night)
        return approval is not None and not (
            approval.min_age <= child.age_on(night) <= approval.max_age
            and child.gender in approval.genders
        )

    return tuple(night for night in stay.nights if child.is_fostered and is_outside(night))


def check_checks_current(stay: Stay, facts: Facts, rules: Settings) -> Check:
    """The approval review, and a DBS of every adult who lives there, in date on each night."""
    overdue = tuple(
        night for night in stay.nights if not _is_current(facts, night, rules.dbs_lasts_years)
    )
    if not overdue:
        return Check("checks_current", Outcome.PASS, "The hub home's own checks are up to date.")
    return Check(
        "checks_current",
        Outcome.BLOCK,
        "Some of the hub home's own paperwork has to be renewed first, so it can't take guests on "
        f"{spoken_list([*overdue])} yet. {ASK_LIAISON}",
        overdue,
        OVERRIDABLE["checks_current"],
    )


def _is_current(facts: Facts, night: date, dbs_lasts_years: int) -> bool:
    approval = _approval_on(facts, night)
    # Without an approval there is no review; `approval_terms` says so.
    is_reviewed = approval is None or night <= approval.review_due_on
    issued = [adult.dbs_issued_on for adult in facts.adults if adult.lives_there_on(night)]
    return (
        is_reviewed
        and bool(issued)
        and all(on is not None and 0 <= whole_years(on, night) < dbs_lasts_years for on in issued)
    )
