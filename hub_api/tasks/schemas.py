"""Shapes of tasks. Nothing in them is about a person: ids, and words that are always the same."""

from __future__ import annotations

from marshmallow import fields

from hub_api.access import Role
from hub_api.schemas import Id, Instant, PageIn, Schema, one_of
from hub_api.tasks.kinds import TaskKind
from hub_api.tasks.models import TaskState


class TasksIn(PageIn):
    """Which tasks."""

    state = fields.String(load_default=TaskState.OPEN, validate=one_of(TaskState))
    constellation_id = Id(
        load_default=None, metadata={"description": "Those of one constellation."}
    )


class TaskSchema(Schema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    kind = fields.String(required=True, validate=one_of(TaskKind))
    words = fields.String(required=True, metadata={"description": "What to show the person."})
    constellation_id = fields.UUID(required=True)
    role = fields.String(
        required=True, validate=one_of(Role), metadata={"description": "Who should do it."}
    )
    subject_id = fields.UUID(
        required=True, metadata={"description": "What it is about; `kind` says what that is."}
    )
    created_at = Instant(required=True)
    due_at = Instant(required=True)
    is_overdue = fields.Boolean(
        required=True, metadata={"description": "Open, and `due_at` has passed."}
    )
    state = fields.String(required=True, validate=one_of(TaskState))
    done_at = Instant(
        required=True, allow_none=True, metadata={"description": "When it was done or settled."}
    )
    done_by = fields.UUID(
        required=True,
        allow_none=True,
        metadata={"description": "The account that did it; nobody, when the hub settled it."},
    )
