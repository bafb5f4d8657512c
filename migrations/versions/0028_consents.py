"""Who has said that a child may sleep away, and what hands the say to its social worker.

Both go wherever their child goes, by the foreign key. What the checks of a stay know of them is the
function of 0018, with two lists more. A consent that was withdrawn counts for no night from that
London day on.
"""

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.rls import grant, scope_by_constellation
from migrations.words import add_words, remove_words

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

GIVERS = (
    "'delegated_by_authority', 'delegated_by_parent', 'social_worker', 'youth_offending_team',"
    " 'young_adult'"
)

BEFORE: str = import_module("migrations.versions.0018_words_that_hold").STAY_FACTS
_END = """ as holidays
    from home"""
ENDS_ON = "least(s.ends_on, (s.withdrawn_at at time zone 'Europe/London')::date)"
STAY_FACTS = BEFORE.replace(
    _END,
    f""" as holidays,
      (select coalesce(jsonb_agg(jsonb_build_object(
                'child_id', s.child_id, 'giver', s.giver,
                'starts_on', s.starts_on, 'ends_on', {ENDS_ON}) order by s.id), '[]')
         from consents s join mine on mine.id = s.child_id
        where s.starts_on <= last_night
          and ({ENDS_ON} is null or {ENDS_ON} > first_night)) as consents,
      (select coalesce(jsonb_agg(jsonb_build_object(
                'child_id', f.child_id, 'starts_on', f.starts_on, 'ends_on', f.ends_on)
                order by f.id), '[]')
         from consent_flags f join mine on mine.id = f.child_id
        where f.starts_on <= last_night
          and (f.ends_on is null or f.ends_on > first_night)) as consent_flags
    from home""",  # noqa: S608 - constants of ours
)
if STAY_FACTS == BEFORE:
    raise RuntimeError("The function of 0018 reads differently: the two lists found no place.")

LINK_SHOWN = """
create function consent_link_shown(fingerprint bytea, at timestamptz)
returns table (id uuid, constellation_id uuid, child_id uuid, giver text, first_night date,
               last_night date, expires_at timestamptz, first_name text, born_on date,
               constellation_name text)
language sql stable security definer set search_path = public
begin atomic
  select l.id, l.constellation_id, l.child_id, l.giver, l.first_night, l.last_night, l.expires_at,
         c.first_name, c.born_on, p.name
    from consent_links l
    join children c on c.id = l.child_id and c.constellation_id = l.constellation_id
    join constellations p on p.id = l.constellation_id
   where l.token_hash = fingerprint and l.answered_at is null and l.expires_at > at
     and (c.left_on is null or c.left_on > l.first_night);
end
"""
"""All that the page behind a link shows, for whoever holds it and nobody else."""


ANSWERED = ("consent_links", "update (expires_at, answered_at, answer, answered_by)")
"""What was asked stays as it was asked."""
WORDS = (
    (
        "notifications",
        "ck_notification_category_known",
        "category",
        ("consent_missing", "link_answered"),
    ),
    ("tasks", "ck_task_kind_known", "kind", ("consent_missing",)),
)
BEFORE_WORD = "device_stopped"
"""The new words stand before it, in the order of the code."""


def upgrade() -> None:
    _make_consents()
    _make_flags()
    _make_links()
    for table, changed in (("consents", "update"), ("consent_flags", "update"), ANSWERED):
        grant(table, api=f"select, insert, {changed}")
        scope_by_constellation(table)
        op.create_index(f"ix_{table}_child_id", table, ["child_id"])
    # Whoever locks a row must be allowed to change something of it: the worker holds the children
    # whose consents it judges.
    op.execute("grant update (version) on children to hub_worker")
    op.execute(STAY_FACTS)
    op.execute(LINK_SHOWN)
    op.execute("revoke execute on function consent_link_shown from public")
    op.execute("grant execute on function consent_link_shown to hub_api")
    for table, constraint, column, words in WORDS:
        add_words(table, constraint, column, words, before=BEFORE_WORD)


def _make_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_consent_ends_after_start")),
        sa.CheckConstraint(f"giver in ({GIVERS})", name=op.f("ck_consent_giver_known")),
        sa.CheckConstraint(
            "how in ('placement_plan', 'in_writing', 'by_telephone', 'by_link')",
            name=op.f("ck_consent_how_known"),
        ),
        sa.CheckConstraint(
            "parent in ('mother', 'father', 'both', 'other')",
            name=op.f("ck_consent_parent_known"),
        ),
        sa.CheckConstraint(
            "(giver = 'delegated_by_parent') = (parent is not null)",
            name=op.f("ck_consent_names_parent"),
        ),
        _child_of_the_constellation("consent"),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["accounts.id"], name=op.f("fk_consents_recorded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )


def _make_flags() -> None:
    op.create_table(
        "consent_flags",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_consent_flag_ends_after_start")),
        sa.CheckConstraint(
            "kind in ('care_proceedings', 'absconding', 'risky_networks')",
            name=op.f("ck_consent_flag_kind_known"),
        ),
        _child_of_the_constellation("consent_flag"),
        sa.ForeignKeyConstraint(
            ["recorded_by"], ["accounts.id"], name=op.f("fk_consent_flags_recorded_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_flags")),
    )
    op.create_index(
        "uq_consent_flag_open",
        "consent_flags",
        ["child_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ends_on is null"),
    )


def _make_links() -> None:
    op.create_table(
        "consent_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("first_night", sa.Date(), nullable=False),
        sa.Column("last_night", sa.Date(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "giver in ('social_worker', 'youth_offending_team')",
            name=op.f("ck_consent_link_giver_known"),
        ),
        sa.CheckConstraint("answer in ('yes', 'no')", name=op.f("ck_consent_link_answer_known")),
        sa.CheckConstraint(
            "last_night >= first_night", name=op.f("ck_consent_link_nights_in_order")
        ),
        sa.CheckConstraint(
            "num_nulls(answered_at, answer, answered_by) in (0, 3)",
            name=op.f("ck_consent_link_is_answered_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"],
            ["constellations.id"],
            name=op.f("fk_consent_links_constellation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["child_id"], ["children.id"], name=op.f("fk_consent_links_child_id")
        ),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["accounts.id"], name=op.f("fk_consent_links_asked_by")
        ),
        sa.UniqueConstraint("token_hash", name="uq_consent_link_token"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_links")),
    )


def _child_of_the_constellation(name: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["child_id", "constellation_id"],
        ["children.id", "children.constellation_id"],
        name=f"fk_{name}_child",
        onupdate="CASCADE",
    )


def downgrade() -> None:
    for table, constraint, column, words in WORDS:
        remove_words(table, constraint, column, words)
    op.execute("drop function consent_link_shown")
    op.execute("revoke update (version) on children from hub_worker")
    op.execute(BEFORE)
    op.drop_table("consent_links")
    op.drop_table("consent_flags")
    op.drop_table("consents")
