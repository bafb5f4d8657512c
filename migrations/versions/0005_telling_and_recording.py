"""Notifications, and the audit trail that only grows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import append_only_by_constellation, grant, scope_by_account

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("notifications", "audit_events")


def upgrade() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "category in ('request_submitted', 'request_accepted', 'sleepover_cancelled')",
            name=op.f("ck_notification_category_known"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_notifications_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index("ix_notifications_account_id_id", "notifications", ["account_id", "id"])
    op.create_index(
        "ix_notifications_not_ready",
        "notifications",
        ["id"],
        postgresql_where=sa.text("ready_at is null"),
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("constellation_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("changed", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.CheckConstraint("outcome in ('done', 'refused')", name=op.f("ck_audit_outcome_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index(
        "ix_audit_events_constellation_id_id", "audit_events", ["constellation_id", "id"]
    )
    op.create_index("ix_audit_events_subject_id_id", "audit_events", ["subject_id", "id"])
    grant("notifications", api="select, insert", worker="select, update")
    scope_by_account("notifications")
    grant("audit_events", api="select, insert", worker="select, insert")
    append_only_by_constellation("audit_events")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
