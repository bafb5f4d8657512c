"""A whole pack for every child, as its carer might have written it on the day of the load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from hub_api import child_keys
from hub_api.packs.contents import PackWord
from hub_api.packs.models import Medicine, PackSection, Says, Section
from seed.rows import Dice

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from seed.rows import Rows
    from seed.town import Town

CONTACTS = [
    {"name": "The carer", "who": "foster carer", "telephone": "020 7946 0001"},
    {"name": "Emergency duty team", "who": "out of hours", "telephone": "020 7946 0999"},
]
"""Telephone numbers set aside for made-up people."""
Said = dict[str, Any]
SAYS: dict[Section, tuple[Said, ...]] = {
    Section.ALLERGIES: (
        {},
        {},
        {"text": "Peanuts, even in traces. The EpiPen is in the red bag; if in doubt, 999 first."},
        {"text": "Penicillin: a rash, and nothing worse so far."},
    ),
    Section.ROUTINE_AND_SLEEP: (
        {"text": "In bed by nine with the landing light on. A story helps, questions don't."},
        {"text": "Telephone downstairs at ten. Sleeps long on Saturdays."},
    ),
    Section.DIET: ({}, {"text": "Halal."}, {"text": "No meat. Pasta always works."}),
    Section.PEOPLE_AND_PLACES_TO_AVOID: (
        {},
        {},
        {"text": "An older boy who waits at the bus stop. Another way home is agreed."},
    ),
    Section.RISKS_TO_CHILD: (
        {},
        {},
        {"chosen": [PackWord.GOING_MISSING], "text": "After bad news. Ring before it gets dark."},
    ),
    Section.CONTACTS: ({"contacts": CONTACTS},),
    Section.MISSING_PLAN: (
        {"text": "Ring the mobile twice, then the police (101, or 999) and the duty team."},
    ),
    Section.PETS: ({"chosen": [PackWord.CAN]}, {"chosen": [PackWord.NOT_KNOWN]}),
    Section.CARED_FOR_ALONGSIDE: (
        {"chosen": [PackWord.NO_PREFERENCE]},
        {"chosen": [PackWord.WITH_OTHERS]},
    ),
}
"""What a section may say; there is nothing to tell in the others, and where it is empty."""
OF_THE_CAST: dict[str, dict[Section, Said]] = {
    "Amira": {
        Section.PEOPLE_AND_PLACES_TO_AVOID: {
            "text": "Her uncle. Not the bus garage, where he works; he may ring and sound kind."
        },
        Section.ALLERGIES: {"text": "Peanuts, even in traces. If in doubt, 999 first."},
        Section.ROUTINE_AND_SLEEP: {"text": "Bed at nine with the landing light on."},
    }
}
"""What the tour finds in the pack of somebody who keeps their name, and takes their medicine."""
MEDICATED = 0.2
MELATONIN = {"name": "Melatonin", "dose": "2 mg", "instructions": "Half an hour before bed."}
"""Given at eight in the evening."""
PARACETAMOL = {
    "name": "Paracetamol",
    "dose": "250 mg",
    "instructions": "For a headache, with food.",
}
"""Given as needed."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where the packs of a town are written, on one day and by dice of its own: the rest of the
    town is what it would be without them."""

    rows: Rows
    dice: Dice
    constellation_id: UUID
    today: date
    at: datetime

    def write_section(self, child_id: UUID, carer: UUID, section: Section, said: Said) -> None:
        """Write a section's first version."""
        row_id, sealed = self.dice.id_at(self.at), None
        if said:
            content = {"text": None, "chosen": [], "contacts": [], **said}
            text = orjson.dumps(content).decode()
            sealed = child_keys.protect(PackSection.content, row_id, [child_id], text)
        self.rows.add_keyed(
            PackSection,
            id=row_id,
            child_id=child_id,
            constellation_id=self.constellation_id,
            section=section,
            version=1,
            says=Says.DETAILS if said else Says.NOTHING_TO_TELL,
            content=sealed,
            confirmed_on=self.today,
            written_by=carer,
            written_at=self.at,
        )

    def prescribe(self, child_id: UUID, carer: UUID, details: dict[str, str]) -> None:
        """Put a medicine into the pack."""
        row_id = self.dice.id_at(self.at)
        as_needed = details is PARACETAMOL
        text = orjson.dumps(details).decode()
        self.rows.add_keyed(
            Medicine,
            id=row_id,
            version=1,
            child_id=child_id,
            constellation_id=self.constellation_id,
            details=child_keys.protect(Medicine.details, row_id, [child_id], text),
            times_of_day=[] if as_needed else ["20:00"],
            as_needed=as_needed,
            is_controlled=False,
            starts_on=self.today,
            ends_on=None,
            recorded_by=carer,
            recorded_at=self.at,
        )


def write(rows: Rows, town: Town, today: date, at: datetime) -> None:
    """Add the packs of a town's children, whose keys are there."""
    desk = _Desk(rows, Dice(town.id.int), town.id, today, at)
    for home in town.homes:
        for child in home.children:
            known = OF_THE_CAST.get(child.first_name or "", {})
            for section in Section:
                said = known.get(section) or desk.dice.choice(SAYS.get(section, ({},)))
                desk.write_section(child.id, home.carer, section, said)
            if known:
                desk.prescribe(child.id, home.carer, PARACETAMOL)
            elif desk.dice.chance(MEDICATED):
                desk.prescribe(child.id, home.carer, MELATONIN)
