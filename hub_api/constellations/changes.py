"""What the constellations slice announces: see `hub_api.changes`.

Those about a hub home are announced under its mutex.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class NightsBlocked:
    """A hub home takes no guests on these nights, the last one included."""

    hub_home_id: UUID
    first_night: date
    last_night: date


@dataclass(frozen=True, slots=True)
class BedEnds:
    """From this night on a bed is no longer there, or it now shares its room with another."""

    hub_home_id: UUID
    bed_id: UUID
    from_night: date


@dataclass(frozen=True, slots=True)
class HubHomeEnds:
    """From this day on a hub home no longer serves a constellation."""

    constellation_id: UUID
    hub_home_id: UUID
    ends_on: date


@dataclass(frozen=True, slots=True)
class HomeAuthorityChanged:
    """The authority where a hub carer lives is another, so other exemptions from the fostering
    limit count: announced after the row is written."""

    hub_home_id: UUID


@dataclass(frozen=True, slots=True)
class ConstellationCloses:
    """From this day on there is no such constellation."""

    constellation_id: UUID
    closed_on: date


@dataclass(frozen=True, slots=True)
class HouseholdComes:
    """A household is to be a member of a constellation, or its home a hub home that belongs to it
    and serves it or another."""

    household_id: UUID
    constellation_id: UUID


@dataclass(frozen=True, slots=True)
class MembershipEnds:
    """From this day on a household no longer belongs to a constellation, and to no other yet:
    announced under the mutexes of the constellation's hub homes."""

    household_id: UUID
    constellation_id: UUID
    ends_on: date
