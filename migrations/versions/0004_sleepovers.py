"""Respite requests, and the sleepovers and bed-nights they become."""

import sqlalchemy as sa
from alembic import op

from migrations.rls import grant, scope_by_constellation

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("respite_requests", "requested_children", "respite_decisions", "sleepovers", "bed_nights")


def upgrade() -> None:
    op.create_table(
        "respite_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("hub_home_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("arrives_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("departs_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("nights", sa.ARRAY(sa.Date()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'draft') = (submitted_at is null)",
            name=op.f("ck_request_submitted_when_sent"),
        ),
        sa.CheckConstraint("kind in ('planned')", name=op.f("ck_request_kind_known")),
        sa.CheckConstraint(
            "reason in ('rest_for_carer', 'family_event', 'appointment', 'carer_unwell', 'treat_for_child', 'time_with_siblings', 'other')",
            name=op.f("ck_request_reason_known"),
        ),
        sa.CheckConstraint(
            "state in ('draft', 'submitted', 'accepted')", name=op.f("ck_request_state_known")
        ),
        sa.CheckConstraint("cardinality(nights) > 0", name=op.f("ck_request_has_nights")),
        sa.CheckConstraint(
            "departs_at > arrives_at", name=op.f("ck_request_departs_after_arrival")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["accounts.id"], name=op.f("fk_respite_requests_asked_by")
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"],
            ["constellations.id"],
            name=op.f("fk_respite_requests_constellation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_respite_requests_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["hub_home_id"], ["hub_homes.id"], name=op.f("fk_respite_requests_hub_home_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_respite_requests")),
    )
    op.create_index(
        "ix_respite_requests_constellation_id_id", "respite_requests", ["constellation_id", "id"]
    )
    op.create_index(
        "ix_respite_requests_household_id_id", "respite_requests", ["household_id", "id"]
    )
    op.create_table(
        "requested_children",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name=op.f("fk_requested_children_child_id")
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"],
            ["constellations.id"],
            name=op.f("fk_requested_children_constellation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["respite_requests.id"], name=op.f("fk_requested_children_request_id")
        ),
        sa.PrimaryKeyConstraint("request_id", "child_id", name=op.f("pk_requested_children")),
    )
    op.create_table(
        "respite_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "decision in ('submitted', 'accepted')", name=op.f("ck_respite_decision_known")
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"],
            ["constellations.id"],
            name=op.f("fk_respite_decisions_constellation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["accounts.id"], name=op.f("fk_respite_decisions_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["respite_requests.id"], name=op.f("fk_respite_decisions_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_respite_decisions")),
    )
    op.create_index("ix_respite_decisions_request_id", "respite_decisions", ["request_id"])
    op.create_table(
        "sleepovers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("hub_home_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("arrives_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("departs_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at is not null) and (cancelled_at is null) = (cancel_reason is null)",
            name=op.f("ck_sleepover_cancelled_with_reason"),
        ),
        sa.CheckConstraint(
            "cancel_reason in ('no_longer_needed', 'child_unwell', 'carer_unwell', 'hub_unable', 'child_does_not_want_to', 'other')",
            name=op.f("ck_sleepover_cancel_reason_known"),
        ),
        sa.CheckConstraint(
            "state in ('confirmed', 'cancelled')", name=op.f("ck_sleepover_state_known")
        ),
        sa.CheckConstraint(
            "departs_at > arrives_at", name=op.f("ck_sleepover_departs_after_arrival")
        ),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_sleepovers_child_id")),
        sa.ForeignKeyConstraint(
            ["constellation_id"], ["constellations.id"], name=op.f("fk_sleepovers_constellation_id")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_sleepovers_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["hub_home_id"], ["hub_homes.id"], name=op.f("fk_sleepovers_hub_home_id")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["respite_requests.id"], name=op.f("fk_sleepovers_request_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sleepovers")),
        sa.UniqueConstraint("id", "child_id", name="uq_sleepover_of_child"),
        sa.UniqueConstraint("request_id", "child_id", name="uq_sleepover_per_requested_child"),
    )
    op.create_index("ix_sleepovers_constellation_id_id", "sleepovers", ["constellation_id", "id"])
    op.create_index("ix_sleepovers_household_id_id", "sleepovers", ["household_id", "id"])
    op.create_table(
        "bed_nights",
        sa.Column("bed_id", sa.Uuid(), nullable=False),
        sa.Column("night", sa.Date(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("sleepover_id", sa.Uuid(), nullable=False),
        sa.Column("hub_home_id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bed_id", "hub_home_id"], ["beds.id", "beds.hub_home_id"], name="fk_bed_night_bed"
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"], ["constellations.id"], name=op.f("fk_bed_nights_constellation_id")
        ),
        sa.ForeignKeyConstraint(
            ["sleepover_id", "child_id"],
            ["sleepovers.id", "sleepovers.child_id"],
            name="fk_bed_night_sleepover",
        ),
        sa.PrimaryKeyConstraint("bed_id", "night", name="uq_bed_night"),
        sa.UniqueConstraint("child_id", "night", name="uq_child_night"),
    )
    op.create_index("ix_bed_nights_hub_home_id_night", "bed_nights", ["hub_home_id", "night"])
    op.create_index("ix_bed_nights_sleepover_id", "bed_nights", ["sleepover_id"])
    grant("respite_requests", api="select, insert, update")
    grant("requested_children", api="select, insert")
    grant("respite_decisions", api="select, insert")
    grant("sleepovers", api="select, insert, update")
    grant("bed_nights", api="select, insert, delete")
    for table in TABLES:
        scope_by_constellation(table)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
