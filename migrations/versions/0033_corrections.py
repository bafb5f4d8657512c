"""A dose or a handover that was written down wrong is written anew: the newer record points at the
one it corrects, says why, and is the one that counts. Neither is ever changed.

And outings: until when a child who goes out during a stay is to be back.
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import CONSTELLATIONS, grant, scope_by_constellation

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

OUTCOMES = "outcome in ('given', 'missed', 'refused'"
TABLES = {
    # What a correction shares with the record it corrects, beside the stay.
    "medication_records": ("medication", "medication_record", "medicine_id"),
    "handovers": ("handover", "handover", "kind"),
}
ONCE = {"medication_records": ["medicine_id", "due_at"], "handovers": ["sleepover_id", "kind"]}
CHECKS = {
    "medication_records": {
        "ck_medication_corrected_for_a_reason": "corrects is null or why is not null",
        "ck_medication_in_error_is_a_correction": (
            "outcome <> 'recorded_in_error' or corrects is not null"
        ),
    },
    "handovers": {"ck_handover_corrected_for_a_reason": "corrects is null or details is not null"},
}

CORRECTED = (
    "delete from medication_records where id in (select corrects from medication_records)",
    "delete from medication_records where outcome = 'recorded_in_error'",
    "delete from medicine_counts where handover_id in (select corrects from handovers)",
    "delete from handovers where id in (select corrects from handovers)",
)


def upgrade() -> None:
    _know_outcomes(f"{OUTCOMES}, 'recorded_in_error')")
    for table, (name, long_name, same) in TABLES.items():
        op.add_column(table, sa.Column("corrects", sa.Uuid(), nullable=True))
        for check, rule in CHECKS[table].items():
            op.create_check_constraint(op.f(check), table, rule)
        op.drop_constraint(f"uq_{name}_once", table)
        op.create_index(
            f"uq_{name}_once",
            table,
            ONCE[table],
            unique=True,
            postgresql_where=sa.text("corrects is null"),
        )
        op.create_unique_constraint(f"uq_{name}_corrected_once", table, ["corrects"])
        op.create_unique_constraint(f"uq_{name}_of_stay", table, ["id", "sleepover_id", same])
        op.create_foreign_key(
            f"fk_{long_name}_corrects",
            table,
            table,
            ["corrects", "sleepover_id", same],
            ["id", "sleepover_id", same],
        )
    _create_outings()
    scope_by_constellation("outings")
    grant("outings", api="select, insert, update (back_at)", worker="select")
    # As of everything else that is written about a stay: whoever has taken the child in, too.
    op.execute(f"""
        create policy outings_hosted on outings to hub_api
          using (sleepover_id = any (array(
            select id from sleepovers
             where hosting_constellation_id = {CONSTELLATIONS} and state <> 'cancelled')))
    """)  # noqa: S608


def _create_outings() -> None:
    instant = sa.DateTime(timezone=True)
    ids = ("id", "constellation_id", "sleepover_id", "child_id", "written_by")
    op.create_table(
        "outings",
        *(sa.Column(name, sa.Uuid(), nullable=False) for name in ids),
        sa.Column("written_at", instant, nullable=False),
        sa.Column("agreed_back_at", instant, nullable=False),
        sa.Column("back_at", instant, nullable=True),
        sa.CheckConstraint("agreed_back_at > written_at", name=op.f("ck_outing_ends_later")),
        sa.ForeignKeyConstraint(
            ["sleepover_id", "child_id"],
            ["sleepovers.id", "sleepovers.child_id"],
            name="fk_outing_sleepover",
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_outings_{column}"))
            for column, other in (
                ("constellation_id", "constellations"),
                ("written_by", "accounts"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outings")),
    )
    op.create_index("ix_outings_sleepover_id_id", "outings", ["sleepover_id", "id"])
    op.create_index(
        "ix_outings_agreed_back_at",
        "outings",
        ["agreed_back_at"],
        postgresql_where=sa.text("back_at is null"),
    )


def _know_outcomes(rule: str) -> None:
    op.drop_constraint(op.f("ck_medication_outcome_known"), "medication_records")
    op.create_check_constraint(op.f("ck_medication_outcome_known"), "medication_records", rule)


def downgrade() -> None:
    """What stands stays: the older release knows one record of a dose, and one of each way."""
    op.drop_table("outings")
    for table, (name, long_name, _) in TABLES.items():
        op.drop_constraint(f"fk_{long_name}_corrects", table)
        op.drop_constraint(f"uq_{name}_of_stay", table)
        op.drop_index(f"uq_{name}_once", table)
        op.drop_constraint(f"uq_{name}_corrected_once", table)
    for statement in CORRECTED:
        op.execute(statement)
    for table, (name, *_) in TABLES.items():
        for check in CHECKS[table]:
            op.drop_constraint(op.f(check), table)
        op.drop_column(table, "corrects")
        op.create_unique_constraint(f"uq_{name}_once", table, ONCE[table])
    _know_outcomes(f"{OUTCOMES})")
