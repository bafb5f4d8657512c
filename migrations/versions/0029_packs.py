"""The child's pack with its medicines, and whoever opened a record in an emergency."""

import sqlalchemy as sa
from alembic import op

from migrations.rls import grant, scope_by_constellation
from migrations.words import add_words, remove_words

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
SECTIONS = (
    "section in ('people_and_places_to_avoid', 'allergies', 'emergency_medication', "
    "'medication', 'risks_to_child', 'risks_from_child', 'contacts', 'health', 'diet', "
    "'routine_and_sleep', 'communication', 'faith_and_culture', 'cared_for_alongside', "
    "'pets', 'school_run', 'family_time', 'missing_plan', 'consents')"
)
WORDS = (
    ("tasks", "ck_task_kind_known", "kind", ("pack_due", "break_glass_review")),
    ("notifications", "ck_notification_category_known", "category", ("record_opened",)),
)
BEFORE_WORD = "device_stopped"
"""The new words stand before it, in the order of the code."""


def upgrade() -> None:
    for table, constraint, column, words in WORDS:
        add_words(table, constraint, column, words, before=BEFORE_WORD)
    _create_packs()
    _create_medicines()
    _create_break_glass()
    # The API writes versions and never changes one. The worker asks which sections there are.
    grant("pack_sections", api="select, insert", worker="select")
    grant("medicines", api="select, insert, update (ends_on, version)", worker="select")
    grant(
        "break_glass",
        api="select, insert, update (reviewed_at, reviewed_by, finding, version)",
        worker="select",
    )
    for table in ("pack_sections", "medicines", "break_glass"):
        scope_by_constellation(table)


def _of_its_child(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["child_id", "constellation_id"],
        ["children.id", "children.constellation_id"],
        name=name,
        onupdate="CASCADE",
    )


def _create_packs() -> None:
    op.create_table(
        "pack_sections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.CheckConstraint(SECTIONS, name=op.f("ck_pack_section_known")),
        sa.CheckConstraint(
            "says in ('details', 'nothing_to_tell')", name=op.f("ck_pack_section_says_known")
        ),
        sa.CheckConstraint(
            "(says = 'details') = (content is not null)",
            name=op.f("ck_pack_section_says_what_it_holds"),
        ),
        sa.CheckConstraint("version > 0", name=op.f("ck_pack_section_version_counts")),
        sa.UniqueConstraint("child_id", "section", "version", name="uq_pack_section_version"),
        _of_its_child("fk_pack_section_child"),
        sa.ForeignKeyConstraint(
            ["written_by"], ["accounts.id"], name=op.f("fk_pack_sections_written_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_sections")),
    )
    op.create_index("ix_pack_sections_constellation_id", "pack_sections", ["constellation_id"])


def _create_medicines() -> None:
    op.create_table(
        "medicines",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("times_of_day", sa.ARRAY(sa.Time()), nullable=False),
        sa.Column("as_needed", sa.Boolean(), nullable=False),
        sa.Column("is_controlled", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_medicine_ends_after_start")),
        sa.CheckConstraint(
            "as_needed = (cardinality(times_of_day) = 0)",
            name=op.f("ck_medicine_has_times_unless_as_needed"),
        ),
        sa.UniqueConstraint("id", "child_id", name="uq_medicine_of_child"),
        _of_its_child("fk_medicine_child"),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["accounts.id"], name=op.f("fk_medicines_recorded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_medicines")),
    )
    op.create_index("ix_medicines_child_id", "medicines", ["child_id"])
    op.create_index("ix_medicines_constellation_id", "medicines", ["constellation_id"])


def _create_break_glass() -> None:
    op.create_table(
        "break_glass",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("reviewed_at", INSTANT, nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.CheckConstraint("expires_at > opened_at", name=op.f("ck_break_glass_expires_later")),
        sa.CheckConstraint(
            "finding in ('justified', 'not_justified')", name=op.f("ck_break_glass_finding_known")
        ),
        sa.CheckConstraint(
            "num_nulls(reviewed_at, reviewed_by, finding) in (0, 3)",
            name=op.f("ck_break_glass_review_is_signed"),
        ),
        sa.CheckConstraint(
            "reviewed_by <> opened_by",
            name=op.f("ck_break_glass_is_reviewed_by_somebody_else"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_break_glass_{column}")
            )
            for column, table in {
                "constellation_id": "constellations",
                "child_id": "children",
                "opened_by": "accounts",
                "reviewed_by": "accounts",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glass")),
    )
    op.create_index("ix_break_glass_constellation_id_id", "break_glass", ["constellation_id", "id"])
    op.create_index("ix_break_glass_child_id_opened_by", "break_glass", ["child_id", "opened_by"])


def downgrade() -> None:
    for table in ("break_glass", "medicines", "pack_sections"):
        op.drop_table(table)
    for table, constraint, column, words in WORDS:
        remove_words(table, constraint, column, words)
