"""Concerns about people, and what is hidden from some: tasks, what is recorded, what phones hear of.

Whoever a concern is about must not learn that there is one, nor anybody of their household. Rows
that could tell them carry `hidden_from`, the ids of accounts and households as they were when it was
written; who asks is known under the own account and the households they belong to today, so that it
stays hidden from somebody who comes to live there later.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import ACCOUNT, CONSTELLATIONS, OVERSEES_SERVICE
from migrations.words import add_words, remove_words

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

IDS = postgresql.ARRAY(sa.Uuid())
INSTANT = sa.DateTime(timezone=True)
MARKED = ("audit_events", "notifications", "sync_entries", "tasks")

WORDS = (
    ("tasks", "ck_task_kind_known", "kind", ("concern_raised",)),
    (
        "notifications",
        "ck_notification_category_known",
        "category",
        ("concern_raised", "concern_added_to"),
    ),
)
BEFORE_WORD = "device_stopped"
"""The new words stand before it, in the order of the code."""

# --- who somebody is to a concern ----------------------------------------------------------------

_TODAY = "(now() at time zone 'Europe/London')::date"


def _lasts(row: str) -> str:
    """It holds, or is to hold: who joins a household next week shall not read of it this week."""
    return f"({row}.ends_on is null or {row}.ends_on > {_TODAY})"


_LIVES_THERE = f"(a.left_on is null or a.left_on > {_TODAY})"
HOMES_OF = f"""
create function homes_of(account_ uuid) returns uuid[] language sql stable security definer
  set search_path = public as $$
  select array(
    select a.household_id from adults a where a.account_id = account_ and {_LIVES_THERE}
    union
    select g.household_id from role_grants g
     where g.account_id = account_ and g.household_id is not null and {_lasts("g")}
    union
    select h.household_id from role_grants g
      join hub_appointments p on p.constellation_id = g.constellation_id and {_lasts("p")}
      join hub_homes h on h.id = p.hub_home_id
     where g.account_id = account_ and g.role = 'hub_carer' and {_lasts("g")})
$$
"""  # noqa: S608 - words of our own
"""The households somebody belongs to: as a grown-up on record, a carer, or the hub carer."""

KNOWN_AS = """
create function known_as() returns uuid[] language sql stable security definer
  set search_path = public as $$
  select case when me is null then '{}' else array_append(homes_of(me), me) end
    from nullif(current_setting('hub.account', true), '') as said,
         lateral (select said::uuid as me) as asking
$$
"""
"""The ids under which something can be hidden from whoever asks."""

KEPT_FROM = f"""
create function kept_from(account_ uuid, adult_ uuid) returns uuid[]
  language sql stable security definer set search_path = public as $$
  with homes as (
    select unnest(homes_of(account_)) as id
    union
    select a.household_id from adults a where a.id = adult_)
  select array(
    select account_ where account_ is not null
    union
    select id from homes
    union
    select a.account_id from adults a join homes on homes.id = a.household_id
     where a.account_id is not null and {_LIVES_THERE}
    union
    select g.account_id from role_grants g join homes on homes.id = g.household_id
     where {_lasts("g")}
    union
    select g.account_id from role_grants g
      join hub_appointments p on p.constellation_id = g.constellation_id and {_lasts("p")}
      join hub_homes h on h.id = p.hub_home_id
      join homes on homes.id = h.household_id
     where g.role = 'hub_carer' and {_lasts("g")}
    order by 1)
$$
"""  # noqa: S608 - words of our own
"""From whom a concern about somebody is kept: accounts and households, whosever they are. For the
writer of a concern sees no grown-ups of another constellation, where the same person may foster."""

HIDE = """
create function audit_hide() returns trigger language plpgsql security definer
  set search_path = public as $$
begin
  new.hidden_from := (
    select array_agg(distinct whose.id)
      from audit_events e, unnest(e.hidden_from) as whose(id)
     where e.subject_id = new.subject_id and e.hidden_from is not null);
  return new;
end $$
"""
"""What was hidden once about a subject stays so: a look at the record of it, a refusal."""

UNHIDDEN = "(hidden_from is null or not hidden_from && (select known_as()))"

SYNC_NOTE_TASKS = """
create or replace function sync_note_tasks(row_ jsonb) returns void language sql
  set search_path = public as $$
  insert into sync_entries (kind, object_id, audience, address, constellation_id, hidden_from)
  select 'tasks', (row_ ->> 'id')::uuid, row_ ->> 'role', (row_ ->> 'constellation_id')::uuid,
         (row_ ->> 'constellation_id')::uuid,
         case jsonb_typeof(row_ -> 'hidden_from') when 'array' then
           array(select jsonb_array_elements_text(row_ -> 'hidden_from')::uuid) end
   where row_ ->> 'constellation_id' is not null
$$
"""
SYNC_NOTE_TASKS_BEFORE = """
create or replace function sync_note_tasks(row_ jsonb) returns void language sql
  set search_path = public as $$
  insert into sync_entries (kind, object_id, audience, address, constellation_id)
  select 'tasks', (row_ ->> 'id')::uuid, audience, address, (row_ ->> 'constellation_id')::uuid
    from (values (row_ ->> 'role', (row_ ->> 'constellation_id')::uuid)) as told (audience, address)
   where address is not null
$$
"""

OURS = f"constellation_id = {CONSTELLATIONS}"
ADDRESSED = f"({OURS} or address = {ACCOUNT})"
THE_SERVICES = f"constellation_id is null and {OVERSEES_SERVICE}"
POLICIES = (
    ("audit_events_constellation", "audit_events", OURS),
    ("audit_events_service", "audit_events", THE_SERVICES),
    ("sync_entries_addressed", "sync_entries", ADDRESSED),
)
"""Policies for reading: name, table, and what they ask without what is hidden."""


def upgrade() -> None:
    for table in MARKED:
        op.add_column(table, sa.Column("hidden_from", IDS))
    op.execute("grant insert (hidden_from) on audit_events to hub_api, hub_worker")
    op.create_index(
        "ix_audit_events_hidden",
        "audit_events",
        ["subject_id"],
        postgresql_where=sa.text("hidden_from is not null"),
    )
    for function in (HOMES_OF, KNOWN_AS, KEPT_FROM, HIDE, SYNC_NOTE_TASKS):
        op.execute(function)
    for function in ("homes_of(uuid)", "known_as()", "kept_from(uuid, uuid)", "audit_hide()"):
        op.execute(f"revoke execute on function {function} from public")
    op.execute("grant execute on function known_as(), kept_from(uuid, uuid) to hub_api")
    op.execute(
        "create trigger audit_hide before insert on audit_events for each row"
        " when (new.subject_id is not null and new.hidden_from is null)"
        " execute function audit_hide()"
    )
    for policy, table, asks in POLICIES:
        op.execute(f"alter policy {policy} on {table} using ({asks} and {UNHIDDEN})")
    # Whoever may not see it may still be the one who writes it.
    op.execute(
        f"alter policy tasks_constellation on tasks using ({OURS} and {UNHIDDEN})"
        f" with check ({OURS})"
    )
    for table, constraint, column, words in WORDS:
        add_words(table, constraint, column, words, before=BEFORE_WORD)
    create_concerns()
    create_addenda()


def create_concerns() -> None:
    op.create_table(
        "concerns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("about_adult_id", sa.Uuid()),
        sa.Column("about_account_id", sa.Uuid()),
        sa.Column("child_ids", IDS, nullable=False),
        sa.Column("what_happened", sa.LargeBinary(), nullable=False),
        sa.Column("happened_at", INSTANT, nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.Column("handled_by", sa.Text(), nullable=False),
        sa.Column("hidden_from", IDS, nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("referred_on", sa.Date()),
        sa.CheckConstraint(
            "num_nonnulls(about_adult_id, about_account_id) > 0",
            name=op.f("ck_concern_is_about_somebody"),
        ),
        sa.CheckConstraint("cardinality(child_ids) > 0", name=op.f("ck_concern_is_about_children")),
        sa.CheckConstraint(
            "about_account_id is null or about_account_id = any (hidden_from)",
            name=op.f("ck_concern_is_hidden_from_whom_it_is_about"),
        ),
        sa.CheckConstraint(
            "handled_by in ('liaison_worker', 'programme_manager')",
            name=op.f("ck_concern_handled_by_known"),
        ),
        sa.CheckConstraint(
            "outcome in ('no_further_action', 'lado_referral', 'other')",
            name=op.f("ck_concern_outcome_known"),
        ),
        sa.CheckConstraint(
            "coalesce(outcome = 'lado_referral', false) = (referred_on is not null)",
            name=op.f("ck_concern_referral_has_its_day"),
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"], ["constellations.id"], name=op.f("fk_concerns_constellation_id")
        ),
        sa.ForeignKeyConstraint(
            ["about_adult_id"], ["adults.id"], name=op.f("fk_concerns_about_adult_id")
        ),
        sa.ForeignKeyConstraint(
            ["about_account_id"], ["accounts.id"], name=op.f("fk_concerns_about_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["written_by"], ["accounts.id"], name=op.f("fk_concerns_written_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concerns")),
    )
    op.create_index("ix_concerns_constellation_id_id", "concerns", ["constellation_id", "id"])
    op.create_index("ix_concerns_written_by_id", "concerns", ["written_by", "id"])
    # Who sees it, and what was written, stay as they are. The worker has no use for it.
    op.execute(
        "grant select, insert, update (version, outcome, referred_on) on concerns to hub_api"
    )
    op.execute("alter table concerns enable row level security")
    op.execute("create policy concerns_worker on concerns to hub_worker using (true)")
    op.execute(
        "create policy concerns_constellation on concerns to hub_api"
        f" using ({OURS} and {UNHIDDEN}) with check ({OURS})"
    )


def create_addenda() -> None:
    op.create_table(
        "concern_addenda",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("concern_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("referred_on", sa.Date()),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "outcome in ('no_further_action', 'lado_referral', 'other')",
            name=op.f("ck_concern_addendum_outcome_known"),
        ),
        sa.ForeignKeyConstraint(
            ["constellation_id"],
            ["constellations.id"],
            name=op.f("fk_concern_addenda_constellation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["concern_id"], ["concerns.id"], name=op.f("fk_concern_addenda_concern_id")
        ),
        sa.ForeignKeyConstraint(
            ["written_by"], ["accounts.id"], name=op.f("fk_concern_addenda_written_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concern_addenda")),
    )
    op.create_index("ix_concern_addenda_concern_id_id", "concern_addenda", ["concern_id", "id"])
    op.execute("grant select, insert on concern_addenda to hub_api")
    op.execute("alter table concern_addenda enable row level security")
    op.execute("create policy concern_addenda_worker on concern_addenda to hub_worker using (true)")
    # Where the concern is hidden, and by the policy of that table, what was added is as well.
    op.execute(
        "create policy concern_addenda_seen on concern_addenda to hub_api"
        f" using ({OURS} and exists (select from concerns c where c.id = concern_id))"
        f" with check ({OURS})"
    )


def downgrade() -> None:
    op.drop_table("concern_addenda")
    op.drop_table("concerns")
    for table, constraint, column, words in WORDS:
        remove_words(table, constraint, column, words)
    op.execute(f"alter policy tasks_constellation on tasks using ({OURS}) with check ({OURS})")
    for policy, table, asks in POLICIES:
        op.execute(f"alter policy {policy} on {table} using ({asks})")
    op.execute("drop trigger audit_hide on audit_events")
    op.execute(SYNC_NOTE_TASKS_BEFORE)
    for function in ("audit_hide()", "kept_from(uuid, uuid)", "known_as()", "homes_of(uuid)"):
        op.execute(f"drop function {function}")
    op.drop_index("ix_audit_events_hidden", "audit_events")
    for table in reversed(MARKED):
        op.drop_column(table, "hidden_from")
