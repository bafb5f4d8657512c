"""The checks of a stay: plain functions, one rule each, no database (domain.md, section 3).

Each looks at the stay that is asked for and at the facts of the hub home, and answers with a code,
an outcome, a sentence a carer understands and, where there is one, the role that may override it.
No sentence says who else is in the house. The whole set is kept with every decision.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hub_api.access import Role
from hub_api.clock import spoken_list
from hub_api.sleepovers import beds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from hub_api.settings import Settings
    from hub_api.sleepovers.facts import Facts, Stay


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105 - the outcome of a check
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule's answer. `nights` are the nights it is about; empty when about all of them.

    `override` is the role that may set a block aside, with a reason; where it has, the outcome is a
    warning and `is_overridden` says so.
    """

    code: str
    outcome: Outcome
    sentence: str
    nights: tuple[date, ...] = ()
    override: Role | None = None
    is_overridden: bool = False

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "nights": [night.isoformat() for night in self.nights]}


CAN_WAIT = frozenset({"guest_bed", "bedroom_sharing", "hub_away", "length"})
"""What may mend itself, or be decided by somebody, while a request waits: it blocks the decision,
not the asking."""


def judge(
    stay: Stay, facts: Facts, rules: Settings, overridden: Mapping[str, Role] = {}
) -> list[Check]:
    """Every check of a stay, in the order of domain.md. `overridden` names the checks that were set
    aside, and by which role."""
    return [_set_aside(check(stay, facts, rules), overridden) for check in CHECKS]


def _set_aside(check: Check, overridden: Mapping[str, Role]) -> Check:
    by = overridden.get(check.code)
    if check.outcome is not Outcome.BLOCK or by is None or by is not check.override:
        return check
    return replace(check, outcome=Outcome.WARN, is_overridden=True)


def check_guest_bed(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """A free guest bed for every child on every night; never two children in one bed."""
    free = beds.free_beds(stay, facts)
    children = len(stay.children)
    full = tuple(night for night in stay.nights if len(free[night]) < children)
    if not full:
        return Check("guest_bed", Outcome.PASS, "There is a guest bed for every night.")
    few = "No guest bed is free" if children == 1 else f"There aren't {children} free guest beds"
    return Check(
        "guest_bed",
        Outcome.BLOCK,
        f"{few} on {spoken_list([*full])}.",
        full,
        Role.PROGRAMME_MANAGER,
    )


def check_length(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """A hub carer may accept up to `longest_stay` nights alone."""
    nights, longest = len(stay.nights), rules.longest_stay
    if nights <= longest:
        return Check("length", Outcome.PASS, "The hub carer can decide on a stay this long.")
    return Check(
        "length",
        Outcome.BLOCK,
        f"That is {nights} nights; the hub carer can say yes to {longest} at most. For a longer "
        "stay, please ask your supervising social worker about formal respite.",
    )


def check_child_one_place(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """A child is in one place at a time."""
    away = {
        child: [
            n.night for n in facts.nights_away if n.child_id == child and n.night in stay.nights
        ]
        for child in stay.children
    }
    sentences = sorted(
        f"{facts.children[child].first_name} already has a sleepover on {spoken_list(nights)}."
        for child, nights in away.items()
        if nights
    )
    if not sentences:
        return Check("child_one_place", Outcome.PASS, "Nobody is away on these nights already.")
    nights = tuple(sorted({night for found in away.values() for night in found}))
    return Check("child_one_place", Outcome.BLOCK, " ".join(sentences), nights)


CHECKS: tuple[Callable[[Stay, Facts, Settings], Check], ...] = (
    check_guest_bed,
    check_length,
    check_child_one_place,
)


def blocking(checks: Sequence[Check]) -> list[Check]:
    """The checks that stand in the way."""
    return [check for check in checks if check.outcome is Outcome.BLOCK]
