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

    @property
    def problem(self) -> str:
        """The code of the 409 when it stands in the way."""
        return _PROBLEM_OF[self.code]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "nights": [night.isoformat() for night in self.nights]}


OVERRIDABLE: dict[str, Role] = {
    "kept_apart": Role.LIAISON_WORKER,
    "checks_current": Role.PROGRAMME_MANAGER,
    "hub_away": Role.HUB_CARER,
    "length": Role.LIAISON_WORKER,
}
"""The checks that may be set aside for one request, and the role that may."""

_PROBLEM_OF = {
    "guest_bed": "nights_taken",
    "child_one_place": "child_already_away",
    "length": "stay_too_long",
    "kept_apart": "kept_apart",
}
PROBLEMS = frozenset(_PROBLEM_OF.values())
"""The codes of 409s about a stay."""


def refuses_asking(check: Check) -> bool:
    """Whether a request can't even wait with this block: nothing could mend it meanwhile."""
    if check.outcome is not Outcome.BLOCK:
        return False
    return check.code == "child_one_place" or (check.code == "length" and check.override is None)


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
    """The hub carer alone up to `longest_stay` nights, with the liaison worker's approval up to a
    week, and no further."""
    nights = len(stay.nights)
    if nights <= rules.longest_stay:
        return Check("length", Outcome.PASS, "The hub carer can decide on a stay this long.")
    if nights <= LONGEST_WITH_APPROVAL:
        return Check(
            "length",
            Outcome.BLOCK,
            f"That is {nights} nights, so the liaison worker needs to approve it too.",
            override=Role.LIAISON_WORKER,
        )
    return Check(
        "length",
        Outcome.BLOCK,
        f"That is {nights} nights; a sleepover can be {LONGEST_WITH_APPROVAL} at most. For a "
        "longer stay, please ask your supervising social worker about formal respite.",
    )


LONGEST_WITH_APPROVAL = 7


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
