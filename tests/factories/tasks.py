"""Tasks, as a slice raises them."""

from uuid import UUID

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.tasks import service
from hub_api.tasks.kinds import TaskKind
from hub_api.tasks.models import Task


def make_task(constellation_id: UUID) -> UUID:
    """A task that waits in a constellation, about nothing in particular; its id."""
    subject_id = uuid7()
    service.raise_task(
        TaskKind.HUB_CARER_MISSING, constellation_id=constellation_id, subject_id=subject_id
    )
    return db.session().scalars(sa.select(Task.id).where(Task.subject_id == subject_id)).one()
