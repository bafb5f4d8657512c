"""Shapes of catching up."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from hub_api.constellations.schemas import ConstellationSchema
from hub_api.households.schemas import ChildSchema, HouseholdSchema
from hub_api.notifications.schemas import NotificationSchema
from hub_api.respite.schemas import RespiteRequestSchema
from hub_api.schemas import Schema, WholeNumber, one_of
from hub_api.sleepovers.schemas import SleepoverSchema
from hub_api.sync import cursor
from hub_api.sync.kinds import KINDS
from hub_api.tasks.schemas import TaskSchema

ITEMS: dict[str, type[Schema]] = {
    "constellations": ConstellationSchema,
    "households": HouseholdSchema,
    "children": ChildSchema,
    "respite_requests": RespiteRequestSchema,
    "sleepovers": SleepoverSchema,
    "notifications": NotificationSchema,
    "tasks": TaskSchema,
}
"""Each kind in the shape of its list."""


class SyncedKind(StrEnum):
    """A kind of object that a phone keeps."""

    CONSTELLATIONS = "constellations"
    HOUSEHOLDS = "households"
    CHILDREN = "children"
    RESPITE_REQUESTS = "respite_requests"
    SLEEPOVERS = "sleepovers"
    NOTIFICATIONS = "notifications"
    TASKS = "tasks"


class SyncCursor(fields.String):
    """A `cursor` of an answer before."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        try:
            return cursor.read(text)
        except ValueError:
            raise ma.ValidationError(
                "This is not a cursor the hub gave out. Leave it out to start anew."
            ) from None


class SyncIn(Schema):
    """From where on."""

    limit = WholeNumber(
        load_default=200,
        validate=validate.Range(1, 500, error="Please choose 1 to 500."),
        metadata={"description": "How many objects at most."},
    )
    cursor = SyncCursor(
        load_default=None,
        metadata={"description": "`cursor` of the answer before; without one, everything."},
    )


class GoneSchema(Schema):
    kind = fields.String(required=True, validate=one_of(SyncedKind))
    id = fields.UUID(required=True)


ChangedSchema = Schema.from_dict(
    {kind.kind: fields.List(fields.Nested(ITEMS[kind.kind]), required=True) for kind in KINDS},
    name="ChangedSchema",
)


class SyncSchema(Schema):
    reset = fields.List(
        fields.String(validate=one_of(SyncedKind)),
        required=True,
        metadata={"description": "Forget everything of these kinds first: all of it follows."},
    )
    changed = fields.Nested(
        ChangedSchema,
        required=True,
        metadata={"description": "By kind, each as its list shows it: replace by `id`."},
    )
    gone = fields.List(
        fields.Nested(GoneSchema),
        required=True,
        metadata={"description": "Forget these, if you have them."},
    )
    cursor = fields.String(required=True, metadata={"description": "For the next time."})
    more = fields.Boolean(
        required=True, metadata={"description": "There is more: ask again at once."}
    )
