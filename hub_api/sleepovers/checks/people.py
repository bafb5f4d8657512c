"""Who may be where, and with whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.clock import spoken, spoken_list
from hub_api.sleepovers.checks.check import OVERRIDABLE, Check, Outcome

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.settings import Settings
    from hub_api.sleepovers.checks.check import Pairs
    from hub_api.sleepovers.facts import Facts, Stay


def check_kept_apart(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """Nobody recorded as to be kept apart from another child there, or from another asked for.

    Its sentence tells neither why nor whom, and where several are asked for, not even which.
    """
    meeting = {night: _meeting(stay, facts, night) for night in stay.nights}
    nights = tuple(night for night, pairs in meeting.items() if pairs)
    if not nights:
        return Check("kept_apart", Outcome.PASS, "Nothing on record stands in the way.")
    only_one = facts.children[stay.children[0]].first_name if len(stay.children) == 1 else None
    return Check(
        "kept_apart",
        Outcome.BLOCK,
        f"{only_one or 'The children'} can't stay on {spoken_list([*nights])}; the liaison worker "
        "can tell you more.",
        nights,
        OVERRIDABLE["kept_apart"],
        pairs=frozenset().union(*meeting.values()),
    )


def _meeting(stay: Stay, facts: Facts, night: date) -> Pairs:
    asked = {*stay.children}
    there = facts.there_on(night) | asked
    pairs = (
        frozenset({apart.child_id, apart.other_child_id})
        for apart in facts.kept_apart
        if apart.holds_on(night)
    )
    return frozenset(pair for pair in pairs if pair <= there and not asked.isdisjoint(pair))


def check_child_one_place(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """A child is in one place at a time, and comes from the home it lives in."""
    found = {child: _nights_elsewhere(child, stay, facts) for child in stay.children}
    sentences = sorted(
        sentence for child, nights in found.items() for sentence in _words(child, nights, facts)
    )
    if not sentences:
        return Check("child_one_place", Outcome.PASS, "Nobody is away on these nights already.")
    every = {
        night for nights in found.values() for away_or_left in nights for night in away_or_left
    }
    return Check("child_one_place", Outcome.BLOCK, " ".join(sentences), tuple(sorted(every)))


def _nights_elsewhere(
    child_id: UUID, stay: Stay, facts: Facts
) -> tuple[tuple[date, ...], tuple[date, ...]]:
    """The nights already slept away, and those after the placement has ended."""
    away = {n.night for n in facts.nights_away if n.child_id == child_id}
    left_on = facts.children[child_id].left_on
    return (
        tuple(night for night in stay.nights if night in away),
        tuple(night for night in stay.nights if left_on is not None and night >= left_on),
    )


def _words(
    child_id: UUID, nights: tuple[tuple[date, ...], tuple[date, ...]], facts: Facts
) -> list[str]:
    child, (away, left) = facts.children[child_id], nights
    sentences = []
    if away:
        sentences.append(f"{child.first_name} already has a sleepover on {spoken_list([*away])}.")
    if left and child.left_on is not None:
        sentences.append(
            f"{child.first_name}'s time with this household ends on {spoken(child.left_on)}, so "
            f"{spoken_list([*left])} can't be booked from here."
        )
    return sentences
