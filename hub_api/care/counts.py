"""Whether the medicines that came back are those that went, less what was given."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import db
from hub_api.care.corrections import stands
from hub_api.care.handover_models import Handover, HandoverKind
from hub_api.care.medicine_models import DoseOutcome, MedicationRecord, MedicineCount
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from hub_api.care.stays import Stay


def differences(
    went: Mapping[UUID, int], given: Mapping[UUID, int], came_back: Mapping[UUID, int]
) -> set[UUID]:
    """The medicines whose count the record doesn't explain: doses that went along, less those
    given, are those that came back. What nobody counted on one of the two ways is zero."""
    return {
        medicine
        for medicine in {*went, *given, *came_back}
        if went.get(medicine, 0) - given.get(medicine, 0) != came_back.get(medicine, 0)
    }


def look_into(stay: Stay) -> None:
    """Once the child has been brought home, have the liaison worker look into a difference, or into
    medicines that came back and weren't counted as they went, and take the task back when what is
    recorded since explains it."""
    counted = on_record(stay.id)
    came_back = counted.get(HandoverKind.RETURN)
    if came_back is None:
        return
    went = counted.get(HandoverKind.HANDOVER)
    # What came back tells nothing where nobody wrote down what went: not even that it was none.
    is_guessed = went is None and bool(came_back)
    if is_guessed or differences(went or {}, _given(stay.id), came_back):
        tasks.raise_task(
            TaskKind.MEDICINES_DIFFER,
            constellation_id=stay.constellation_id,
            subject_id=stay.id,
        )
    else:
        tasks.settle(TaskKind.MEDICINES_DIFFER, stay.id)


def on_record(sleepover_id: UUID) -> dict[str, dict[UUID, int]]:
    """The doses of each medicine that were counted each way that is written down, by the way."""
    found = (
        sa.select(Handover.kind, MedicineCount.medicine_id, MedicineCount.counted)
        .join(MedicineCount, MedicineCount.handover_id == Handover.id, isouter=True)
        .where(Handover.sleepover_id == sleepover_id, stands(Handover))
    )
    counted: dict[str, dict[UUID, int]] = {}
    for row in db.session().execute(found):
        way = counted.setdefault(row.kind, {})
        if row.medicine_id is not None:
            way[row.medicine_id] = row.counted
    return counted


def _given(sleepover_id: UUID) -> Counter[UUID]:
    found = sa.select(MedicationRecord.medicine_id).where(
        MedicationRecord.sleepover_id == sleepover_id,
        MedicationRecord.outcome == DoseOutcome.GIVEN,
        stands(MedicationRecord),
    )
    return Counter(db.session().scalars(found))
