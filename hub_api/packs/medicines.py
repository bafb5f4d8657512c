"""The medicines of a child, as part of the pack."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, cast

import orjson
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db, reads
from hub_api.audit import service as audit
from hub_api.encryption import Ciphertext
from hub_api.errors import Forbidden
from hub_api.packs import finding, policy
from hub_api.packs.models import Medicine
from hub_api.packs.policy import CHILD
from hub_api.reads import ASKING, TODAY, parameter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, time
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.packs.contents import Prescription
    from hub_api.reads import Row


class MedicineIn(TypedDict):
    """What is sent: `schemas.MedicineIn`."""

    name: str
    dose: str
    instructions: str | None
    times_of_day: list[time]
    as_needed: bool
    is_controlled: bool
    starts_on: date | None
    ends_on: date | None


def add_medicine(actor: Actor, child_id: UUID, body: MedicineIn) -> Row:
    """Record a medicine of a child, by default from today.

    Raises `NotFound`, `Forbidden`, and `Conflict` for an end before the start or a child whose
    texts were erased.
    """
    child = finding.find_pack(actor, child_id)[0]
    if not policy.can_write(actor, child["household_id"], child["constellation_id"]):
        raise Forbidden
    medicine_id = uuid7()
    details: Prescription = {
        "name": body["name"],
        "dose": body["dose"],
        "instructions": body["instructions"],
    }
    medicine = Medicine(
        id=medicine_id,
        child_id=child_id,
        constellation_id=child["constellation_id"],
        details=child_keys.protect(
            Medicine.details, medicine_id, [child_id], orjson.dumps(details).decode()
        ),
        times_of_day=sorted(body["times_of_day"]),
        as_needed=body["as_needed"],
        is_controlled=body["is_controlled"],
        starts_on=body["starts_on"] or clock.london_today(),
        ends_on=body["ends_on"],
        recorded_by=actor.account_id,
    )
    db.session().add(medicine)
    db.session().flush()
    _audit(actor, medicine, "create", [*body])
    return get_medicine(actor, medicine_id)


def end_medicine(actor: Actor, medicine_id: UUID, seen_version: int, ends_on: date) -> Row:
    """Record the day from which a child is no longer given a medicine.

    The day on which it starts takes back one that was written down wrongly. Raises `NotFound`,
    `Forbidden`, `StaleVersion`, or `Conflict`: over already, or a day that can't be.
    """
    row = MEDICINES.one(actor, medicine_id, **finding.instants())
    if not policy.can_write(actor, row["household_id"], row["constellation_id"]):
        raise Forbidden
    medicine = db.session().get_one(Medicine, medicine_id)
    db.lock_seen(medicine, seen_version)
    medicine.end(ends_on)
    db.session().flush()
    _audit(actor, medicine, "end", ["ends_on"])
    return get_medicine(actor, medicine_id)


def _audit(actor: Actor, medicine: Medicine, verb: str, changed: Iterable[str]) -> None:
    audit.record(
        f"medicine:{verb}",
        actor_id=actor.account_id,
        subject_id=medicine.id,
        constellation_id=medicine.constellation_id,
        changed=[*changed],
    )


# --- reading ---------------------------------------------------------------------------------

_COLUMNS = (
    Medicine.id,
    Medicine.version,
    Medicine.child_id,
    Medicine.details,
    Medicine.times_of_day,
    Medicine.as_needed,
    Medicine.is_controlled,
    Medicine.starts_on,
    Medicine.ends_on,
)


def _one() -> reads.Select:
    return (
        sa.select(*_COLUMNS, CHILD.household_id, CHILD.constellation_id)
        .join(CHILD.child_id.table, CHILD.child_id == Medicine.child_id)
        .where(policy.visible_to(ASKING))
    )


def _of_a_child() -> reads.Select:
    """Those that are given now or will be."""
    return (
        sa.select(*_COLUMNS)
        .where(
            Medicine.child_id == parameter("child_id", sa.Uuid()),
            Medicine.is_given(TODAY),
        )
        .order_by(Medicine.id)
    )


MEDICINES = reads.Read(_one, key=Medicine.id)
OF_A_CHILD = reads.Query(_of_a_child)


def get_medicine(actor: Actor, medicine_id: UUID) -> Row:
    """One medicine. Raises `NotFound`."""
    row = MEDICINES.one(actor, medicine_id, **finding.instants())
    finding.note_reading(actor, "child:read_pack", row["child_id"], row.pop("constellation_id"))
    del row["household_id"]
    return _opened([row])[0]


def medicines_of(child_id: UUID) -> list[Row]:
    """The medicines a child is given or will be, for whoever has been let into the pack."""
    return _opened(OF_A_CHILD.rows(child_id=child_id, today=clock.london_today()))


def _opened(rows: list[Row]) -> list[Row]:
    texts = child_keys.reveal_all(
        Medicine.details,
        [(row["id"], [row["child_id"]], Ciphertext(row.pop("details"))) for row in rows],
    )
    return [
        {
            **row,
            "times_of_day": [f"{at:%H:%M}" for at in row["times_of_day"]],
            **_prescription(text),
        }
        for row, text in zip(rows, texts, strict=True)
    ]


def _prescription(text: str | None) -> dict[str, str | None]:
    if text is None:  # erased
        return {"name": None, "dose": None, "instructions": None}
    return cast("dict[str, str | None]", orjson.loads(text))
