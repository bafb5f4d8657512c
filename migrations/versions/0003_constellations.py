"""Constellations, households, hub homes and beds, and who belongs where since when."""

import sqlalchemy as sa
from alembic import op

from migrations.rls import grant, scope_by_constellation

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    "constellations",
    "households",
    "adults",
    "children",
    "hub_homes",
    "beds",
    "hub_appointments",
    "memberships",
    "role_grants",
)


def upgrade() -> None:
    op.create_table(
        "constellations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_constellations")),
        sa.UniqueConstraint("name", name="uq_constellation_name"),
    )
    op.create_table(
        "households",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["constellation_id"], ["constellations.id"], name=op.f("fk_households_constellation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_households")),
    )
    op.create_index("ix_households_constellation_id_id", "households", ["constellation_id", "id"])
    op.create_table(
        "adults",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_adults_account_id")),
        sa.ForeignKeyConstraint(
            ["constellation_id"], ["constellations.id"], name=op.f("fk_adults_constellation_id")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_adults_household_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adults")),
        sa.UniqueConstraint("account_id", name="uq_adult_account"),
    )
    op.create_index("ix_adults_household_id", "adults", ["household_id"])
    op.create_table(
        "children",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("born_on", sa.Date(), nullable=False),
        sa.Column("gender", sa.Text(), nullable=False),
        sa.Column("legal_status", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "gender in ('female', 'male', 'non_binary', 'not_said')",
            name=op.f("ck_child_gender_known"),
        ),
        sa.CheckConstraint(
            "legal_status in ('section_20', 'section_31', 'remand', 'special_guardianship', 'adopted', 'child_arrangements_order', 'staying_put')",
            name=op.f("ck_child_legal_status_known"),
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"], ["constellations.id"], name=op.f("fk_children_constellation_id")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_children_household_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_children")),
    )
    op.create_index("ix_children_household_id", "children", ["household_id"])
    op.create_table(
        "hub_homes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["constellation_id"], ["constellations.id"], name=op.f("fk_hub_homes_constellation_id")
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_hub_homes_household_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hub_homes")),
        sa.UniqueConstraint("household_id", name="uq_hub_home_household"),
    )
    op.create_index("ix_hub_homes_constellation_id_id", "hub_homes", ["constellation_id", "id"])
    op.create_table(
        "beds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("hub_home_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["constellation_id"], ["constellations.id"], name=op.f("fk_beds_constellation_id")
        ),
        sa.ForeignKeyConstraint(
            ["hub_home_id"], ["hub_homes.id"], name=op.f("fk_beds_hub_home_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_beds")),
        sa.UniqueConstraint("hub_home_id", "label", name="uq_bed_label"),
        sa.UniqueConstraint("id", "hub_home_id", name="uq_bed_in_hub_home"),
    )
    op.create_index("ix_beds_constellation_id_id", "beds", ["constellation_id", "id"])
    op.create_table(
        "hub_appointments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("hub_home_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_hub_appointment_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["constellation_id"],
            ["constellations.id"],
            name=op.f("fk_hub_appointments_constellation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["hub_home_id"], ["hub_homes.id"], name=op.f("fk_hub_appointments_hub_home_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hub_appointments")),
    )
    op.create_index(
        "uq_hub_appointment_open",
        "hub_appointments",
        ["constellation_id"],
        unique=True,
        postgresql_where=sa.text("ends_on is null"),
    )
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_membership_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["constellation_id"],
            ["constellations.id"],
            name=op.f("fk_memberships_constellation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_memberships_household_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    op.create_index("ix_memberships_constellation_id_id", "memberships", ["constellation_id", "id"])
    op.create_index(
        "uq_membership_open",
        "memberships",
        ["household_id"],
        unique=True,
        postgresql_where=sa.text("ends_on is null"),
    )
    op.create_table(
        "role_grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=True),
        sa.Column("household_id", sa.Uuid(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(role = 'satellite_carer') = (household_id is not null)",
            name=op.f("ck_role_grant_satellite_carer_has_household"),
        ),
        sa.CheckConstraint(
            "(role in ('hub_carer', 'liaison_worker')) = (constellation_id is not null)",
            name=op.f("ck_role_grant_hub_and_liaison_have_constellation"),
        ),
        sa.CheckConstraint(
            "role in ('satellite_carer', 'hub_carer', 'liaison_worker', 'home_duty_staff', 'programme_manager', 'system_administrator')",
            name=op.f("ck_role_grant_role_known"),
        ),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_role_grant_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_role_grants_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"],
            ["constellations.id"],
            name=op.f("fk_role_grants_constellation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_role_grants_household_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grants")),
    )
    op.create_index("ix_role_grants_account_id", "role_grants", ["account_id"])
    scoped = ("households", "adults", "children", "hub_homes", "beds")
    for table in ("constellations", *scoped, "hub_appointments", "memberships", "role_grants"):
        grant(table, api="select")
    grant("hub_homes", api="update (seq)")
    scope_by_constellation("constellations", column="id")
    for table in scoped:
        scope_by_constellation(table)
    # A programme manager's scope is every constellation; the API role alone can't know them, for
    # the list of constellations is itself behind its policy.
    op.execute("""
        create function every_constellation_id() returns setof uuid
        language sql stable security definer set search_path = public
        begin atomic select id from constellations; end
    """)
    op.execute("revoke all on function every_constellation_id() from public")
    op.execute("grant execute on function every_constellation_id() to hub_api")


def downgrade() -> None:
    op.execute("drop function every_constellation_id()")
    for table in reversed(TABLES):
        op.drop_table(table)
