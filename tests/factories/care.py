"""What is written about a stay, put straight into the database."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db
from hub_api.care.models import (
    EntryKind,
    Incident,
    IncidentKind,
    MissingAsk,
    MissingEpisode,
    StayEntry,
)
from hub_api.sleepovers.models import Sleepover

HOUR = timedelta(hours=1)


def make_care(stay: Sleepover, by: UUID) -> dict[str, Any]:
    """An entry of the log, an incident that others must be told of, a child who is missing, and
    one who is back, by kind; flushed."""
    now = clock.now()
    missed = {"noticed_at": now - 3 * HOUR}
    back = {"returned_at": now - 2 * HOUR, "interview_due_at": now + 70 * HOUR}
    made = {
        "entry": _write(stay, by, StayEntry, "text", kind=EntryKind.FACT, happened_at=now),
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
    }
    db.session().add_all(made.values())
    db.session().flush()
    return made


def make_ask(stay: Sleepover) -> None:
    """The hub has asked where the child of a stay is; flushed. For who is not the API."""
    asked = {"sleepover_id": stay.id, "constellation_id": stay.constellation_id}
    db.session().add(MissingAsk(**asked, agreed_at=stay.arrives_at))
    db.session().flush()


def _write(stay: Sleepover, by: UUID, model: Any, sealed: str, **values: Any) -> Any:
    row_id = uuid7()
    text = child_keys.protect(getattr(model, sealed), row_id, [stay.child_id], f"Seen {row_id}.")
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
    return {"incident_id": [made["incident"]], "episode_id": [made["episode"], made["back"]]}
