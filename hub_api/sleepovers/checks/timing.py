"""How long, when, and whether now is a good time."""

from __future__ import annotations

from calendar import isleap
from datetime import date, timedelta
from typing import TYPE_CHECKING

from hub_api.clock import london_date, spoken, spoken_list
from hub_api.sleepovers.checks.check import OVERRIDABLE, Check, Outcome

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.settings import Settings
    from hub_api.sleepovers.facts import ChildFacts, Facts, Stay

DAY = timedelta(days=1)

LONGEST_TEMPORARY_STAY, LONGEST_HOLIDAY_STAY = 7, 21
"""Days of the codes T4 and T3 (DfE 903, children looked after return)."""

HOLIDAYS_A_YEAR = 2
"""How many stays of T3 a child may have in twelve months."""

HOLIDAY = "carers_holiday"
"""The one reason to ask that a check knows; `stay_facts` counts stays by it."""


def check_length(stay: Stay, facts: Facts, rules: Settings) -> Check:
    """The hub carer decides on `longest_stay` nights, with the liaison worker on
    `longest_approved_stay`. Adjoining stays count as one: three nights and three are six."""
    nights = max(_run(child, stay, facts) for child in stay.children)
    if nights <= rules.longest_stay:
        return Check("length", Outcome.PASS, "The hub carer can decide on a stay this long.")
    counted = "" if nights == len(stay.nights) else " together with the nights next to it"
    if nights <= rules.longest_approved_stay:
        return Check(
            "length",
            Outcome.BLOCK,
            f"That is {nights} nights{counted}; for more than {rules.longest_stay} the liaison "
            "worker needs to agree too.",
            override=OVERRIDABLE["length"],
        )
    return Check(
        "length",
        Outcome.BLOCK,
        f"That is {nights} nights{counted}; a sleepover can be {rules.longest_approved_stay} at "
        "most. For a longer stay, please ask your supervising social worker about formal respite.",
    )


def _run(child_id: UUID, stay: Stay, facts: Facts) -> int:
    """The nights without a break that the child would sleep away, this stay included."""
    away = {n.night for n in facts.nights_away if n.child_id == child_id} | {*stay.nights}
    first = last = stay.nights[0]
    while first - DAY in away:
        first -= DAY
    while last + DAY in away:
        last += DAY
    return (last - first).days + 1


def check_temporary_stay(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """What the yearly return takes for a temporary stay of a looked-after child (DfE 903)."""
    looked_after = [child for child in stay.children if facts.children[child].is_fostered]
    is_holiday = stay.reason == HOLIDAY
    longest = LONGEST_HOLIDAY_STAY if is_holiday else LONGEST_TEMPORARY_STAY
    sentences = []
    if any(_run(child, stay, facts) > longest for child in looked_after):
        sentences.append(f"For a looked-after child that is more than {longest} days away.")
    if is_holiday and any(_holidays(child, facts) >= HOLIDAYS_A_YEAR for child in looked_after):
        sentences.append(
            f"It would be more than {HOLIDAYS_A_YEAR} stays in twelve months for a carer's holiday."
        )
    if not sentences:
        return Check("temporary_stay", Outcome.PASS, "This counts as a temporary stay.")
    words = " ".join([*sentences, "Please let the child's social worker know before you plan it."])
    return Check("temporary_stay", Outcome.WARN, words)


def _holidays(child_id: UUID, facts: Facts) -> int:
    return len({h.request_id for h in facts.holidays if h.child_id == child_id})


def check_hub_away(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """Nobody comes while the hub carer is on leave or has blocked the night."""
    away = tuple(n for n in stay.nights if any(absence.is_on(n) for absence in facts.absences))
    if not away:
        return Check("hub_away", Outcome.PASS, "The hub home takes guests on these nights.")
    return Check(
        "hub_away",
        Outcome.BLOCK,
        f"The hub home takes no guests on {spoken_list([*away])}.",
        away,
        OVERRIDABLE["hub_away"],
    )


def check_timing(stay: Stay, facts: Facts, rules: Settings) -> Check:
    """Near a birthday, a loss, the beginning of a placement, or without the brothers and sisters.

    A warning, for the carer to think about. A loss and a new placement read alike: what happened to
    a child is not the hub carer's to guess.
    """
    children = [facts.children[child] for child in stay.children]
    sentences = [
        *(_birthday(child, stay) for child in children),
        *(_unsettled(child, stay, rules) for child in children),
    ]
    if facts.siblings_at_home:
        sentences.append(
            "Not all of the brothers and sisters who live together would come. Please think about "
            "how that will feel for each of them."
        )
    words = " ".join(filter(None, sentences))
    if not words:
        return Check("timing", Outcome.PASS, "Nothing speaks against these dates.")
    return Check("timing", Outcome.WARN, words)


def _birthday(child: ChildFacts, stay: Stay) -> str:
    day = london_date(stay.arrives_at) - DAY
    last = london_date(stay.departs_at) + DAY
    while day <= last:
        if _is_birthday(child.born_on, day):
            return f"It is {child.first_name}'s birthday on {spoken(day)}."
        day += DAY
    return ""


def _is_birthday(born_on: date, day: date) -> bool:
    if (born_on.month, born_on.day) == (2, 29) and not isleap(day.year):
        # The law says 1 March, families say either: both count.
        return (day.month, day.day) in {(2, 28), (3, 1)}
    return (day.month, day.day) == (born_on.month, born_on.day)


def _unsettled(child: ChildFacts, stay: Stay, rules: Settings) -> str:
    first_night = stay.nights[0]
    is_new = child.placed_on is not None and first_night - child.placed_on < rules.settling_in
    is_grieving = (
        child.bereaved_on is not None and first_night - child.bereaved_on <= rules.grieving
    )
    if not is_new and not is_grieving:
        return ""
    return (
        f"This may be an unsettled time for {child.first_name}. Please think about whether nights "
        "away from home would help just now."
    )
