"""Looking at what waits for me, and saying that it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub_api.access import Permission
from hub_api.api import Blueprint, current_actor, page_response
from hub_api.schemas import page_of
from hub_api.tasks import service
from hub_api.tasks.schemas import TaskSchema, TasksIn

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.tasks.service import Query

blp = Blueprint("tasks", __name__, url_prefix="/tasks", description="What waits for me.")


@blp.route("", methods=["GET"])
@blp.allow(Permission.TASK_READ)
@blp.arguments(TasksIn(), location="query")
@blp.response(200, page_of(TaskSchema))
def list_tasks(query: Query) -> Any:
    """List what waits for me, soonest due first; what is done or settled, newest first."""
    return page_response(service.list_tasks(current_actor(), query))


@blp.route("/<uuid:task_id>", methods=["GET"])
@blp.allow(Permission.TASK_READ)
@blp.response(200, TaskSchema)
def get_task(task_id: UUID) -> Any:
    """Show a task."""
    return service.get_task(current_actor(), task_id)


@blp.route("/<uuid:task_id>/done", methods=["POST"])
@blp.allow(Permission.TASK_DO)
@blp.refuses("wrong_state")
@blp.if_match
@blp.response(200, TaskSchema, replay=service.get_task)
def complete_task(task_id: UUID, seen_version: int) -> Any:
    """Say that I have done it."""
    return service.complete_task(current_actor(), task_id, seen_version)
