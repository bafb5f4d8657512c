"""What is written about a stay is of that stay's constellation, as the database knows by now, too.

It knew a stay and its child together, and the constellation beside them: a row of one constellation
about another's stay could be there. So a child who is missing could look reported already, by a row
that those who report it don't see.

And a second report may say that the child was missed earlier, or when it was to be back.
"""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

OF_A_STAY = {
    "stay_entries": "stay_entry",
    "incidents": "incident",
    "missing_episodes": "missing_episode",
    "medication_records": "medication_record",
    "handovers": "handover",
    "debriefs": "debrief",
    "outings": "outing",
}
"""Table → what its foreign key is named after."""

CHILD = ["child_id"]
WHOSE = ["child_id", "constellation_id"]


def upgrade() -> None:
    op.create_unique_constraint("uq_sleepover_of_constellation", "sleepovers", ["id", *WHOSE])
    op.create_unique_constraint("uq_handover_of_constellation", "handovers", ["id", *WHOSE])
    _point_at_stays(WHOSE)
    op.drop_constraint("uq_handover_of_child", "handovers")
    op.execute("grant update (noticed_at, agreed_at) on missing_episodes to hub_api")


def _point_at_stays(whose: list[str]) -> None:
    keys = {table: ("sleepover", "sleepovers", name) for table, name in OF_A_STAY.items()}
    keys["medicine_counts"] = ("handover", "handovers", "medicine_count")
    for table, (what, others, name) in keys.items():
        op.drop_constraint(f"fk_{name}_{what}", table)
        op.create_foreign_key(
            f"fk_{name}_{what}", table, others, [f"{what}_id", *whose], ["id", *whose]
        )


def downgrade() -> None:
    op.execute("revoke update (noticed_at, agreed_at) on missing_episodes from hub_api")
    op.create_unique_constraint("uq_handover_of_child", "handovers", ["id", *CHILD])
    _point_at_stays(CHILD)
    op.drop_constraint("uq_handover_of_constellation", "handovers")
    op.drop_constraint("uq_sleepover_of_constellation", "sleepovers")
