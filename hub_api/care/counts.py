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
    """Once the child has been brought home, have the liaison worker look into a difference, and
    take the task back when what is recorded since explains it."""
    ways = db.session().execute(
        sa.select(Handover.id, Handover.kind).where(
            Handover.sleepover_id == stay.id, stands(Handover)
        )
    )
    ids = {row.kind: row.id for row in ways}
    returned = ids.get(HandoverKind.RETURN)
    if returned is None:
        return
    went, came_back = (_counted(ids.get(kind)) for kind in HandoverKind)
    if differences(went, _given(stay.id), came_back):
        tasks.raise_task(
            TaskKind.MEDICINES_DIFFER,
            constellation_id=stay.constellation_id,
            subject_id=stay.id,
        )
    else:
        tasks.settle(TaskKind.MEDICINES_DIFFER, stay.id)


def _counted(handover_id: UUID | None) -> dict[UUID, int]:
    found = sa.select(MedicineCount.medicine_id, MedicineCount.counted).where(
        MedicineCount.handover_id == handover_id
    )
    return {row.medicine_id: row.counted for row in db.session().execute(found)}


def _given(sleepover_id: UUID) -> Counter[UUID]:
    found = sa.select(MedicationRecord.medicine_id).where(
        MedicationRecord.sleepover_id == sleepover_id,
        MedicationRecord.outcome == DoseOutcome.GIVEN,
        stands(MedicationRecord),
    )
    return Counter(db.session().scalars(found))
