"""Which records of one dose may stand beside each other: one of them says "given" at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import db
from hub_api.care.corrections import stands
from hub_api.care.medicine_models import DoseOutcome, MedicationRecord
from hub_api.errors import Conflict, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any
    from uuid import UUID

    from hub_api.care.stays import Stay

WORDS = {
    DoseOutcome.GIVEN: (
        "This dose is on record as given already, so please don't give it again. If that record is "
        "wrong, please correct it."
    ),
    DoseOutcome.MISSED: (
        "This dose is on record as missed already. If it was taken after all, please record it as "
        "given. If that record is wrong, please correct it."
    ),
    DoseOutcome.REFUSED: (
        "This dose is on record as refused already. If it was taken after all, please record it as "
        "given. If that record is wrong, please correct it."
    ),
}


def next_attempt(
    stay: Stay, medicine_id: UUID, due_at: datetime | None, outcome: DoseOutcome
) -> int:
    """The number of a new record of a dose, of a stay that is held: 1, or one more after a record
    in error and, for a dose that was given, after one that was missed or refused.

    Raises `Conflict`, naming the record in the way. What is given as needed is due at no time, and
    so each time another dose.
    """
    if due_at is None:
        return 1
    records = _records(medicine_id, due_at)
    taken = [DoseOutcome.GIVEN] if outcome == DoseOutcome.GIVEN else [*WORDS]
    _refuse_beside(stay, [record for record in records if record.outcome in taken])
    return 1 + max((record.attempt for record in records), default=0)


def attempt_of(
    stay: Stay, medicine_id: UUID, due_at: datetime | None, outcome: DoseOutcome, corrects: UUID
) -> int:
    """The number of a correction, of a stay that is held: that of the record it puts right.

    A correction says of the same dose what became of it. Raises `NotFound`, and `Conflict` for
    another dose, or one that another record says was given.
    """
    found = sa.select(
        MedicationRecord.medicine_id,
        MedicationRecord.due_at,
        MedicationRecord.attempt,
        stands(MedicationRecord).label("stands"),
    ).where(MedicationRecord.id == corrects, MedicationRecord.sleepover_id == stay.id)
    wrong = db.session().execute(found).one_or_none()
    if wrong is None:
        raise NotFound
    if (wrong.medicine_id, wrong.due_at) != (medicine_id, due_at):
        raise Conflict(
            "A correction is about the same medicine at the same time. If it was another, please "
            "say that this was recorded in error, and record the other.",
            code="another_dose",
        )
    # One that is corrected already is told so by the database.
    if due_at is not None and wrong.stands and outcome == DoseOutcome.GIVEN:
        others = [record for record in _records(medicine_id, due_at) if record.id != corrects]
        _refuse_beside(stay, [record for record in others if record.outcome == DoseOutcome.GIVEN])
    attempt: int = wrong.attempt
    return attempt


def _records(medicine_id: UUID, due_at: datetime) -> list[Any]:
    """What stands of one dose, in the order of its attempts: also from another stay."""
    found = (
        sa.select(
            MedicationRecord.id,
            MedicationRecord.sleepover_id,
            MedicationRecord.outcome,
            MedicationRecord.attempt,
        )
        .where(
            MedicationRecord.medicine_id == medicine_id,
            MedicationRecord.due_at == due_at,
            stands(MedicationRecord),
        )
        .order_by(MedicationRecord.attempt)
    )
    return [*db.session().execute(found)]


def _refuse_beside(stay: Stay, records: Sequence[Any]) -> None:
    """Raise `Conflict` for the newest of these, if any; named where it can be corrected."""
    if not records:
        return
    record = records[-1]
    named: dict[str, Any] = {"record_id": record.id} if record.sleepover_id == stay.id else {}
    raise Conflict(WORDS[DoseOutcome(record.outcome)], code="already_recorded", **named)
