"""What is written about a stay, put straight into the database."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db
from hub_api.care.handover_models import Debrief, Handover, HandoverKind, WouldComeAgain
from hub_api.care.medicine_models import DoseOutcome, MedicationRecord, MedicineCount
from hub_api.care.models import (
    Incident,
    IncidentKind,
    MissingAsk,
    MissingEpisode,
    StayEntry,
    StayEntryKind,
)
from hub_api.care.outing_models import Outing
from hub_api.sleepovers.models import Sleepover
from tests.factories.packs import make_medicine

HOUR = timedelta(hours=1)
HANDED = '{"place": "At the gate", "belongings": "Bag", "note": null}'


def make_care(stay: Sleepover, by: UUID) -> dict[str, Any]:
    """An entry of the log, an incident that others must be told of, a child who is missing, one
    who is back, one who is out, a medicine that was given and counted, a handover that the hub
    wrote down and a debrief, by kind; flushed."""
    now = clock.now()
    missed = {"noticed_at": now - 3 * HOUR}
    back = {"returned_at": now - 2 * HOUR, "interview_due_at": now + 70 * HOUR}
    made = {
        "entry": _write(stay, by, StayEntry, "text", kind=StayEntryKind.FACT, happened_at=now),
        "incident": _write(
            stay,
            by,
            Incident,
            "account",
            kind=IncidentKind.SERIOUS_ILLNESS,
            happened_at=now - HOUR,
            notify_by=now + 23 * HOUR,
        ),
        "episode": _write(stay, by, MissingEpisode, "circumstances", **missed),
        "back": _write(stay, by, MissingEpisode, "circumstances", **missed, **back),
        "outing": _outing(stay, by),
    }
    db.session().add_all(made.values())
    db.session().flush()
    return {**made, **_make_medicines(stay, by)}


def _make_medicines(stay: Sleepover, by: UUID) -> dict[str, Any]:
    now, since = clock.now(), clock.london_date(stay.arrives_at) - timedelta(days=30)
    medicine = make_medicine(stay.child_id, by, times_of_day=[], starts_on=since)
    given = {"medicine_id": medicine.id, "outcome": DoseOutcome.GIVEN, "given_at": now - HOUR}
    signed = {"hub_confirmed_at": now, "hub_confirmed_by": by}
    kind = {"kind": HandoverKind.HANDOVER, "happened_at": now - 2 * HOUR}
    said = {"would_come_again": WouldComeAgain.YES, "is_shared": True}
    made = {
        "record": _write(stay, by, MedicationRecord, "why", **given),
        "handover": _write(stay, by, Handover, "details", HANDED, **kind, **signed),
        "debrief": _write(stay, by, Debrief, "own_words", **said),
    }
    db.session().add_all(made.values())
    db.session().flush()
    scope = {"constellation_id": stay.constellation_id, "child_id": stay.child_id}
    ids = {"handover_id": made["handover"].id, "medicine_id": medicine.id}
    db.session().add(MedicineCount(**scope, **ids, counted=4))
    db.session().flush()
    return {**made, "medicine": medicine}


def _outing(stay: Sleepover, by: UUID) -> Outing:
    return Outing(
        constellation_id=stay.constellation_id,
        sleepover_id=stay.id,
        child_id=stay.child_id,
        written_by=by,
        agreed_back_at=clock.now() + 2 * HOUR,
    )


def make_ask(stay: Sleepover) -> None:
    """The hub has asked where the child of a stay is; flushed. For who is not the API."""
    asked = {"sleepover_id": stay.id, "constellation_id": stay.constellation_id}
    db.session().add(MissingAsk(**asked, agreed_at=stay.arrives_at))
    db.session().flush()


def _write(
    stay: Sleepover, by: UUID, model: Any, sealed: str, said: str = "", **values: Any
) -> Any:
    row_id = uuid7()
    text = child_keys.protect(
        getattr(model, sealed), row_id, [stay.child_id], said or f"Seen {row_id}."
    )
    return model(
        id=row_id,
        constellation_id=stay.constellation_id,
        sleepover_id=stay.id,
        child_id=stay.child_id,
        written_by=by,
        **{sealed: text},
        **values,
    )


def care_of(world: Any, sleepover_id: str) -> dict[str, list[UUID]]:
    """Something written about a stay of the family here, by its hub carer; its ids by the name a
    path gives them."""
    with db.transaction(world.app.engine) as session:
        db.set_scope(world.here.hub_carer, [world.here.id])
        stay = session.get_one(Sleepover, UUID(sleepover_id))
        made = {kind: row.id for kind, row in make_care(stay, world.here.hub_carer).items()}
    return {
        "incident_id": [made["incident"]],
        "episode_id": [made["episode"], made["back"]],
        "handover_id": [made["handover"]],
        "outing_id": [made["outing"]],
    }
