"""What is written about the stays of the table's world."""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import clock, db
from hub_api.care.handover_models import Debrief, Handover
from hub_api.care.medicine_models import MedicationRecord
from hub_api.care.models import Incident, MissingEpisode, StayEntry
from hub_api.care.outing_models import Outing
from hub_api.sleepovers.models import Sleepover
from tests.authorisation import families
from tests.authorisation.matrix import NOBODYS
from tests.factories.care import make_care

Ids = dict[str, dict[str, str]]
"""Kind → letter → id."""
Lists = dict[str, dict[str, set[str]]]

WRITTEN = {
    "entry": "entry", "incident": "incident", "episode": "episode", "back": "back",
    "prescribed": "medicine", "dose": "record", "handover": "handover",
    "outing": "outing",
}  # fmt: skip
"""What the table calls it, and the factory."""

CARE = {"recordMedication", "recordCareHandover", "tellOfMissing"}
"""Operations whose body names what is in the world, or a time at which it is there."""


def body_of(world: Any, operation: str, whose: str, example: dict[str, Any]) -> dict[str, Any]:
    """What would be done if it may be: with the medicine of the child that is there."""
    if operation == "tellOfMissing":
        return dict.fromkeys(example, clock.now().isoformat())
    medicine = world.objects["prescribed"].get(whose, str(uuid7()))
    if operation == "recordMedication":
        given = clock.now().isoformat()
        return {**example, "medicine_id": medicine, "given_at": given, "why": "A slip."}
    counts = [{"medicine_id": medicine, "counted": 3}]
    return {"kind": "return", "counts": counts, "why": "A slip."}


LISTED: dict[str, Any] = {
    "listStayEntries": StayEntry,
    "listIncidents": Incident,
    "listMissingEpisodes": MissingEpisode,
    "listOutings": Outing,
    "listMedication": MedicationRecord,
    "listHandovers": Handover,
    "listDebriefs": Debrief,
}
"""Operation → what it lists of a stay."""


def add_records(objects: Ids, by: UUID) -> tuple[Ids, Lists]:
    """Put everything on record about each household, and write something about its stay."""
    records, listed = families.add_records(objects, by)
    written = {kind: {NOBODYS: str(uuid7())} for kind in WRITTEN}
    for letter, stay in _stays(objects):
        made = make_care(db.session().get_one(Sleepover, stay), by)
        for kind, name in WRITTEN.items():
            written[kind][letter] = str(made[name].id)
    return records | written, listed | {
        operation: {letter: _written_about(kind, stay) for letter, stay in _stays(objects)}
        for operation, kind in LISTED.items()
    }


def _stays(objects: Ids) -> list[tuple[str, UUID]]:
    return [(letter, UUID(id_)) for letter, id_ in objects["staying"].items() if letter != NOBODYS]


def _written_about(kind: Any, stay: UUID) -> set[str]:
    found = sa.select(kind.id).where(kind.sleepover_id == stay)
    return {str(id_) for id_ in db.session().scalars(found)}
