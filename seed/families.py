"""Children made up by the dice, in families of every kind (domain.md, sections 1 and 8)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from hub_api.households.models import FOSTERED, Child, Gender, LegalStatus
from hub_api.sleepovers.facts import ChildFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from uuid import UUID

    from seed.cast import Character
    from seed.names import Names
    from seed.rows import Dice, Rows

KINDS: dict[LegalStatus, int] = {
    LegalStatus.SECTION_31: 52,
    LegalStatus.SECTION_20: 20,
    LegalStatus.CHILD_ARRANGEMENTS_ORDER: 6,
    LegalStatus.SPECIAL_GUARDIANSHIP: 8,
    LegalStatus.ADOPTED: 7,
    LegalStatus.STAYING_PUT: 6,
    LegalStatus.REMAND: 1,
}
"""How many of a hundred families care for children of which status."""
AUTHORITIES = ("Southwark",) * 8 + ("Lewisham", "Lambeth")
YOUNG, ASYLUM_SEEKING = 0.15, 0.14
"""Of all children: under eleven; unaccompanied and seeking asylum."""


class Families:
    """Makes children. What is due of rare kinds is carried over, so that small towns have them."""

    def __init__(self, dice: Dice, names: Names, today: date, since: date) -> None:
        self._dice, self._names, self._today, self._since = dice, names, today, since
        self._young = self._asylum = 0.5
        self.authorities: dict[UUID, str] = {}
        """Which authority holds a child's care plan, where there is one."""

    def spread(self, satellites: int) -> list[int]:
        """How many children each of so many households has: 10-17 in all, some of them alone."""
        counts = [2, 1, 1, 2] + [1] * (satellites - 4)
        total = self._dice.randint(max(10, satellites + 2), min(17, 2 * satellites - 1))
        while sum(counts) < total:
            counts[self._dice.randrange(3, satellites)] += 1
        return counts

    def known(
        self, rows: Rows, constellation_id: UUID, household_id: UUID, of: Sequence[Character]
    ) -> list[ChildFacts]:
        """Children with a name and an age already."""
        return [
            self._child(
                rows, constellation_id, household_id, self._today - timedelta(days=365 * age + 100),
                first_name=first_name, gender=gender, legal_status=legal_status,
            )
            for first_name, age, gender, legal_status in of
        ]  # fmt: skip

    def fostered(self, rows: Rows, constellation_id: UUID, household_id: UUID) -> list[ChildFacts]:
        """One fostered adolescent, who lives in the hub home."""
        return self._of_status(rows, constellation_id, household_id, 1, LegalStatus.SECTION_31)

    def children(
        self, rows: Rows, constellation_id: UUID, household_id: UUID, count: int
    ) -> list[ChildFacts]:
        """So many children of one household; more than one are mostly brothers and sisters."""
        self._asylum += count * ASYLUM_SEEKING
        if self._asylum >= count:
            self._asylum -= count
            return [
                self._asylum_seeking(rows, constellation_id, household_id) for _ in range(count)
            ]
        (status,) = self._dice.choices([*KINDS], [*KINDS.values()])
        return self._of_status(rows, constellation_id, household_id, count, status)

    def _of_status(
        self, rows: Rows, constellation_id: UUID, household_id: UUID, count: int,
        status: LegalStatus,
    ) -> list[ChildFacts]:  # fmt: skip
        are_siblings = count > 1 and self._dice.chance(0.75)
        group = self._dice.id_at(self._at(self._since)) if are_siblings else None
        authority = self._dice.choice(AUTHORITIES) if status in FOSTERED else None
        return [
            self._child(
                rows, constellation_id, household_id, self._born_on(status),
                gender=self._gender(), legal_status=status, sibling_group_id=group,
                responsible_authority=authority,
            )
            for _ in range(count)
        ]  # fmt: skip

    def _asylum_seeking(self, rows: Rows, constellation_id: UUID, household_id: UUID) -> ChildFacts:
        """Accommodated under section 20, since no parent is here; sixteen or seventeen, mostly."""
        return self._child(
            rows,
            constellation_id,
            household_id,
            self._aged(15.2, 17.2),
            gender=Gender.MALE if self._dice.chance(0.9) else Gender.FEMALE,
            legal_status=LegalStatus.SECTION_20,
            responsible_authority="Southwark",
        )

    def _gender(self) -> Gender:
        return Gender(*self._dice.choices([*Gender], [48, 48, 3, 1]))

    def _born_on(self, status: LegalStatus) -> date:
        if status is LegalStatus.STAYING_PUT:
            return self._aged(18.3, 20.5)
        self._young += YOUNG
        if self._young >= 1 and status is not LegalStatus.REMAND:
            self._young -= 1
            return self._aged(6, 10.5)
        return self._aged(13, 17.2)

    def _aged(self, youngest: float, oldest: float) -> date:
        return self._today - self._dice.between(
            timedelta(days=365.25 * youngest), timedelta(days=365.25 * oldest)
        )

    def _child(
        self, rows: Rows, constellation_id: UUID, household_id: UUID, born_on: date, **known: Any
    ) -> ChildFacts:
        placed_on = self._since - timedelta(days=self._dice.randint(30, 1200))
        always_there = known["legal_status"] not in FOSTERED
        bereaved = self._dice.chance(0.04)
        values = {
            "first_name": known.pop("first_name", None) or self._names.child(known["gender"]),
            "household_id": household_id,
            "born_on": born_on,
            "placed_on": None if always_there else max(placed_on, born_on),
            "left_on": None,
            "bereaved_on": self._today - timedelta(days=40) if bereaved else None,
            "sibling_group_id": known.pop("sibling_group_id", None),
        }
        authority = known.pop("responsible_authority", None)
        child_id = rows.add(
            Child,
            self._at(self._since),
            constellation_id=constellation_id,
            responsible_authority=authority,
            **values,
            **known,
        )
        if authority is not None:
            self.authorities[child_id] = authority
        return ChildFacts(
            id=child_id,
            **{**values, **known, "gender": str(known["gender"])},
        )

    def _at(self, day: date) -> datetime:
        return datetime.combine(day, time(9), tzinfo=UTC)


def siblings_in(children: Iterable[ChildFacts]) -> list[list[ChildFacts]]:
    """The groups of brothers and sisters who live together."""
    groups: dict[tuple[UUID, UUID], list[ChildFacts]] = {}
    for child in children:
        if child.sibling_group_id is not None:
            groups.setdefault((child.household_id, child.sibling_group_id), []).append(child)
    return [group for group in groups.values() if len(group) > 1]
