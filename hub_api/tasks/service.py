"""Raising tasks, settling them when a matter resolves itself, and doing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from hub_api import clock, db, reads
from hub_api.access import Permission
from hub_api.audit import service as audit
from hub_api.reads import ASKING, PageArgs, parameter
from hub_api.synced import NOW, SINCE, Synced
from hub_api.tasks import policy
from hub_api.tasks.kinds import TaskKind
from hub_api.tasks.models import Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from hub_api.access import Actor, Role
    from hub_api.reads import Page, Row

# --- for the other slices --------------------------------------------------------------------


def raise_task(
    kind: TaskKind,
    *,
    constellation_id: UUID,
    subject_id: UUID,
    no_later_than: datetime | None = None,
    role: Role | None = None,
    hidden_from: Sequence[UUID] | None = None,
) -> bool:
    """Have somebody see to a subject, in the caller's transaction.

    Due as soon as its kind says, or earlier where the matter itself comes sooner. `role` is who
    should do it, where that isn't whom the kind names; `hidden_from` are accounts and households
    that must not see it. Raised again while it is open, at the same moment included, it is the one
    task: its index says so. Returns whether it is a new one.
    """
    now = clock.now()
    due_at = now + kind.due_within
    # Counted, not returned: whoever raises what is hidden from them can't read the row.
    raised = db.connection().execute(
        _RAISE,
        {
            "constellation_id": constellation_id,
            "kind": kind,
            "role": role or kind.role,
            "subject_id": subject_id,
            "created_at": now,
            "due_at": min(due_at, no_later_than) if no_later_than else due_at,
            "hidden_from": [*hidden_from] if hidden_from else None,
        },
    )
    return raised.rowcount > 0


_RAISE = postgresql.insert(Task).on_conflict_do_nothing().execution_options(preserve_rowcount=True)


def settle(kind: TaskKind, *subject_ids: UUID) -> None:
    """Take back the open tasks about these subjects, if any: nobody has to do them any more."""
    db.connection().execute(
        sa.update(Task)
        .where(Task.kind == kind, Task.subject_id.in_(subject_ids), Task.is_open())
        .values(state=TaskState.SETTLED, done_at=clock.now(), version=Task.version + 1)
    )


def open_subjects(kind: TaskKind) -> sa.Select[UUID]:
    """For another slice's select: what the open tasks of a kind are about."""
    return sa.select(Task.subject_id).where(Task.kind == kind, Task.is_open())


# --- for those who do them -------------------------------------------------------------------


class Query(PageArgs):
    """A page of what is looked for: `schemas.TasksIn`."""

    state: TaskState
    constellation_id: UUID | None


def complete_task(actor: Actor, task_id: UUID, seen_version: int) -> Row:
    """Say that one has done it.

    Raises `NotFound`, `StaleVersion`, or `Conflict` when it is done or settled already.
    """
    found = sa.select(Task).where(Task.id == task_id, policy.visible_to(ASKING))
    task = reads.find(actor, found)
    db.lock_seen(task, seen_version)
    task.complete(actor.account_id)
    audit.record(
        "task:do",
        actor_id=actor.account_id,
        subject_id=task.id,
        constellation_id=task.constellation_id,
        changed=["state"],
        hidden_from=task.hidden_from,
    )
    return get_task(actor, task.id)


def list_tasks(actor: Actor, query: Query) -> Page:
    """The tasks the actor may see: open ones by when they are due, others newest first."""
    is_open = query["state"] == TaskState.OPEN
    return (OPEN if is_open else TASKS).page(
        actor,
        query,
        state=None if is_open else query["state"],
        constellation_id=query["constellation_id"],
        now=clock.now(),
    )


def get_task(actor: Actor, task_id: UUID) -> Row:
    """One task. Raises `NotFound`."""
    return TASKS.one(actor, task_id, now=clock.now())


def _tasks() -> reads.Select:
    return sa.select(
        Task.id,
        Task.version,
        Task.kind,
        sa.case({str(kind): kind.words for kind in TaskKind}, value=Task.kind).label("words"),
        Task.constellation_id,
        Task.role,
        Task.subject_id,
        Task.created_at,
        Task.due_at,
        sa.and_(Task.is_open(), Task.due_at < NOW).label("is_overdue"),
        Task.state,
        Task.done_at,
        Task.done_by,
    ).where(policy.visible_to(ASKING))


_IN_ONE_PLACE = Task.constellation_id == parameter("constellation_id", sa.Uuid())

TASKS = reads.Read(
    _tasks,
    key=Task.id,
    state=Task.state == parameter("state", sa.Text()),
    constellation_id=_IN_ONE_PLACE,
)
OPEN = reads.Read(
    lambda: _tasks().where(Task.is_open()),
    key=Task.id,
    soonest=Task.due_at,
    constellation_id=_IN_ONE_PLACE,
)


def _become_overdue() -> reads.Select:
    return _tasks().where(Task.is_open(), Task.due_at >= SINCE, Task.due_at < NOW)


SYNCED = (
    Synced(
        "tasks",
        Permission.TASK_READ,
        TASKS,
        passing=reads.Read(_become_overdue, key=Task.id),
    ),
)
