"""A notification knows where what it tells of happened.

So it is sent only to whoever still holds a role there, and not to somebody who holds the same role
elsewhere. Those told before know no place, and go to whoever holds the role at all, as they did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None

PLACES = {"constellation_id": "constellations", "household_id": "households"}


def upgrade() -> None:
    for column, table in PLACES.items():
        op.add_column("notifications", sa.Column(column, sa.Uuid()))
        name = op.f(f"fk_notifications_{column}")
        op.create_foreign_key(name, "notifications", table, [column], ["id"])


def downgrade() -> None:
    for column in PLACES:
        op.drop_constraint(op.f(f"fk_notifications_{column}"), "notifications")
        op.drop_column("notifications", column)
