"""Phones that have stopped receiving: whether their people were told, and a task about it."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
OLD_KINDS = "kind in ('hub_carer_missing', 'approval_needed', 'return_late', 'sleepover_in_doubt')"
KINDS = "kind in ('hub_carer_missing', 'approval_needed', 'return_late', 'sleepover_in_doubt', 'device_stopped')"


def upgrade() -> None:
    op.add_column("devices", sa.Column("received_at", INSTANT))
    op.add_column("devices", sa.Column("stopped_at", INSTANT))
    op.create_index(
        "ix_deliveries_not_received",
        "deliveries",
        ["device_id", "accepted_at"],
        postgresql_where=sa.text("state = 'accepted'"),
    )
    _replace_kinds(KINDS)
    # A person may belong to two constellations, and each has a liaison worker of its own.
    _replace_open(["kind", "subject_id", "constellation_id"])


def downgrade() -> None:
    op.execute("delete from tasks where kind = 'device_stopped'")
    _replace_open(["kind", "subject_id"])
    _replace_kinds(OLD_KINDS)
    op.drop_index("ix_deliveries_not_received", "deliveries")
    op.drop_column("devices", "stopped_at")
    op.drop_column("devices", "received_at")


def _replace_kinds(rule: str) -> None:
    op.drop_constraint(op.f("ck_task_kind_known"), "tasks")
    op.create_check_constraint(op.f("ck_task_kind_known"), "tasks", rule)


def _replace_open(columns: list[str]) -> None:
    op.drop_index("uq_task_open", "tasks")
    op.create_index(
        "uq_task_open", "tasks", columns, unique=True, postgresql_where=sa.text("state = 'open'")
    )
