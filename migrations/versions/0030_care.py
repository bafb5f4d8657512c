"""What is written about a stay: its log, what happened, a child who is missing, medicines given and
counted, handover and return, and the debrief.

The log, the medicines and the debrief are only ever added to: the API may not change what is there.
A medicine is pointed at together with its child, so another child's can't be given.
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import grant, scope_by_constellation
from migrations.words import add_words, remove_words

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
TEXT = sa.LargeBinary()

KINDS = {
    "stay_entries": "'fact', 'opinion', 'third_party'",
    "incidents": (
        "'death', 'serious_illness', 'serious_accident', 'infectious_disease',"
        " 'serious_offence_alleged', 'exploitation', 'police_called', 'absconded',"
        " 'serious_complaint', 'child_protection_enquiry', 'accident', 'illness',"
        " 'medicine_error', 'physical_intervention', 'conflict', 'damage', 'other'"
    ),
}
TOLD = (
    "array['ofsted', 'responsible_authority', 'local_authority', 'police', 'health_authority',"
    " 'disclosure_and_barring_service']"
)

WORDS = (
    (
        "notifications",
        "ck_notification_category_known",
        "category",
        (
            "handover_written",
            "incident_recorded",
            "missing_reported",
            "missing_returned",
            "sleepover_awaited",
        ),
    ),
    (
        "tasks",
        "ck_task_kind_known",
        "kind",
        ("incident_to_notify", "missing_child", "return_interview", "medicines_differ"),
    ),
)
BEFORE_WORD = "device_stopped"
"""The new words stand before it, in the order of the code."""

TABLES = (
    "stay_entries",
    "incidents",
    "missing_episodes",
    "missing_asks",
    "medication_records",
    "handovers",
    "medicine_counts",
    "debriefs",
)


def upgrade() -> None:
    for table, constraint, column, words in WORDS:
        add_words(table, constraint, column, words, before=BEFORE_WORD)
    _create_entries()
    _create_incidents()
    _create_missing()
    _create_medication()
    _create_handovers()
    _create_debriefs()
    for table in TABLES:
        scope_by_constellation(table)
    grant("stay_entries", api="select, insert")
    grant(
        "incidents",
        api="select, insert, update (notified_at, notified_to, notified_by, version)",
    )
    grant(
        "missing_episodes",
        api="select, insert, update (police_at, edt_at, social_worker_at, returned_at,"
        " interview_due_at, interview_held_at, version)",
    )
    grant("missing_asks", api="select", worker="select, insert")
    grant(
        "handovers",
        api="select, insert, update (family_confirmed_at, family_confirmed_by, hub_confirmed_at,"
        " hub_confirmed_by, version)",
    )
    for table in ("medication_records", "medicine_counts", "debriefs"):
        grant(table, api="select, insert")


def _of_a_stay(table: str, name: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("sleepover_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["sleepover_id", "child_id"],
            ["sleepovers.id", "sleepovers.child_id"],
            name=f"fk_{name}_sleepover",
        ),
        _points_at(table, "constellation_id", "constellations"),
        _points_at(table, "written_by", "accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    ]


def _points_at(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _index_by_stay(table: str) -> None:
    op.create_index(f"ix_{table}_sleepover_id_id", table, ["sleepover_id", "id"])


def _create_entries() -> None:
    op.create_table(
        "stay_entries",
        *_of_a_stay("stay_entries", "stay_entry"),
        sa.Column("adds_to", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("happened_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            f"kind in ({KINDS['stay_entries']})", name=op.f("ck_stay_entry_kind_known")
        ),
        sa.UniqueConstraint("id", "sleepover_id", name="uq_stay_entry_of_sleepover"),
        sa.ForeignKeyConstraint(
            ["adds_to", "sleepover_id"],
            ["stay_entries.id", "stay_entries.sleepover_id"],
            name="fk_stay_entry_adds_to",
        ),
    )
    _index_by_stay("stay_entries")


def _create_incidents() -> None:
    op.create_table(
        "incidents",
        *_of_a_stay("incidents", "incident"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", TEXT, nullable=False),
        sa.Column("happened_at", INSTANT, nullable=False),
        sa.Column("notify_by", INSTANT, nullable=True),
        sa.Column("notified_at", INSTANT, nullable=True),
        sa.Column("notified_to", sa.ARRAY(sa.Text()), nullable=True),
        sa.Column("notified_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(f"kind in ({KINDS['incidents']})", name=op.f("ck_incident_kind_known")),
        sa.CheckConstraint(
            "(notified_at is null) = (notified_by is null)"
            " and (notified_at is null) = (notified_to is null)",
            name=op.f("ck_incident_notified_by_somebody"),
        ),
        sa.CheckConstraint(
            "notified_at is null or notify_by is not null",
            name=op.f("ck_incident_notified_when_due"),
        ),
        sa.CheckConstraint(
            f"notified_to <@ {TOLD} and cardinality(notified_to) > 0",
            name=op.f("ck_incident_notified_to_known"),
        ),
        _points_at("incidents", "notified_by", "accounts"),
    )
    _index_by_stay("incidents")


def _create_missing() -> None:
    op.create_table(
        "missing_episodes",
        *_of_a_stay("missing_episodes", "missing_episode"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("agreed_at", INSTANT, nullable=True),
        sa.Column("noticed_at", INSTANT, nullable=False),
        sa.Column("circumstances", TEXT, nullable=True),
        *(
            sa.Column(f"{name}_at", INSTANT, nullable=True)
            for name in (
                "police", "edt", "social_worker", "returned", "interview_due", "interview_held"
            )
        ),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_missing_episode_{name}"))
            for name, rule in {
                "returns_after_it_was_noticed": "returned_at >= noticed_at",
                "interview_after_return": "(returned_at is null) = (interview_due_at is null)",
                "interview_held_after_return": "interview_held_at >= returned_at",
            }.items()
        ),
    )  # fmt: skip
    _index_by_stay("missing_episodes")
    op.create_index(
        "uq_missing_episode_open",
        "missing_episodes",
        ["sleepover_id"],
        unique=True,
        postgresql_where=sa.text("returned_at is null"),
    )
    op.create_index("ix_missing_episodes_child_id", "missing_episodes", ["child_id"])
    op.create_table(
        "missing_asks",
        sa.Column("sleepover_id", sa.Uuid(), nullable=False),
        sa.Column("agreed_at", INSTANT, nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        _points_at("missing_asks", "sleepover_id", "sleepovers"),
        _points_at("missing_asks", "constellation_id", "constellations"),
        sa.PrimaryKeyConstraint("sleepover_id", "agreed_at", name="uq_missing_ask"),
    )


def _medicine_of_the_child(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["medicine_id", "child_id"],
        ["medicines.id", "medicines.child_id"],
        name=f"fk_{name}_medicine",
    )


def _create_medication() -> None:
    op.create_table(
        "medication_records",
        *_of_a_stay("medication_records", "medication_record"),
        sa.Column("medicine_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("why", TEXT, nullable=True),
        sa.Column("given_at", INSTANT, nullable=True),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_medication_{name}"))
            for name, rule in {
                "outcome_known": "outcome in ('given', 'missed', 'refused')",
                "given_at_some_time": "(outcome = 'given') = (given_at is not null)",
                "not_given_for_a_reason": "outcome = 'given' or why is not null",
            }.items()
        ),
        sa.UniqueConstraint("medicine_id", "due_at", name="uq_medication_once"),
        _medicine_of_the_child("medication_record"),
    )
    _index_by_stay("medication_records")


def _create_handovers() -> None:
    sides = ("family", "hub")
    op.create_table(
        "handovers",
        *_of_a_stay("handovers", "handover"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("happened_at", INSTANT, nullable=False),
        sa.Column("details", TEXT, nullable=True),
        *(sa.Column(f"{side}_confirmed_at", INSTANT, nullable=True) for side in sides),
        *(sa.Column(f"{side}_confirmed_by", sa.Uuid(), nullable=True) for side in sides),
        *(_points_at("handovers", f"{side}_confirmed_by", "accounts") for side in sides),
        sa.CheckConstraint("kind in ('handover', 'return')", name=op.f("ck_handover_kind_known")),
        sa.CheckConstraint(
            "(family_confirmed_at is null) = (family_confirmed_by is null)"
            " and (hub_confirmed_at is null) = (hub_confirmed_by is null)",
            name=op.f("ck_handover_confirmed_by_somebody"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(family_confirmed_at, hub_confirmed_at) > 0",
            name=op.f("ck_handover_confirmed_by_its_writer"),
        ),
        sa.UniqueConstraint("id", "child_id", name="uq_handover_of_child"),
        sa.UniqueConstraint("sleepover_id", "kind", name="uq_handover_once"),
    )
    op.create_table(
        "medicine_counts",
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("medicine_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "counted between 0 and 10000", name=op.f("ck_medicine_count_is_a_count")
        ),
        sa.ForeignKeyConstraint(
            ["handover_id", "child_id"],
            ["handovers.id", "handovers.child_id"],
            name="fk_medicine_count_handover",
        ),
        _medicine_of_the_child("medicine_count"),
        _points_at("medicine_counts", "constellation_id", "constellations"),
        sa.PrimaryKeyConstraint("handover_id", "medicine_id", name="uq_medicine_counted_once"),
    )


def _create_debriefs() -> None:
    op.create_table(
        "debriefs",
        *_of_a_stay("debriefs", "debrief"),
        sa.Column("would_come_again", sa.Text(), nullable=False),
        sa.Column("own_words", TEXT, nullable=True),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "would_come_again in ('yes', 'no', 'unsure')", name=op.f("ck_debrief_answer_known")
        ),
        sa.UniqueConstraint("sleepover_id", name="uq_debrief_once"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    for table, constraint, column, words in WORDS:
        remove_words(table, constraint, column, words)
