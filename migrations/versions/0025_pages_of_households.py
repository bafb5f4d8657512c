"""The newest rows of a household and of a constellation are found in the index alone.

The policies ask of each row, beside its household, in which constellation it was, and beside its
constellation, whether it was sent. The planner takes these for independent, and so expects hardly a
row: it had all of a household's rows read and sorted, ever more of them, for a page of fifty. With
these columns in the index it reads on from the newest one, whatever it expects.
"""

from alembic import op

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_sleepovers_household_id_id", "sleepovers", ["household_id", "id"], ["constellation_id"]),
    (
        "ix_sleepovers_household_id_state_id",
        "sleepovers",
        ["household_id", "state", "id"],
        ["constellation_id"],
    ),
    (
        "ix_respite_requests_household_id_id",
        "respite_requests",
        ["household_id", "id"],
        ["constellation_id"],
    ),
    (
        "ix_respite_requests_constellation_id_id",
        "respite_requests",
        ["constellation_id", "id"],
        ["submitted_at"],
    ),
)


def upgrade() -> None:
    for name, table, columns, beside in INDEXES:
        op.drop_index(name, table)
        op.create_index(name, table, columns, postgresql_include=beside)


def downgrade() -> None:
    for name, table, columns, _ in INDEXES:
        op.drop_index(name, table)
        op.create_index(name, table, columns)
