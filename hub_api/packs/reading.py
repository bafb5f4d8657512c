"""Reading a pack: every time it is opened, that is written down first, or it stays closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import sqlalchemy as sa

from hub_api import child_keys, clock, reads, settings
from hub_api.encryption import Ciphertext
from hub_api.errors import Forbidden
from hub_api.packs import contents, medicines, policy
from hub_api.packs.finding import SECTION_COLUMNS, find_pack, instants, note_reading
from hub_api.packs.models import PackSection, Section
from hub_api.packs.policy import CHILD
from hub_api.reads import ASKING, Page

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date, timedelta
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import PageArgs, Row


def _version() -> reads.Select:
    """One version of a section, newest or not."""
    return (
        sa.select(CHILD.child_id, CHILD.household_id, CHILD.constellation_id, *SECTION_COLUMNS)
        .join(CHILD.child_id.table, CHILD.child_id == PackSection.child_id)
        .where(policy.visible_to(ASKING))
    )


VERSIONS = reads.Read(
    _version,
    key=PackSection.id,
    child_id=PackSection.child_id == reads.parameter("child_id", sa.Uuid()),
    section=PackSection.section == reads.parameter("section", sa.Text()),
)


def get_pack(actor: Actor, child_id: UUID) -> Row:
    """The whole pack of a child. Raises `NotFound`."""
    rows = find_pack(actor, child_id)
    child = rows[0]
    note_reading(actor, "child:read_pack", child_id, child["constellation_id"])
    sections = open_sections(child_id, rows)
    return {
        "id": child_id,
        "child": {
            "id": child_id,
            "first_name": child["first_name"],
            "age": child["age"],
            "gender": child["gender"],
        },
        **completeness(sections),
        "sections": sections,
        "medicines": medicines.medicines_of(child_id),
    }


def get_section(actor: Actor, section_id: UUID) -> Row:
    """One version of a section, as it was answered when it was written. Raises `NotFound`."""
    row = VERSIONS.one(actor, section_id, **instants())
    note_reading(actor, "child:read_pack", row["child_id"], row["constellation_id"])
    return open_sections(row["child_id"], [row])[0]


def list_versions(actor: Actor, child_id: UUID, section: Section, page: PageArgs) -> Page:
    """Every version of a section, newest first, for those who write it: whoever has a guest goes by
    what is right now. Raises `NotFound`, `Forbidden`."""
    found = VERSIONS.page(actor, page, child_id=child_id, section=section, **instants())
    child = next(iter(found.rows), None) or find_pack(actor, child_id)[0]
    if not policy.can_write(actor, child["household_id"], child["constellation_id"]):
        raise Forbidden
    note_reading(actor, "child:read_pack", child_id, child["constellation_id"])
    return Page(open_sections(child_id, found.rows), found.next_key)


def open_sections(child_id: UUID, rows: Iterable[Row]) -> list[Row]:
    """The sections among these rows, opened, in the order of the pack."""
    found = sorted(
        (row for row in rows if row["section"] is not None),
        key=lambda row: _PLACE[row["section"]],
    )
    texts = child_keys.reveal_all(
        PackSection.content,
        [(row["id"], [child_id], _sealed(row["content"])) for row in found],
    )
    return [
        {
            "id": row["id"],
            "version": row["version"],
            "section": row["section"],
            "says": row["says"],
            **contents.opened(text),
            "confirmed_on": row["confirmed_on"],
            "is_to_confirm": is_to_confirm(row["confirmed_on"]),
            "written_at": row["written_at"],
            "written_by": row["written_by"],
        }
        for row, text in zip(found, texts, strict=True)
    ]


_PLACE = {str(section): place for place, section in enumerate(Section)}


def _sealed(content: bytes | None) -> Ciphertext | None:
    return None if content is None else Ciphertext(content)


def is_to_confirm(confirmed_on: date) -> bool:
    """Whether it was so long ago that somebody said that it is right, that it may not be."""
    lasts: timedelta = settings.current().packs.confirmed_within
    return confirmed_on < clock.london_today() - lasts


def completeness(sections: Collection[Row]) -> Row:
    """What is missing, what is to be confirmed, and whether it is enough for an emergency."""
    there = {cast("str", section["section"]) for section in sections}
    to_confirm = [s["section"] for s in sections if is_to_confirm(s["confirmed_on"])]
    missing = contents.missing(there)
    return {
        # What is long unconfirmed is shown as such and keeps no child at the door (`running.py`).
        "is_complete": not missing,
        "has_minimum": not contents.missing(there, contents.MINIMUM),
        "missing": missing,
        "to_confirm": to_confirm,
    }
