"""Who sleeps where on which night, kept in memory while a constellation's stays are planned.

What `stay_facts` would read from the database is told from here, so that the hub's own checks judge
every stay that is planned. The rules that must never be broken are kept here once more, more
strictly than the checks ask: a seeded night is beyond doubt.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from hub_api.sleepovers.facts import Facts, GuestNight, Holiday, NightAway

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from hub_api.settings import Settings
    from hub_api.sleepovers.beds import Plan
    from hub_api.sleepovers.facts import ChildFacts, Stay
    from seed.town import Town

USUAL_LIMIT = 3
"""Fostered children in one home (Children Act 1989 Sch 7)."""
DAY = timedelta(days=1)
AROUND = 21 * DAY
"""How far `stay_facts` looks before and after a stay for the nights of its children."""


class Ledger:
    """The nights of one hub home."""

    def __init__(self, town: Town) -> None:
        self._town = town
        everybody = [*town.children(), *town.residents]
        self._children = {child.id: child for child in everybody}
        self._nameless = {child.id: replace(child, first_name=None) for child in everybody}
        self._guests: dict[date, list[GuestNight]] = defaultdict(list)
        self._away: dict[UUID, dict[date, UUID]] = defaultdict(dict)
        self._holidays: list[Holiday] = []

    def take(self, request_id: UUID, plan: Plan) -> None:
        """Note the nights that a request's children hold."""
        for child_id, beds in plan.items():
            for night, bed_id in beds.items():
                self._guests[night].append(GuestNight(night, bed_id, child_id, request_id))
                self._away[child_id][night] = request_id

    def remember_holiday(self, request_id: UUID, child_id: UUID, arrives_at: datetime) -> None:
        self._holidays.append(Holiday(child_id, request_id, arrives_at))

    def facts(self, stay: Stay) -> Facts:
        """What `stay_facts` would tell about this stay."""
        guests = tuple(guest for night in stay.nights for guest in self._guests[night])
        residents = tuple(child.id for child in self._town.residents)
        present = {*stay.children, *residents, *(guest.child_id for guest in guests)}
        known = {child_id: self._nameless[child_id] for child_id in present}
        known |= {child_id: self._children[child_id] for child_id in stay.children}
        return Facts(
            beds=tuple(self._town.beds),
            absences=tuple(self._town.absences),
            approvals=tuple(self._town.approvals),
            exemptions=(),
            adults=tuple(self._town.adults),
            residents=residents,
            guests=guests,
            children=known,
            nights_away=tuple(self._nights_away(stay)),
            kept_apart=tuple(
                apart
                for apart in self._town.kept_apart
                if {apart.child_id, apart.other_child_id} <= present
                and not {apart.child_id, apart.other_child_id}.isdisjoint(stay.children)
            ),
            agreements=tuple(
                agreement
                for agreement in self._town.agreements
                if {agreement.child_id, agreement.with_child_id} <= present
            ),
            siblings_at_home=tuple(self._siblings_at_home(stay)),
            holidays=tuple(
                holiday
                for holiday in self._holidays
                if holiday.child_id in stay.children
                and timedelta() < stay.arrives_at - holiday.arrives_at < timedelta(days=365)
            ),
            consents=tuple(c for c in self._town.consents if c.child_id in stay.children),
            consent_flags=tuple(f for f in self._town.consent_flags if f.child_id in stay.children),
        )

    def _nights_away(self, stay: Stay) -> Iterable[NightAway]:
        first, last = stay.nights[0] - AROUND, stay.nights[-1] + AROUND
        for child_id in stay.children:
            for night, request_id in self._away[child_id].items():
                if first <= night <= last:
                    yield NightAway(night, child_id, request_id)

    def _siblings_at_home(self, stay: Stay) -> Iterable[UUID]:
        groups = {
            (self._children[child_id].household_id, self._children[child_id].sibling_group_id)
            for child_id in stay.children
        }
        for child in self._town.children():
            is_sibling = (child.household_id, child.sibling_group_id) in groups
            if child.sibling_group_id and is_sibling and child.id not in stay.children:
                yield child.id

    # --- what must never be broken -------------------------------------------------------------

    def may_ask(self, stay: Stay, rules: Settings) -> bool:
        """Whether the children are free, have settled in, and don't stay on and on."""
        around = {*stay.nights, stay.nights[0] - DAY, stay.nights[-1] + DAY}
        settled = [
            child.placed_on is None or child.placed_on + rules.settling_in <= stay.nights[0]
            for child in map(self._children.__getitem__, stay.children)
        ]
        return all(settled) and not any(
            around & self._away[child_id].keys() for child_id in stay.children
        )

    def is_right(self, stay: Stay, plan: Plan) -> bool:
        """Whether these beds on these nights break none of the rules about who may be together."""
        if any(away.is_on(night) for away in self._town.absences for night in stay.nights):
            return False
        return all(self._is_right_on(night, stay, plan) for night in stay.nights)

    def _is_right_on(self, night: date, stay: Stay, plan: Plan) -> bool:
        beds = {guest.child_id: guest.bed_id for guest in self._guests[night]}
        if not set(beds.values()).isdisjoint(plan[child_id][night] for child_id in stay.children):
            return False
        beds |= {child_id: plan[child_id][night] for child_id in stay.children}
        there = [self._children[child_id] for child_id in beds] + self._town.residents
        return (
            self._is_within_limits(night, there)
            and not self._are_kept_apart({child.id for child in there})
            and self._may_share(beds)
        )

    def _is_within_limits(self, night: date, there: list[ChildFacts]) -> bool:
        fostered = [child for child in there if child.is_fostered]
        groups = {child.sibling_group_id for child in fostered}
        are_siblings = len(groups) == 1 and None not in groups
        if len(fostered) > USUAL_LIMIT and not are_siblings:
            return False
        terms = [approval for approval in self._town.approvals if approval.holds_on(night)]
        return all(
            len(there) <= term.max_children
            and all(term.min_age <= child.age_on(night) <= term.max_age for child in fostered)
            and all(child.gender in term.genders for child in fostered)
            for term in terms
        ) and bool(terms)

    def _are_kept_apart(self, there: set[UUID]) -> bool:
        return any({a.child_id, a.other_child_id} <= there for a in self._town.kept_apart)

    def _may_share(self, beds: dict[UUID, UUID]) -> bool:
        rooms = {bed.id: bed.bedroom for bed in self._town.beds}
        agreed = {(a.child_id, a.with_child_id) for a in self._town.agreements}
        return all(
            (child, other) in agreed
            for child, bed in beds.items()
            for other, other_bed in beds.items()
            if child != other and rooms[bed] == rooms[other_bed]
        )
