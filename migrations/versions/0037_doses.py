"""A dose is recorded anew after a record in error, and as given after one that was missed or
refused: each of these is an attempt, and has a number.

And when somebody said that a medicine is over, so that what was given earlier that day is still
recorded.
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

ONE_ATTEMPT = """
    delete from medication_records r where exists (
        select from medication_records l
         where l.medicine_id = r.medicine_id and l.due_at = r.due_at and l.attempt > r.attempt)
"""


def upgrade() -> None:
    # The release before, still running, writes first attempts alone.
    op.add_column(
        "medication_records",
        sa.Column("attempt", sa.Integer(), nullable=False, server_default="1"),
    )
    op.create_check_constraint(
        op.f("ck_medication_attempt_counts"), "medication_records", "attempt > 0"
    )
    _once_each("medicine_id", "due_at", "attempt")
    op.add_column("medicines", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("grant update (ended_at) on medicines to hub_api")


def _once_each(*columns: str) -> None:
    op.drop_index("uq_medication_once", "medication_records")
    op.create_index(
        "uq_medication_once",
        "medication_records",
        [*columns],
        unique=True,
        postgresql_where=sa.text("corrects is null"),
    )


def downgrade() -> None:
    """The older release knows one record of a dose beside its corrections: the last stays."""
    op.drop_column("medicines", "ended_at")
    op.execute(ONE_ATTEMPT)
    _once_each("medicine_id", "due_at")
    op.drop_constraint(op.f("ck_medication_attempt_counts"), "medication_records")
    op.drop_column("medication_records", "attempt")
