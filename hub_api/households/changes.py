"""What the households slice announces: see `hub_api.changes`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class HouseholdLeaves:
    """From today on a household belongs to another constellation, or to none."""

    household_id: UUID


@dataclass(frozen=True, slots=True)
class ChildLeaves:
    """From this day on a child no longer lives in its household."""

    child_id: UUID
    left_on: date


@dataclass(frozen=True, slots=True)
class ChildrenAreToChange:
    """What a stay is judged by is about to be changed. Whoever knows of hub homes where these
    children have nights ahead adds them: their mutexes are taken before anything else."""

    child_ids: tuple[UUID, ...]
    hub_home_ids: set[UUID] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ChildrenChanged:
    """What a stay is judged by was changed: children's legal status, birthday, gender, siblings, or
    the authority that holds their care plan. Announced after the rows are written, under the
    mutexes of these hub homes."""

    child_ids: tuple[UUID, ...]
    hub_home_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class KeptApartRecorded:
    """Two children are to be kept apart, from or until another day than before. Announced after the
    row is written, with both children locked."""

    child_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class SharingChanged:
    """There is one agreement more, or less, that two children may share a bedroom. Announced after
    the row is written, with both children locked."""

    child_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class HubResidentsChanged:
    """The children who live in a hub home, their legal status, its approvals or its exemptions were
    changed: announced after the rows are written, under the hub home's mutex."""

    hub_home_id: UUID
    from_night: date


@dataclass(frozen=True, slots=True)
class HubChecksChanged:
    """The approval review of a hub home, its grown-ups or their DBS dates were changed: announced
    after the rows are written, under the hub home's mutex. Never to be refused: it is the truth."""

    hub_home_id: UUID
