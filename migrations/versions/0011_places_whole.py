"""Constellations and households whole: beds with dates and bedrooms, blocked nights, terms of
approval, exemptions, children kept apart, and agreements to share a bedroom.
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import (
    CONSTELLATIONS,
    OVERSEES_SERVICE,
    grant,
    refuse_overlaps,
    scope_by_constellation,
    scope_by_hub_home,
    scope_hub_homes,
)

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

REFUSE_OVERLAP = """
create function refuse_overlap() returns trigger language plpgsql set search_path = public as $$
declare
  about uuid := (to_jsonb(new) ->> tg_argv[0])::uuid;
  is_taken boolean;
begin
  -- One at a time: without it, two that overlap could be written side by side.
  perform pg_advisory_xact_lock(hashtextextended(tg_table_name || about, 0));
  execute format(
    'select exists (select from %I where %I = $1 and id <> $2'
    ' and daterange(starts_on, ends_on) && daterange($3, $4))', tg_table_name, tg_argv[0])
  into is_taken using about, new.id, new.starts_on, new.ends_on;
  if is_taken then
    raise exception '%', tg_argv[1] || ': two rows hold on the same day'
      using errcode = 'exclusion_violation', constraint = tg_argv[1];
  end if;
  return new;
end $$
"""
"""btree_gist would do it with a constraint, but the embedded database brings no extensions."""

NO_OVERLAPS = {
    "memberships": ("household_id", "membership_overlaps"),
    "hub_appointments": ("constellation_id", "hub_appointment_overlaps"),
    "approvals": ("household_id", "approval_overlaps"),
}
WRITES = {
    "constellations": "insert, update (name, closed_on, version)",
    "households": "insert, update",
    "adults": "insert, update",
    "children": "insert, update",
    "hub_homes": "insert, update (name, home_authority, seq)",
    "beds": "insert, update",
    "memberships": "insert, update (ends_on)",
    "hub_appointments": "insert, update (ends_on)",
    "approvals": "select, insert, update",
    "fostering_exemptions": "select, insert, update",
    "kept_apart": "select, insert, update",
    "sharing_agreements": "select, insert, update",
    "hub_absences": "select, insert, delete",
}
NEW = ("approvals", "fostering_exemptions", "kept_apart", "sharing_agreements", "hub_absences")


def upgrade() -> None:
    _add_columns()
    _create_tables()
    op.execute(REFUSE_OVERLAP)
    for table, (column, name) in NO_OVERLAPS.items():
        refuse_overlaps(table, column, name)
    for table, writes in WRITES.items():
        grant(table, api=writes)
    for table in NEW:
        scope_by_constellation(table)
    for table in ("beds", "hub_absences"):
        scope_by_hub_home(table)
    scope_hub_homes()
    op.execute(
        f"create policy constellations_found on constellations for insert to hub_api with check ({OVERSEES_SERVICE})"
    )


def _add_columns() -> None:
    op.add_column("adults", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("adults", sa.Column("dbs_issued_on", sa.Date(), nullable=True))
    op.add_column("adults", sa.Column("left_on", sa.Date(), nullable=True))
    op.add_column("beds", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("beds", sa.Column("bedroom", sa.Text(), nullable=True))
    op.add_column("beds", sa.Column("temporary_reason", sa.Text(), nullable=True))
    op.add_column("beds", sa.Column("added_by", sa.Uuid(), nullable=True))
    op.add_column(
        "beds", sa.Column("starts_on", sa.Date(), server_default="2020-01-01", nullable=False)
    )
    op.add_column("beds", sa.Column("ends_on", sa.Date(), nullable=True))
    op.add_column(
        "children", sa.Column("version", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column("children", sa.Column("placed_on", sa.Date(), nullable=True))
    op.add_column("children", sa.Column("left_on", sa.Date(), nullable=True))
    op.add_column("children", sa.Column("bereaved_on", sa.Date(), nullable=True))
    op.add_column("children", sa.Column("sibling_group_id", sa.Uuid(), nullable=True))
    op.add_column("children", sa.Column("responsible_authority", sa.Text(), nullable=True))
    op.add_column("constellations", sa.Column("closed_on", sa.Date(), nullable=True))
    op.add_column("households", sa.Column("closed_on", sa.Date(), nullable=True))
    op.add_column("hub_homes", sa.Column("home_authority", sa.Text(), nullable=True))
    op.execute("update beds set bedroom = label")
    op.alter_column("beds", "bedroom", nullable=False)
    op.create_foreign_key(op.f("fk_beds_added_by"), "beds", "accounts", ["added_by"], ["id"])
    op.create_check_constraint(op.f("ck_bed_ends_after_start"), "beds", "ends_on >= starts_on")
    op.create_check_constraint(
        op.f("ck_bed_temporary_reason_known"),
        "beds",
        "temporary_reason in ('emergency', 'siblings_together', 'bed_out_of_use', 'other')",
    )
    op.create_check_constraint(
        op.f("ck_bed_temporary_is_dated_and_signed"),
        "beds",
        "(temporary_reason is null) = (added_by is null) and (temporary_reason is null or ends_on is not null)",
    )


def _create_tables() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("max_children", sa.Integer(), nullable=False),
        sa.Column("min_age", sa.Integer(), nullable=False),
        sa.Column("max_age", sa.Integer(), nullable=False),
        sa.Column("genders", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("review_due_on", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "genders <@ array['female', 'male', 'non_binary', 'not_said'] and cardinality(genders) > 0",
            name=op.f("ck_approval_genders_known"),
        ),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_approval_ends_after_start")),
        sa.CheckConstraint(
            "max_children between 1 and 20", name=op.f("ck_approval_number_is_sensible")
        ),
        sa.CheckConstraint(
            "min_age >= 0 and max_age >= min_age and max_age <= 25",
            name=op.f("ck_approval_ages_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"], ["constellations.id"], name=op.f("fk_approvals_constellation_id")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_approvals_household_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index("ix_approvals_household_id", "approvals", ["household_id"])
    op.create_table(
        "fostering_exemptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("child_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "cardinality(child_ids) > 0", name=op.f("ck_fostering_exemption_names_children")
        ),
        sa.CheckConstraint(
            "ends_on > starts_on", name=op.f("ck_fostering_exemption_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"],
            ["constellations.id"],
            name=op.f("fk_fostering_exemptions_constellation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_fostering_exemptions_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["accounts.id"], name=op.f("fk_fostering_exemptions_recorded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fostering_exemptions")),
    )
    op.create_index(
        "ix_fostering_exemptions_household_id", "fostering_exemptions", ["household_id"]
    )
    op.create_table(
        "hub_absences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("hub_home_id", sa.Uuid(), nullable=False),
        sa.Column("first_night", sa.Date(), nullable=False),
        sa.Column("last_night", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reason in ('leave', 'illness', 'family', 'home_repairs', 'other')",
            name=op.f("ck_hub_absence_reason_known"),
        ),
        sa.CheckConstraint(
            "last_night >= first_night", name=op.f("ck_hub_absence_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["added_by"], ["accounts.id"], name=op.f("fk_hub_absences_added_by")
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"],
            ["constellations.id"],
            name=op.f("fk_hub_absences_constellation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hub_home_id"], ["hub_homes.id"], name=op.f("fk_hub_absences_hub_home_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hub_absences")),
    )
    op.create_index(
        "ix_hub_absences_hub_home_id_last_night", "hub_absences", ["hub_home_id", "last_night"]
    )
    op.create_table(
        "kept_apart",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("other_child_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "reason in ('court_order', 'risk_assessment', 'past_harm', 'care_plan', 'other')",
            name=op.f("ck_kept_apart_reason_known"),
        ),
        sa.CheckConstraint("child_id < other_child_id", name=op.f("ck_kept_apart_in_order")),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_kept_apart_ends_after_start")),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_kept_apart_child_id")),
        sa.ForeignKeyConstraint(
            ["constellation_id"], ["constellations.id"], name=op.f("fk_kept_apart_constellation_id")
        ),
        sa.ForeignKeyConstraint(
            ["other_child_id"], ["children.id"], name=op.f("fk_kept_apart_other_child_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["accounts.id"], name=op.f("fk_kept_apart_recorded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_apart")),
    )
    op.create_index("ix_kept_apart_other_child_id", "kept_apart", ["other_child_id"])
    op.create_index(
        "uq_kept_apart_open",
        "kept_apart",
        ["child_id", "other_child_id"],
        unique=True,
        postgresql_where=sa.text("ends_on is null"),
    )
    op.create_table(
        "sharing_agreements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("with_child_id", sa.Uuid(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "child_id <> with_child_id", name=op.f("ck_sharing_agreement_is_about_two")
        ),
        sa.CheckConstraint(
            "ends_on > starts_on", name=op.f("ck_sharing_agreement_ends_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name=op.f("fk_sharing_agreements_child_id")
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"],
            ["constellations.id"],
            name=op.f("fk_sharing_agreements_constellation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["accounts.id"], name=op.f("fk_sharing_agreements_recorded_by")
        ),
        sa.ForeignKeyConstraint(
            ["with_child_id"], ["children.id"], name=op.f("fk_sharing_agreements_with_child_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharing_agreements")),
    )
    op.create_index("ix_sharing_agreements_with_child_id", "sharing_agreements", ["with_child_id"])
    op.create_index(
        "uq_sharing_agreement_open",
        "sharing_agreements",
        ["child_id", "with_child_id"],
        unique=True,
        postgresql_where=sa.text("ends_on is null"),
    )


def downgrade() -> None:
    op.execute("drop policy constellations_found on constellations")
    for table, (_, name) in NO_OVERLAPS.items():
        op.execute(f"drop trigger {name} on {table}")
    op.execute("drop function refuse_overlap()")
    for table in NEW:
        op.drop_table(table)
    for table, column in (("beds", "constellation_id"), ("hub_homes", "constellation_id")):
        op.execute(f"drop policy {table}_constellation on {table}")
        op.execute(
            f"create policy {table}_constellation on {table} to hub_api"
            f" using ({column} = {CONSTELLATIONS})"
        )
    for table in (
        "constellations",
        "households",
        "adults",
        "children",
        "hub_homes",
        "beds",
        "memberships",
        "hub_appointments",
    ):
        op.execute(f"revoke insert, update on {table} from hub_api")
    op.execute("grant update (seq) on hub_homes to hub_api")
    op.drop_column("adults", "version")
    op.drop_column("adults", "dbs_issued_on")
    op.drop_column("adults", "left_on")
    op.drop_column("beds", "version")
    op.drop_column("beds", "bedroom")
    op.drop_column("beds", "temporary_reason")
    op.drop_column("beds", "added_by")
    op.drop_column("beds", "starts_on")
    op.drop_column("beds", "ends_on")
    op.drop_column("children", "version")
    op.drop_column("children", "placed_on")
    op.drop_column("children", "left_on")
    op.drop_column("children", "bereaved_on")
    op.drop_column("children", "sibling_group_id")
    op.drop_column("children", "responsible_authority")
    op.drop_column("constellations", "closed_on")
    op.drop_column("households", "closed_on")
    op.drop_column("hub_homes", "home_authority")
