"""Which child sleeps in which bed on which night: plain functions, no database."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from hub_api.sleepovers.facts import Facts, Stay

FreeBeds = dict[date, list[UUID]]
"""The beds nobody sleeps in, by night."""


def free_beds(stay: Stay, facts: Facts) -> FreeBeds:
    """The beds that are there and nobody sleeps in, on each night of the stay, oldest first."""
    taken = {(guest.bed_id, guest.night) for guest in facts.guests}
    return {
        night: [
            bed.id for bed in facts.beds if bed.holds_on(night) and (bed.id, night) not in taken
        ]
        for night in stay.nights
    }


Plan = dict[UUID, dict[date, UUID]]
"""For each child, the bed of each night."""


def allocate(stay: Stay, facts: Facts) -> Plan | None:
    """A bed for every child on every night; None when there is no way.

    A child keeps one bed for the whole stay where that is possible and changes beds where it is
    not: insisting on one bed refuses stays that fit (reliability.md).
    """
    left = free_beds(stay, facts)
    plan: Plan = {}
    for child in stay.children:
        if not all(left.values()):
            return None
        whole_stay = set.intersection(*(set(beds) for beds in left.values()))
        plan[child] = {
            night: min(whole_stay) if whole_stay else beds[0] for night, beds in left.items()
        }
        for night, bed in plan[child].items():
            left[night].remove(bed)
    return plan
