"""The checks of a respite request: plain functions, one rule each, no database.

Every check has a code, an outcome, a sentence a carer understands and, where there is one, the role
that may override it. The whole set is kept with every decision.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hub_api.access import Role
from hub_api.clock import spoken_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105 - the outcome of a check
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule's answer. `nights` are the nights it is about; empty when about all of them."""

    code: str
    outcome: Outcome
    sentence: str
    nights: tuple[date, ...] = ()
    override: Role | None = None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "nights": [night.isoformat() for night in self.nights]}


CAN_WAIT = frozenset({"guest_bed"})
"""What may mend itself while a request waits: it blocks the decision, not the asking."""


def check_guest_bed(children: int, free: Mapping[date, Sequence[object]]) -> Check:
    """A free guest bed for every child on every night; never two children in one bed.

    `free` lists the free beds of the hub home night by night.
    """
    full = tuple(night for night, beds in sorted(free.items()) if len(beds) < children)
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


def check_child_one_place(away: Sequence[tuple[str, Sequence[date]]]) -> Check:
    """A child is in one place at a time.

    `away` gives, for each child who is, the first name and the nights already slept elsewhere.
    """
    if not away:
        return Check("child_one_place", Outcome.PASS, "Nobody is away on these nights already.")
    sentences = [
        f"{name} already has a sleepover on {spoken_list([*nights])}."
        for name, nights in sorted(away)
    ]
    nights = tuple(sorted({night for _, found in away for night in found}))
    return Check("child_one_place", Outcome.BLOCK, " ".join(sentences), nights)


def check_length(nights: int, longest: int) -> Check:
    """A hub carer may accept up to `longest` nights alone."""
    if nights <= longest:
        return Check("length", Outcome.PASS, "The hub carer can decide on a stay this long.")
    return Check(
        "length",
        Outcome.BLOCK,
        f"That is {nights} nights; the hub carer can say yes to {longest} at most. For a longer "
        "stay, please ask your supervising social worker about formal respite.",
    )


def blocking(checks: Sequence[Check]) -> list[Check]:
    """The checks that stand in the way."""
    return [check for check in checks if check.outcome is Outcome.BLOCK]
