"""Emergencies: who was asked, what they said, and the clock; a role for whoever is on call."""

import re

import sqlalchemy as sa
from alembic import op

from migrations.rls import CONSTELLATIONS, grant, scope_by_constellation

revision = "0032"
down_revision = "0025"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
TABLES = ("emergencies", "emergency_asks")

WORDS = {
    ("role_grants", "ck_role_grant_role_known", "role"): ("on_call_manager",),
    ("respite_requests", "ck_request_kind_known", "kind"): ("emergency",),
    ("tasks", "ck_task_kind_known", "kind"): ("emergency_unplaced",),
    ("notifications", "ck_notification_category_known", "category"): (
        "emergency_asked", "emergency_raised", "emergency_placed", "emergency_settled",
        "emergency_unplaced",
    ),
}  # fmt: skip
"""Table, constraint and column, and the words more that it may hold: added to those it has."""


def upgrade() -> None:
    for (table, name, column), words in WORDS.items():
        _allow(table, name, column, [*_allowed(name), *words])
    create_emergencies()
    create_asks()


def create_emergencies() -> None:
    op.create_table(
        "emergencies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_for", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("arrives_at", INSTANT, nullable=False),
        sa.Column("departs_at", INSTANT, nullable=False),
        sa.Column("nights", sa.ARRAY(sa.Date()), nullable=False),
        sa.Column("ages", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_step_at", INSTANT),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("terms_set_aside_by", sa.Uuid()),
        sa.Column("terms_reason", sa.Text()),
        sa.CheckConstraint(
            "state in ('looking', 'placed', 'ended')", name=op.f("ck_emergency_state_known")
        ),
        sa.CheckConstraint(
            "asked_for in ('carer', 'emergency_duty_team', 'social_worker', 'other')",
            name=op.f("ck_emergency_asked_for_known"),
        ),
        sa.CheckConstraint("step between 1 and 3", name=op.f("ck_emergency_step_known")),
        sa.CheckConstraint(
            "(next_step_at is not null) = (state = 'looking' and step < 3)",
            name=op.f("ck_emergency_goes_on_while_looking"),
        ),
        sa.CheckConstraint(
            "terms_reason in ('no_other_bed', 'siblings_together', 'known_to_the_child')",
            name=op.f("ck_emergency_terms_reason_known"),
        ),
        sa.CheckConstraint(
            "(terms_set_aside_by is null) = (terms_reason is null)",
            name=op.f("ck_emergency_terms_set_aside_with_reason"),
        ),
        *_foreign_keys(
            "emergencies",
            id="respite_requests",
            constellation_id="constellations",
            household_id="households",
            asked_by="accounts",
            terms_set_aside_by="accounts",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergencies")),
    )
    for first in ("constellation_id", "household_id"):
        op.create_index(f"ix_emergencies_{first}_id", "emergencies", [first, "id"])
    op.create_index(
        "ix_emergencies_due",
        "emergencies",
        ["next_step_at"],
        postgresql_where=sa.text("next_step_at is not null"),
    )
    grant("emergencies", api="select, insert, update", worker="select, update")
    scope_by_constellation("emergencies")


def create_asks() -> None:
    op.create_table(
        "emergency_asks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("emergency_id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("hosting_constellation_id", sa.Uuid(), nullable=False),
        sa.Column("hub_home_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("arrives_at", INSTANT, nullable=False),
        sa.Column("departs_at", INSTANT, nullable=False),
        sa.Column("nights", sa.ARRAY(sa.Date()), nullable=False),
        sa.Column("ages", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("answered_at", INSTANT),
        sa.Column("answered_by", sa.Uuid()),
        sa.CheckConstraint(
            "answer in ('yes', 'no', 'settled')", name=op.f("ck_emergency_answer_known")
        ),
        sa.CheckConstraint(
            "(answer is null) = (answered_at is null)", name=op.f("ck_emergency_answered_when")
        ),
        *_foreign_keys(
            "emergency_asks",
            emergency_id="emergencies",
            constellation_id="constellations",
            hosting_constellation_id="constellations",
            hub_home_id="hub_homes",
            answered_by="accounts",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_asks")),
        sa.UniqueConstraint("emergency_id", "hub_home_id", name="uq_emergency_ask_once"),
    )
    op.create_index(
        "uq_emergency_yes",
        "emergency_asks",
        ["emergency_id"],
        unique=True,
        postgresql_where=sa.text("answer = 'yes'"),
    )
    columns = ["hosting_constellation_id", "id"]
    op.create_index("ix_emergency_asks_hosting_constellation_id_id", "emergency_asks", columns)
    grant("emergency_asks", api="select, insert, update", worker="select, insert, update")
    # Read by those who ask and by those who are asked; written by those who ask. Whoever is asked
    # elsewhere opens the emergency first.
    op.execute("alter table emergency_asks enable row level security")
    op.execute("create policy emergency_asks_worker on emergency_asks to hub_worker using (true)")
    op.execute(
        "create policy emergency_asks_constellation on emergency_asks to hub_api"
        f" using (constellation_id = {CONSTELLATIONS}"
        f" or hosting_constellation_id = {CONSTELLATIONS})"
        f" with check (constellation_id = {CONSTELLATIONS})"
    )


def _foreign_keys(table: str, **tables: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, other in tables.items()
    ]


def _allowed(name: str) -> list[str]:
    rule = sa.text("select pg_get_constraintdef(oid) from pg_constraint where conname = :name")
    return re.findall(r"'(\w+)'::text", op.get_bind().scalar(rule, {"name": name}))


def _allow(table: str, name: str, column: str, words: list[str]) -> None:
    op.drop_constraint(op.f(name), table)
    op.create_check_constraint(op.f(name), table, f"{column} in ({', '.join(map(repr, words))})")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    forget_emergencies()
    for (table, name, column), words in WORDS.items():
        if table != "respite_requests":
            gone = ", ".join(map(repr, words))
            op.execute(f"delete from {table} where {column} in ({gone})")  # noqa: S608 - ours
        _allow(table, name, column, [word for word in _allowed(name) if word not in words])


def forget_emergencies() -> None:
    """What was booked stays booked: its request is one that was planned."""
    op.execute("update respite_requests set kind = 'planned' where kind = 'emergency'")
