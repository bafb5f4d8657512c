"""Stays and the facts they are judged by, without a database."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from hub_api.consents.service import Giver, usual_giver
from hub_api.households.models import Gender, LegalStatus
from hub_api.settings import Settings
from hub_api.sleepovers.facts import (
    AdultFacts,
    ApprovalFacts,
    BedFacts,
    ChildFacts,
    ConsentFacts,
    Facts,
    GuestNight,
    NightAway,
    Stay,
)

RULES = Settings()
FRIDAY, SATURDAY, SUNDAY = (date(2026, 12, 4) + timedelta(days=n) for n in range(3))
LONG_AGO = date(2020, 1, 1)

HUB_HOME, REQUEST, OTHER_REQUEST = UUID(int=1), UUID(int=2), UUID(int=3)
AVA, BEN, CARA, DAN, EVE = CHILDREN = [UUID(int=100 + n) for n in range(5)]
"""Whoever a test needs; none is there unless it says so."""
BEDS = [UUID(int=200 + n) for n in range(6)]
FAMILY = UUID(int=300)
NAMES = dict(zip(CHILDREN, ("Ava", "Ben", "Cara", "Dan", "Eve"), strict=True))


def days(first: date, count: int) -> tuple[date, ...]:
    return tuple(first + timedelta(days=n) for n in range(count))


def make_stay(
    *children: UUID, nights: int = 1, first: date = FRIDAY, reason: str = "rest_for_carer"
) -> Stay:
    """Ava's night, unless told otherwise."""
    held = days(first, nights)
    return Stay(
        hub_home_id=HUB_HOME,
        children=children or (AVA,),
        arrives_at=datetime.combine(first, time(17), UTC),
        departs_at=datetime.combine(held[-1] + timedelta(days=1), time(10), UTC),
        nights=held,
        reason=reason,
        request_id=REQUEST,
    )


def make_child(child_id: UUID, **changes: Any) -> ChildFacts:
    """A girl of ten in care, who has long lived where she lives."""
    found = {
        "id": child_id,
        "first_name": NAMES.get(child_id, "Somebody"),
        "household_id": UUID(int=400),
        "born_on": date(2016, 6, 1),
        "gender": Gender.FEMALE,
        "legal_status": LegalStatus.SECTION_31,
        "sibling_group_id": None,
        "placed_on": None,
        "left_on": None,
        "bereaved_on": None,
    }
    return ChildFacts(**{**found, **changes})


def make_beds(*bedrooms: str) -> tuple[BedFacts, ...]:
    """A bed in each of these bedrooms: the same word twice is a room of two."""
    return tuple(
        BedFacts(LONG_AGO, None, BEDS[n], f"bed {n}", bedroom) for n, bedroom in enumerate(bedrooms)
    )


def make_approval(**changes: Any) -> ApprovalFacts:
    terms = {
        "starts_on": LONG_AGO,
        "ends_on": None,
        "max_children": 20,
        "min_age": 0,
        "max_age": 25,
        "genders": frozenset(Gender),
        "review_due_on": date(2030, 1, 1),
    }
    return ApprovalFacts(**{**terms, **changes})


def make_consent(child_id: UUID, giver: Giver, **changes: Any) -> ConsentFacts:
    """Somebody's word for every night there is."""
    found = {"starts_on": LONG_AGO, "ends_on": None}
    return ConsentFacts(child_id=child_id, giver=giver, **{**found, **changes})


def make_consents(*children: ChildFacts) -> tuple[ConsentFacts, ...]:
    """What it takes for each of these, by their legal status."""
    givers = ((child.id, usual_giver(child.legal_status)) for child in children)
    return tuple(make_consent(child_id, giver) for child_id, giver in givers if giver)


def make_facts(*children: ChildFacts, **changes: Any) -> Facts:
    """A hub home of five bedrooms where everything is in order and nobody else is there."""
    known = {child: make_child(child) for child in CHILDREN} | {c.id: c for c in children}
    found = {
        "beds": make_beds("a", "b", "c", "d", "e"),
        "absences": (),
        "approvals": (make_approval(),),
        "exemptions": (),
        "adults": (AdultFacts(date(2026, 1, 1), None),),
        "residents": (),
        "guests": (),
        "children": known,
        "nights_away": (),
        "kept_apart": (),
        "agreements": (),
        "siblings_at_home": (),
        "holidays": (),
        "consents": make_consents(*known.values()),
        "consent_flags": (),
    }
    return Facts(**{**found, **changes})


def make_guests(
    child_id: UUID, bed_id: UUID, nights: Sequence[date] = (FRIDAY,)
) -> tuple[GuestNight, ...]:
    return tuple(GuestNight(night, bed_id, child_id, OTHER_REQUEST) for night in nights)


def make_nights_away(child_id: UUID, nights: Sequence[date]) -> tuple[NightAway, ...]:
    return tuple(NightAway(night, child_id, OTHER_REQUEST) for night in nights)
