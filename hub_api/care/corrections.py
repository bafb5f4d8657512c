"""What was written wrong is written anew, with a reason: both records stay, the newer one counts
(NMS 26)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

if TYPE_CHECKING:
    from hub_api.care.handover_models import Handover
    from hub_api.care.medicine_models import MedicationRecord

    Kind = type[Handover | MedicationRecord]


def corrected_by(kind: Kind) -> sa.ColumnElement[Any]:
    """The record that says it right, as a column; null for what stands."""
    later = aliased(kind)
    found = sa.select(later.id).where(later.corrects == kind.id).scalar_subquery()
    return found.label("corrected_by")


def stands(kind: Kind) -> sa.ColumnElement[bool]:
    """The condition that nothing corrects a record: it counts."""
    later = aliased(kind)
    return ~sa.exists().where(later.corrects == kind.id)
