"""The whole life of a request: who is told of what, what the liaison worker approves, and what the
worker writes when time decides.
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import grant

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

OLD_CHECKS = {
    (
        "notifications",
        "ck_notification_category_known",
    ): "category in ('request_submitted', 'request_accepted', 'sleepover_cancelled')",
    ("tasks", "ck_task_kind_known"): "kind in ('hub_carer_missing')",
}
CHECKS = {
    (
        "notifications",
        "ck_notification_category_known",
    ): "category in ('request_submitted', 'request_accepted', 'request_approved', 'request_declined', 'request_withdrawn', 'request_changed', 'request_expired', 'approval_needed', 'sleepover_cancelled')",
    ("tasks", "ck_task_kind_known"): "kind in ('hub_carer_missing', 'approval_needed')",
}


def upgrade() -> None:
    for (table, name), rule in CHECKS.items():
        op.drop_constraint(op.f(name), table)
        op.create_check_constraint(op.f(name), table, rule)
    # No release has written an override yet.
    op.add_column("check_overrides", sa.Column("child_ids", sa.ARRAY(sa.Uuid()), nullable=False))
    # One that was given for other children or nights ends when the request changes.
    grant("check_overrides", api="update (expires_at)")
    grant("notifications", api="select", worker="insert")


def downgrade() -> None:
    op.execute("revoke insert on notifications from hub_worker")
    op.execute("revoke update on check_overrides from hub_api")
    # Nobody could read their reasons any more without knowing whose keys they are under.
    op.execute("delete from check_overrides")
    op.drop_column("check_overrides", "child_ids")
    for (table, name), rule in OLD_CHECKS.items():
        op.drop_constraint(op.f(name), table)
        # What is there may be of a kind the older release has no word for: it stays as it is.
        op.execute(f"alter table {table} add constraint {name} check ({rule}) not valid")
