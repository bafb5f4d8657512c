"""What is written about the stays of the table's world."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.care.models import Incident, MissingEpisode, StayEntry
from hub_api.sleepovers.models import Sleepover
from tests.authorisation import families
from tests.authorisation.matrix import NOBODYS
from tests.factories.care import make_care

Ids = dict[str, dict[str, str]]
"""Kind → letter → id."""
Lists = dict[str, dict[str, set[str]]]

WRITTEN = ("entry", "incident", "episode", "back")

LISTED: dict[str, Any] = {
    "listStayEntries": StayEntry,
    "listIncidents": Incident,
    "listMissingEpisodes": MissingEpisode,
}
"""Operation → what it lists of a stay."""


def add_records(objects: Ids, by: UUID) -> tuple[Ids, Lists]:
    """Put everything on record about each household, and write something about its stay."""
    records, listed = families.add_records(objects, by)
    written = {kind: {NOBODYS: str(uuid7())} for kind in WRITTEN}
    for letter, stay in _stays(objects):
        for kind, row in make_care(db.session().get_one(Sleepover, stay), by).items():
            written[kind][letter] = str(row.id)
    return records | written, listed | {
        operation: {letter: _written_about(kind, stay) for letter, stay in _stays(objects)}
        for operation, kind in LISTED.items()
    }


def _stays(objects: Ids) -> list[tuple[str, UUID]]:
    return [(letter, UUID(id_)) for letter, id_ in objects["staying"].items() if letter != NOBODYS]


def _written_about(kind: Any, stay: UUID) -> set[str]:
    found = sa.select(kind.id).where(kind.sleepover_id == stay)
    return {str(id_) for id_ in db.session().scalars(found)}
