"""Packs put straight into the database, sealed as the app seals them."""

from collections.abc import Iterable
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db
from hub_api.break_glass.models import BreakGlass
from hub_api.households.models import Child
from hub_api.packs.models import Medicine, PackSection, Says, Section

MUM = {"name": "Somebody", "who": "grandmother", "telephone": "020 7946 0000"}


def section_body(section: str, text: str = "Nothing much.") -> dict[str, Any]:
    """What a carer sends of a section, whichever it is."""
    chosen = {
        Section.CARED_FOR_ALONGSIDE: ["no_preference"],
        Section.PETS: ["yes_can"],
        Section.FAITH_AND_CULTURE: ["not_required"],
        Section.RISKS_TO_CHILD: ["going_missing"],
        Section.RISKS_FROM_CHILD: ["physical_harm"],
    }.get(Section(section), [])
    contacts = [MUM] if section == Section.CONTACTS else []
    return {"says": "details", "text": text, "chosen": chosen, "contacts": contacts}


def make_plain_packs(child_ids: Iterable[UUID], place: UUID, written_by: UUID) -> None:
    """Whole packs with nothing to tell, in one statement: what a stay needs to begin."""
    about = {"constellation_id": place, "version": 1, "says": Says.NOTHING_TO_TELL}
    signed = {"confirmed_on": clock.london_today(), "written_by": written_by}
    rows = [
        {"child_id": child_id, "section": section, **about, **signed}
        for child_id in child_ids
        for section in Section
    ]
    if rows:
        db.session().execute(sa.insert(PackSection), rows)


def make_pack(
    child_id: UUID,
    written_by: UUID,
    sections: Iterable[Section] = tuple(Section),
    *,
    confirmed_on: date | None = None,
) -> list[PackSection]:
    """A child's pack as somebody wrote it today, by default all of it."""
    found = [_section(child_id, written_by, section, confirmed_on) for section in sections]
    db.session().add_all(found)
    db.session().flush()
    return found


def _section(
    child_id: UUID, written_by: UUID, section: Section, confirmed_on: date | None
) -> PackSection:
    section_id, body = uuid7(), section_body(section)
    del body["says"]
    text = orjson.dumps(body).decode()
    return PackSection(
        id=section_id,
        child_id=child_id,
        constellation_id=_place_of(child_id),
        section=section,
        version=1,
        says=Says.DETAILS,
        content=child_keys.protect(PackSection.content, section_id, [child_id], text),
        confirmed_on=confirmed_on or clock.london_today(),
        written_by=written_by,
    )


def make_medicine(child_id: UUID, recorded_by: UUID, **changes: Any) -> Medicine:
    """A medicine a child is given at eight in the evening, or as needed where its changes name no
    time; flushed."""
    medicine_id = uuid7()
    times = changes.get("times_of_day", [time(20)])
    details = {"name": "Melatonin", "dose": "2 mg", "instructions": None}
    text = orjson.dumps(details).decode()
    medicine = Medicine(
        id=medicine_id,
        child_id=child_id,
        constellation_id=_place_of(child_id),
        details=child_keys.protect(Medicine.details, medicine_id, [child_id], text),
        **{
            "times_of_day": times,
            "as_needed": not times,
            "is_controlled": False,
            "starts_on": clock.london_today(),
            "recorded_by": recorded_by,
            **changes,
        },
    )
    db.session().add(medicine)
    db.session().flush()
    return medicine


def make_opening(child_id: UUID, opened_by: UUID, **changes: Any) -> BreakGlass:
    """A record that somebody opened in an emergency, an hour of which is left."""
    opening_id, now = uuid7(), clock.now()
    opening = BreakGlass(
        id=opening_id,
        child_id=child_id,
        constellation_id=_place_of(child_id),
        reason=child_keys.protect(BreakGlass.reason, opening_id, [child_id], "Nobody answers."),
        **{
            "opened_by": opened_by,
            "opened_at": now,
            "expires_at": now + timedelta(hours=1),
            **changes,
        },
    )
    db.session().add(opening)
    db.session().flush()
    return opening


def _place_of(child_id: UUID) -> UUID:
    found = sa.select(Child.constellation_id).where(Child.id == child_id)
    return db.session().scalars(found).one()
