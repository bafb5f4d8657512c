"""Which child sleeps in which bed on which night: plain functions, no database."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

FreeBeds = dict[date, list[UUID]]
"""The beds nobody sleeps in, by night."""


def free_beds(
    beds: Sequence[UUID], nights: Sequence[date], taken: Collection[tuple[UUID, date]]
) -> FreeBeds:
    """The beds nobody sleeps in, night by night, in the order of `beds`."""
    return {night: [bed for bed in beds if (bed, night) not in taken] for night in nights}


def allocate(free: FreeBeds, children: Sequence[UUID]) -> dict[UUID, dict[date, UUID]]:
    """A bed for every child on every night. `free` has at least one bed a child on each of them.

    A child keeps one bed for the whole stay where that is possible and changes beds where it is
    not: insisting on one bed refuses stays that fit (reliability.md).
    """
    left = {night: list(beds) for night, beds in free.items()}
    plan = {}
    for child in children:
        whole_stay = set.intersection(*(set(beds) for beds in left.values()))
        plan[child] = {
            night: min(whole_stay) if whole_stay else beds[0] for night, beds in left.items()
        }
        for night, bed in plan[child].items():
            left[night].remove(bed)
    return plan
