"""Tasks: what waits for somebody, from every slice."""

import sqlalchemy as sa
from alembic import op

from migrations.rls import grant, scope_by_constellation

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind in ('hub_carer_missing')", name=op.f("ck_task_kind_known")),
        sa.CheckConstraint(
            "role in ('hub_carer', 'liaison_worker', 'programme_manager')",
            name=op.f("ck_task_role_known"),
        ),
        sa.CheckConstraint(
            "state in ('open', 'done', 'settled')", name=op.f("ck_task_state_known")
        ),
        sa.CheckConstraint(
            "(state = 'open') = (done_at is null)", name=op.f("ck_task_over_when_not_open")
        ),
        sa.CheckConstraint(
            "(state = 'done') = (done_by is not null)", name=op.f("ck_task_done_by_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"], ["constellations.id"], name=op.f("fk_tasks_constellation_id")
        ),
        sa.ForeignKeyConstraint(["done_by"], ["accounts.id"], name=op.f("fk_tasks_done_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    op.create_index(
        "uq_task_open",
        "tasks",
        ["kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "ix_tasks_open",
        "tasks",
        ["constellation_id", "due_at", "id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_tasks_constellation_id_id", "tasks", ["constellation_id", "id"])
    grant("tasks", api="select, insert, update", worker="select, insert, update")
    scope_by_constellation("tasks")


def downgrade() -> None:
    op.drop_table("tasks")
