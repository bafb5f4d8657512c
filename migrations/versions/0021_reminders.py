"""What the homes were reminded of, by the time agreed that it was about."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

COLUMNS = ("tomorrow_told_for", "handover_told_for", "return_told_for")


def upgrade() -> None:
    for column in COLUMNS:
        op.add_column("sleepovers", sa.Column(column, sa.DateTime(timezone=True)))
    op.execute(f"grant update ({', '.join(COLUMNS)}) on sleepovers to hub_worker")
    op.create_index(
        "ix_sleepovers_confirmed",
        "sleepovers",
        ["arrives_at"],
        postgresql_where=sa.text("state = 'confirmed'"),
    )


def downgrade() -> None:
    op.drop_index("ix_sleepovers_confirmed", "sleepovers")
    for column in reversed(COLUMNS):
        op.drop_column("sleepovers", column)
