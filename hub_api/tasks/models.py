"""Tasks: one row for each thing that waits, or waited, for somebody."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.access import OVERSEEING
from hub_api.db import Base, HasId, Versioned, in_words
from hub_api.errors import Conflict
from hub_api.tasks.kinds import TaskKind


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"
    """Somebody did it."""
    SETTLED = "settled"
    """The matter resolved itself, so the hub took the task back."""


_STATE_WORDS = {
    TaskState.DONE: "Somebody has done this already.",
    TaskState.SETTLED: "This has sorted itself out, so there is nothing left to do.",
}


class Task(HasId, Versioned, Base):
    """Something to do, for those who hold `role` in the constellation: a kind and its subject.

    The role is kept as it was when the task was raised, so that a kind may be given to another.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        sa.CheckConstraint(in_words("kind", list(TaskKind)), name="task_kind_known"),
        sa.CheckConstraint(in_words("role", OVERSEEING), name="task_role_known"),
        sa.CheckConstraint(in_words("state", list(TaskState)), name="task_state_known"),
        sa.CheckConstraint("(state = 'open') = (done_at is null)", name="task_over_when_not_open"),
        sa.CheckConstraint(
            "(state = 'done') = (done_by is not null)", name="task_done_by_somebody"
        ),
        sa.Index(
            "uq_task_open",
            "kind",
            "subject_id",
            "constellation_id",
            unique=True,
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index(
            "ix_tasks_open",
            "constellation_id",
            "due_at",
            "id",
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index("ix_tasks_constellation_id_id", "constellation_id", "id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    kind: Mapped[str]
    role: Mapped[str]
    subject_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(default=TaskState.OPEN)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    """When it was over, done or settled."""
    done_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    hidden_from: Mapped[list[UUID] | None] = mapped_column(sa.ARRAY(sa.Uuid()))
    """Accounts and households that must not see it."""

    @classmethod
    def is_open(cls) -> sa.ColumnElement[bool]:
        """The SQL condition that it waits: written out, so that the indexes of open ones serve."""
        return cls.state == sa.literal_column("'open'")

    def complete(self, account_id: UUID) -> None:
        """Somebody has done it."""
        if self.state != TaskState.OPEN:
            words = _STATE_WORDS[TaskState(self.state)]
            raise Conflict(words, code="wrong_state", state=self.state)
        self.state, self.done_at, self.done_by = TaskState.DONE, clock.now(), account_id
