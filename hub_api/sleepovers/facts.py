"""What the checks of a stay need to know, read in one statement.

Trust it only under the hub home's mutex. Most of it never leaves this slice: a carer's sentence
must not say who else is there (docs/decisions/0009-facts-of-a-stay.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import sqlalchemy as sa

from hub_api import clock, db
from hub_api.errors import NotFound
from hub_api.households import service as households

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hub_api.sleepovers.asked import PackState


@dataclass(frozen=True, slots=True)
class Stay:
    """What is judged: these children at this hub home on these nights, in order."""

    hub_home_id: UUID
    children: tuple[UUID, ...]
    arrives_at: datetime
    departs_at: datetime
    nights: tuple[date, ...]
    reason: str
    request_id: UUID | None = None
    """The request it belongs to: nights it holds already do not stand in its own way."""


@dataclass(frozen=True, slots=True)
class Dated:
    """From one day up to, and not including, another, or without end."""

    starts_on: date
    ends_on: date | None

    def holds_on(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day < self.ends_on)


@dataclass(frozen=True, slots=True)
class BedFacts(Dated):
    id: UUID
    label: str
    bedroom: str


@dataclass(frozen=True, slots=True)
class Absence:
    first_night: date
    last_night: date

    def is_on(self, night: date) -> bool:
        return self.first_night <= night <= self.last_night


@dataclass(frozen=True, slots=True)
class ApprovalFacts(Dated):
    max_children: int
    min_age: int
    max_age: int
    genders: frozenset[str]
    review_due_on: date


@dataclass(frozen=True, slots=True)
class Exemption(Dated):
    authority: str
    child_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class AdultFacts:
    dbs_issued_on: date | None
    left_on: date | None

    def lives_there_on(self, night: date) -> bool:
        return self.left_on is None or night < self.left_on


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """A child asked for, living there, or staying there on one of the nights."""

    id: UUID
    first_name: str | None
    """Of the children asked for only."""
    household_id: UUID
    born_on: date
    gender: str
    legal_status: str
    sibling_group_id: UUID | None
    placed_on: date | None
    left_on: date | None
    bereaved_on: date | None

    @property
    def is_fostered(self) -> bool:
        return households.is_fostered(self.legal_status)

    def age_on(self, day: date) -> int:
        """Whole years."""
        return clock.whole_years(self.born_on, day)

    def lives_there_on(self, night: date) -> bool:
        has_come = self.placed_on is None or self.placed_on <= night
        return has_come and (self.left_on is None or night < self.left_on)


@dataclass(frozen=True, slots=True)
class GuestNight:
    """A bed taken on a night, be it held or confirmed."""

    night: date
    bed_id: UUID
    child_id: UUID
    request_id: UUID


@dataclass(frozen=True, slots=True)
class NightAway:
    """A night that a child asked for sleeps away, wherever; up to three weeks before and after,
    which is as long as the longest stay that may be approved (settings.py)."""

    night: date
    child_id: UUID
    request_id: UUID


@dataclass(frozen=True, slots=True)
class Apart(Dated):
    child_id: UUID
    other_child_id: UUID


@dataclass(frozen=True, slots=True)
class Agreement(Dated):
    child_id: UUID
    with_child_id: UUID


@dataclass(frozen=True, slots=True)
class Holiday:
    """A stay of the last twelve months while the carer was on holiday (DfE 903, T3)."""

    child_id: UUID
    request_id: UUID
    arrives_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentFacts(Dated):
    """Somebody's word that a child asked for may sleep away; withdrawn is over."""

    child_id: UUID
    giver: str


@dataclass(frozen=True, slots=True)
class ConsentFlagFacts(Dated):
    """While it lasts, the child's social worker is the one to ask."""

    child_id: UUID


@dataclass(frozen=True, slots=True)
class Facts:
    """The hub home, who is in it, and the children asked for."""

    beds: tuple[BedFacts, ...]
    absences: tuple[Absence, ...]
    approvals: tuple[ApprovalFacts, ...]
    exemptions: tuple[Exemption, ...]
    adults: tuple[AdultFacts, ...]
    residents: tuple[UUID, ...]
    guests: tuple[GuestNight, ...]
    children: dict[UUID, ChildFacts]
    nights_away: tuple[NightAway, ...]
    kept_apart: tuple[Apart, ...]
    agreements: tuple[Agreement, ...]
    siblings_at_home: tuple[UUID, ...]
    """Brothers and sisters of the children asked for who live with them and are not asked for."""
    holidays: tuple[Holiday, ...]
    consents: tuple[ConsentFacts, ...]
    consent_flags: tuple[ConsentFlagFacts, ...]
    packs: Mapping[UUID, PackState] = field(default_factory=dict)
    """How much there is of the packs of the children asked for; empty where nobody asked."""

    def there_on(self, night: date) -> frozenset[UUID]:
        """The children who are at the hub home without this stay: its own and its guests."""
        own = {child for child in self.residents if self.children[child].lives_there_on(night)}
        return frozenset(own | {guest.child_id for guest in self.guests if guest.night == night})


def read(stay: Stay) -> Facts:
    """The facts as they are now, without the nights that the stay's own children hold for its own
    request. Raises `NotFound` for a hub home that does not serve whoever asks, and for children
    who are not theirs to ask for."""
    found = db.session().execute(
        _FACTS,
        {
            "hub": stay.hub_home_id,
            "asked": [*stay.children],
            "first_night": stay.nights[0],
            "last_night": stay.nights[-1],
        },
    )
    told = found.scalar_one_or_none()
    if told is None:
        raise NotFound
    facts = _facts(told)
    if any(
        child not in facts.children or facts.children[child].first_name is None
        for child in stay.children
    ):
        raise NotFound
    return _without_own(stay, facts)


_FACTS = sa.text("select stay_facts(:hub, :asked, :first_night, :last_night)").bindparams(
    sa.bindparam("hub", type_=sa.Uuid()),
    sa.bindparam("asked", type_=sa.ARRAY(sa.Uuid())),
    sa.bindparam("first_night", type_=sa.Date()),
    sa.bindparam("last_night", type_=sa.Date()),
)


def _without_own(stay: Stay, facts: Facts) -> Facts:
    def is_others(held: GuestNight | NightAway) -> bool:
        return held.request_id != stay.request_id or held.child_id not in stay.children

    return replace(
        facts,
        guests=tuple(guest for guest in facts.guests if is_others(guest)),
        nights_away=tuple(away for away in facts.nights_away if is_others(away)),
        holidays=tuple(h for h in facts.holidays if h.request_id != stay.request_id),
    )


# --- from JSON -------------------------------------------------------------------------------


def _facts(told: dict[str, Any]) -> Facts:
    children = _all(ChildFacts, told["children"])
    return Facts(
        beds=_all(BedFacts, told["beds"]),
        absences=_all(Absence, told["absences"]),
        approvals=_all(ApprovalFacts, told["approvals"]),
        exemptions=_all(Exemption, told["exemptions"]),
        adults=_all(AdultFacts, told["adults"]),
        residents=tuple(map(UUID, told["residents"])),
        guests=_all(GuestNight, told["guests"]),
        children={child.id: child for child in children},
        nights_away=_all(NightAway, told["nights_away"]),
        kept_apart=_all(Apart, told["kept_apart"]),
        agreements=_all(Agreement, told["agreements"]),
        siblings_at_home=tuple(map(UUID, told["siblings_at_home"])),
        holidays=_all(Holiday, told["holidays"]),
        consents=_all(ConsentFacts, told["consents"]),
        consent_flags=_all(ConsentFlagFacts, told["consent_flags"]),
    )


Kind = TypeVar("Kind")


def _all(kind: Callable[..., Kind], rows: Sequence[dict[str, Any]]) -> tuple[Kind, ...]:
    return tuple(kind(**{name: _value(name, value) for name, value in row.items()}) for row in rows)


_READERS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("child_ids", lambda ids: frozenset(map(UUID, ids))),
    ("genders", frozenset),
    ("id", UUID),
    ("_id", UUID),
    ("_on", date.fromisoformat),
    ("night", date.fromisoformat),
    ("_at", datetime.fromisoformat),
)
"""How a value is read, by the end of its name."""


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    return next((read(value) for end, read in _READERS if name.endswith(end)), value)
