"""When somebody said that a medicine is over, so that what was given earlier that day is still
recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("medicines", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("grant update (ended_at) on medicines to hub_api")


def downgrade() -> None:
    op.drop_column("medicines", "ended_at")
