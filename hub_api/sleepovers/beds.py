"""Which child sleeps in which bed on which night: plain functions, no database.

Whether there is a way is always answered exactly, at a bounded price: with ten children at most
(schemas.py) there are at most 1024 sets of them, gone through once for each bedroom and for each
stretch of nights that are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import combinations, groupby, product
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hub_api.sleepovers.facts import ChildFacts, Facts, Stay

FreeBeds = dict[date, list[UUID]]
"""The beds nobody sleeps in, by night."""

Plan = dict[UUID, dict[date, UUID]]
"""For each child, the bed of each night."""

AGE_OF_OWN_BEDROOM = 3
"""From this age on, a fostered child has a bedroom of its own or an agreement (NMS 10.6)."""

MOST_ARRANGEMENTS = 625
"""How many arrangements of a night are compared for the fewest changes: four children in five beds.
A hub home has two or three. In a larger one a child may move once more than it must."""


def free_beds(stay: Stay, facts: Facts) -> FreeBeds:
    """The beds that are there and nobody sleeps in, on each night of the stay, oldest first."""
    taken = {(guest.bed_id, guest.night) for guest in facts.guests}
    return {
        night: [
            bed.id for bed in facts.beds if bed.holds_on(night) and (bed.id, night) not in taken
        ]
        for night in stay.nights
    }


def nights_without_rooms(stay: Stay, facts: Facts) -> tuple[date, ...]:
    """The nights on which no arrangement gives every child a bed in a room it may share."""
    home = _Home.of(stay, facts)
    return tuple(
        night for run in _alike(home.nights) if home.fit(run[0][1]) is None for night, _ in run
    )


def allocate(stay: Stay, facts: Facts) -> Plan | None:
    """A bed for every child on every night, in rooms they may share; None when there is no way.

    Every child keeps one bed for the whole stay where that is possible. Where it is not, children
    change beds as seldom as they can: insisting on one bed refuses stays that fit (reliability.md).
    """
    home = _Home.of(stay, facts)
    runs = _alike(home.nights)
    beds = _settle(home, [run[0][1] for run in runs])
    if beds is None:
        return None
    return {
        child: {
            night: chosen[number]
            for run, chosen in zip(runs, beds, strict=True)
            for night, _ in run
        }
        for number, child in enumerate(stay.children)
    }


# --- a night as the search sees it -------------------------------------------------------------

Beds = tuple[UUID, ...]
"""The bed of each child asked for, in their order."""


@dataclass(frozen=True, slots=True)
class _Night:
    """The beds that are free, which child may not join which bedroom, and which two may not share.

    Children are numbers: their places in the stay.
    """

    free: tuple[UUID, ...]
    barred: frozenset[tuple[int, str]]
    at_odds: frozenset[tuple[int, int]]

    def and_also(self, other: _Night) -> _Night:
        """What holds on both nights."""
        return _Night(
            tuple(bed for bed in self.free if bed in other.free),
            self.barred | other.barred,
            self.at_odds | other.at_odds,
        )

    def lets_share(self, children: Sequence[int], bedroom: str) -> bool:
        return not any((child, bedroom) in self.barred for child in children) and not any(
            pair in self.at_odds for pair in combinations(sorted(children), 2)
        )


def _alike(nights: dict[date, _Night]) -> list[list[tuple[date, _Night]]]:
    """Stretches of nights that are alike: nobody has a reason to move within one."""
    return [list(run) for _, run in groupby(nights.items(), key=lambda found: found[1])]


@dataclass(frozen=True, slots=True)
class _Home:
    children: int
    bedrooms: dict[UUID, str]
    nights: dict[date, _Night]

    @classmethod
    def of(cls, stay: Stay, facts: Facts) -> _Home:
        bedrooms = {bed.id: bed.bedroom for bed in facts.beds}
        free = free_beds(stay, facts)
        nights = {
            night: _Night(
                tuple(free[night]),
                frozenset(_barred(stay, facts, bedrooms, night)),
                frozenset(_at_odds(stay, facts, night)),
            )
            for night in stay.nights
        }
        return cls(len(stay.children), bedrooms, nights)

    def fit(self, night: _Night) -> Beds | None:
        """A free bed for every child; None when there is no way.

        Room by room: which sets of children can have been put to bed so far.
        """
        everybody = frozenset(range(self.children))
        reached: dict[frozenset[int], dict[int, UUID]] = {frozenset(): {}}
        for bedroom, beds in self._free_rooms(night).items():
            groups = [
                group
                for size in range(1, min(len(beds), self.children) + 1)
                for group in combinations(range(self.children), size)
                if night.lets_share(group, bedroom)
            ]
            for asleep, found in [*reached.items()]:
                for group in groups:
                    if asleep.isdisjoint(group) and asleep.union(group) not in reached:
                        in_bed = found | dict(zip(group, beds, strict=False))
                        reached[asleep.union(group)] = in_bed
            if everybody in reached:
                return tuple(reached[everybody][child] for child in range(self.children))
        return None

    def _free_rooms(self, night: _Night) -> dict[str, list[UUID]]:
        rooms: dict[str, list[UUID]] = {}
        for bed in night.free:
            rooms.setdefault(self.bedrooms[bed], []).append(bed)
        return rooms

    def arrangements(self, night: _Night) -> Iterator[Beds]:
        """Every way to put the children to bed."""
        for beds in product(night.free, repeat=self.children):
            if len({*beds}) == self.children and self._suits(night, beds):
                yield beds

    def _suits(self, night: _Night, beds: Beds) -> bool:
        rooms: dict[str, list[int]] = {}
        for child, bed in enumerate(beds):
            rooms.setdefault(self.bedrooms[bed], []).append(child)
        return all(night.lets_share(group, bedroom) for bedroom, group in rooms.items())


def _barred(
    stay: Stay, facts: Facts, bedrooms: dict[UUID, str], night: date
) -> Iterator[tuple[int, str]]:
    for guest in facts.guests:
        if guest.night == night and guest.bed_id in bedrooms:
            for number, child in enumerate(stay.children):
                if not may_share(facts, child, guest.child_id, night):
                    yield number, bedrooms[guest.bed_id]


def _at_odds(stay: Stay, facts: Facts, night: date) -> Iterator[tuple[int, int]]:
    for (one, child), (two, other) in combinations(enumerate(stay.children), 2):
        if not may_share(facts, child, other, night):
            yield one, two


def may_share(facts: Facts, child_id: UUID, other_id: UUID, night: date) -> bool:
    """Whether each of the two has the agreement it needs."""

    def is_agreed(child: ChildFacts, other_id: UUID) -> bool:
        return (
            not child.is_fostered
            or child.age_on(night) < AGE_OF_OWN_BEDROOM
            or any(
                (agreement.child_id, agreement.with_child_id) == (child.id, other_id)
                and agreement.holds_on(night)
                for agreement in facts.agreements
            )
        )

    return is_agreed(facts.children[child_id], other_id) and is_agreed(
        facts.children[other_id], child_id
    )


# --- the whole stay ------------------------------------------------------------------------------


def _settle(home: _Home, runs: list[_Night]) -> list[Beds] | None:
    """The beds of each stretch, with the fewest changes between them."""
    if (beds := home.fit(reduce(_Night.and_also, runs))) is not None:
        return [beds] * len(runs)
    if any(home.fit(run) is None for run in runs):
        return None
    if max(len(run.free) for run in runs) ** home.children > MOST_ARRANGEMENTS:
        return _stay_put_while_possible(home, runs)
    return _fewest_changes([[*home.arrangements(run)] for run in runs])


def _fewest_changes(choices: list[list[Beds]]) -> list[Beds]:
    """One choice of each stretch: for each, the cheapest way there (Viterbi's algorithm)."""
    ways: dict[Beds, tuple[int, list[Beds]]] = {beds: (0, [beds]) for beds in choices[0]}
    for following in choices[1:]:
        ways = {
            beds: min(
                (
                    (changes + sum(map(UUID.__ne__, way[-1], beds)), [*way, beds])
                    for changes, way in ways.values()
                ),
                key=lambda found: found[0],
            )
            for beds in following
        }
    return min(ways.values(), key=lambda found: found[0])[1]


def _stay_put_while_possible(home: _Home, runs: list[_Night]) -> list[Beds]:
    """Everybody keeps their bed for as many stretches as one arrangement lasts, then the next."""
    settled: list[Beds] = []
    while len(settled) < len(runs):
        settled += _lasting_longest(home, runs[len(settled) :])
    return settled


def _lasting_longest(home: _Home, runs: list[_Night]) -> list[Beds]:
    for count in range(len(runs), 0, -1):
        if (beds := home.fit(reduce(_Night.and_also, runs[:count]))) is not None:
            return [beds] * count
    raise RuntimeError("A night has no arrangement, though each was seen to have one.")
