"""A whole pack for every child, as its carer might have written it on the day of the load."""

from __future__ import annotations

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
SAYS: dict[Section, tuple[dict[str, Any], ...]] = {
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
MEDICATED = 0.2
MELATONIN = {"name": "Melatonin", "dose": "2 mg", "instructions": "Half an hour before bed."}


def write(rows: Rows, town: Town, today: date, at: datetime) -> None:
    """Add the packs of a town's children, whose keys are there. By dice of its own, so that the
    rest of the town is what it would be without them."""
    dice = Dice(town.id.int)
    for home in town.homes:
        for child in home.children:
            for section in Section:
                _section(rows, dice, town, (child.id, home.carer), section, today, at)
            if dice.chance(MEDICATED):
                _medicine(rows, dice, town, (child.id, home.carer), today, at)


def _section(
    rows: Rows,
    dice: Dice,
    town: Town,
    whose: tuple[UUID, UUID],
    section: Section,
    today: date,
    at: datetime,
) -> None:
    child_id, carer = whose
    said = dice.choice(SAYS.get(section, ({},)))
    row_id, sealed = dice.id_at(at), None
    if said:
        content = {"text": None, "chosen": [], "contacts": [], **said}
        text = orjson.dumps(content).decode()
        sealed = child_keys.protect(PackSection.content, row_id, [child_id], text)
    rows.add_keyed(
        PackSection,
        id=row_id,
        child_id=child_id,
        constellation_id=town.id,
        section=section,
        version=1,
        says=Says.DETAILS if said else Says.NOTHING_TO_TELL,
        content=sealed,
        confirmed_on=today,
        written_by=carer,
        written_at=at,
    )


def _medicine(
    rows: Rows, dice: Dice, town: Town, whose: tuple[UUID, UUID], today: date, at: datetime
) -> None:
    child_id, carer = whose
    row_id = dice.id_at(at)
    rows.add_keyed(
        Medicine,
        id=row_id,
        version=1,
        child_id=child_id,
        constellation_id=town.id,
        details=child_keys.protect(
            Medicine.details, row_id, [child_id], orjson.dumps(MELATONIN).decode()
        ),
        times_of_day=["20:00"],
        as_needed=False,
        is_controlled=False,
        starts_on=today,
        ends_on=None,
        recorded_by=carer,
        recorded_at=at,
    )
