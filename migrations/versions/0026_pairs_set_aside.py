"""What was set aside of `kept_apart` names the pairs of children it was for, and holds for these.

It held for every pair there was, one booked beside the child afterwards included. What is in force
when this runs names nobody, and so has to be given anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pairs = sa.Column(
        "pairs", sa.ARRAY(sa.Uuid(), dimensions=2), nullable=False, server_default="{}"
    )
    op.add_column("check_overrides", pairs)
    op.alter_column("check_overrides", "pairs", server_default=None)


def downgrade() -> None:
    op.drop_column("check_overrides", "pairs")
