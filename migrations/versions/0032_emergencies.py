"""Emergencies: who was asked, what they said, and the clock; a role for whoever is on call."""

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from migrations.rls import CONSTELLATIONS, SEES_EVERYTHING, grant, scope_by_constellation
from migrations.words import add_words, remove_words

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
TABLES = ("emergencies", "emergency_asks", "shared_access")

WORDS = (
    ("role_grants", "ck_role_grant_role_known", "role", ("on_call_manager",)),
    ("respite_requests", "ck_request_kind_known", "kind", ("emergency",)),
    ("tasks", "ck_task_kind_known", "kind", ("emergency_unplaced",)),
    (
        "notifications",
        "ck_notification_category_known",
        "category",
        (
            "emergency_asked",
            "emergency_raised",
            "emergency_placed",
            "emergency_settled",
            "emergency_unplaced",
        ),
    ),
)


def upgrade() -> None:
    for table, constraint, column, words in WORDS:
        add_words(table, constraint, column, words)
    create_emergencies()
    create_asks()
    host_elsewhere()
    for function in (HUB_HOMES_WITH_BEDS, OPEN_EMERGENCY, NOTE_SLEEPOVERS):
        op.execute(function)
    for name in ("hub_homes_with_beds", "open_emergency"):
        op.execute(f"revoke all on function {name} from public")
    op.execute("grant execute on function hub_homes_with_beds to hub_api, hub_worker")
    op.execute("grant execute on function open_emergency to hub_api")


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


HOSTED = f"hosting_constellation_id = {CONSTELLATIONS}"

SHARED_CHILDREN = f"""any (array(
            select s.child_id from shared_access s
             where s.constellation_id = {CONSTELLATIONS} and s.starts_at <= now()
               and (s.ends_at is null or s.ends_at > now())))"""  # noqa: S608

EVERY_HOSTED_STAY = f"sleepovers where {HOSTED}"
HOSTED_STAYS = f"{EVERY_HOSTED_STAY} and state <> 'cancelled'"

OF_A_STAY = (
    "stay_entries", "incidents", "missing_episodes", "medication_records", "handovers", "debriefs",
)  # fmt: skip

POLICIES = (
    (
        "bed_nights_hosted on bed_nights to hub_api",
        f"sleepover_id = any (array(select id from sleepovers where {HOSTED}))",  # noqa: S608
    ),
    # To take the mutex of a hub home where a child of theirs is.
    (
        "hub_homes_hosting on hub_homes to hub_api",
        f"""id = any (array(
            select s.hub_home_id from sleepovers s
             where s.constellation_id = {CONSTELLATIONS}
               and s.hosting_constellation_id is not null))""",  # noqa: S608
    ),
    (
        "children_shared on children for select to hub_api",
        f"id = {SHARED_CHILDREN}",
    ),
    # The pack, as long as the child is in sight; what is written about the stay, for good.
    (
        "pack_sections_shared on pack_sections for select to hub_api",
        f"child_id = {SHARED_CHILDREN}",
    ),
    ("medicines_shared on medicines for select to hub_api", f"child_id = {SHARED_CHILDREN}"),
    (
        "child_keys_hosted on child_keys to hub_api",
        f"child_id = any (array(select child_id from {HOSTED_STAYS}))",  # noqa: S608
    ),
    *(
        (
            f"{table}_hosted on {table} to hub_api",
            f"sleepover_id = any (array(select id from {HOSTED_STAYS}))",  # noqa: S608
        )
        for table in OF_A_STAY
    ),
    (
        "medicine_counts_hosted on medicine_counts to hub_api",
        f"""handover_id = any (array(
            select h.id from handovers h
             where h.sleepover_id = any (array(select id from {HOSTED_STAYS}))))""",  # noqa: S608
    ),
    # What the hub raises and settles about the stay is for the child's own liaison worker to
    # do: also what is settled because it was called off.
    (
        "tasks_hosted on tasks to hub_api",
        f"""(hidden_from is null or not hidden_from && (select known_as()))
            and subject_id = any (array(
            select id from {EVERY_HOSTED_STAY}
            union all select child_id from {EVERY_HOSTED_STAY}
            union all select i.id from incidents i
                       where i.sleepover_id = any (array(select id from {EVERY_HOSTED_STAY}))
            union all select m.id from missing_episodes m
                       where m.sleepover_id = any (array(select id from {EVERY_HOSTED_STAY}))))""",  # noqa: S608
    ),
)

END_SHARED_ACCESS = """
create function end_shared_access() returns trigger language plpgsql
  security definer set search_path = public as $$
begin
  update shared_access set ends_at = case new.state
      when 'cancelled' then greatest(new.cancelled_at, starts_at + interval '1 microsecond')
      when 'confirmed' then new.departs_at + interval '7 days'
      when 'in_stay' then null
      else new.returned_at + interval '7 days'
    end
   where sleepover_id = new.id;
  return null;
end $$
"""
"""For as long as the child is there, and a week more. By the database itself: whoever calls a stay
off does not see what another constellation was shown."""


def host_elsewhere() -> None:
    """A stay at another constellation's hub is seen by both, and its child by those who have it."""
    op.add_column("sleepovers", sa.Column("hosting_constellation_id", sa.Uuid()))
    op.create_foreign_key(
        "fk_sleepovers_hosting_constellation_id",
        "sleepovers",
        "constellations",
        ["hosting_constellation_id"],
        ["id"],
    )
    op.create_index(
        "ix_sleepovers_hosting",
        "sleepovers",
        ["hosting_constellation_id", "id"],
        postgresql_where=sa.text("hosting_constellation_id is not null"),
    )
    op.create_table(
        "shared_access",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=True),
        sa.Column("sleepover_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_shared_access_ends_after_start")),
        sa.UniqueConstraint("sleepover_id", name="uq_shared_access_of_sleepover"),
        sa.ForeignKeyConstraint(
            ["sleepover_id", "child_id"],
            ["sleepovers.id", "sleepovers.child_id"],
            name="fk_shared_access_sleepover",
        ),
        *_foreign_keys("shared_access", constellation_id="constellations"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_access")),
    )
    op.create_index("ix_shared_access_constellation_id", "shared_access", ["constellation_id"])
    grant("shared_access", api="select, insert")
    scope_by_constellation("shared_access")
    op.execute("drop policy sleepovers_constellation on sleepovers")
    op.execute(
        "create policy sleepovers_constellation on sleepovers to hub_api"
        f" using (constellation_id = {CONSTELLATIONS} or {HOSTED})"
    )
    for name, condition in POLICIES:
        op.execute(f"create policy {name} using ({condition})")
    op.execute(END_SHARED_ACCESS)
    op.execute(
        "create trigger end_shared_access after update of state, departs_at, returned_at"
        " on sleepovers for each row when (new.hosting_constellation_id is not null)"
        " execute function end_shared_access()"
    )


HUB_HOMES_WITH_BEDS = f"""
create function hub_homes_with_beds(emergency uuid)
returns table (hub_home_id uuid, constellation_id uuid)
language sql stable security definer set search_path = public
begin atomic
  with sought as (
    select e.id, e.nights, cardinality(e.ages) as children from emergencies e
     where e.id = emergency
       and ({SEES_EVERYTHING} or e.constellation_id = {CONSTELLATIONS})
  )
  select h.id, h.constellation_id from hub_homes h, sought
   where not exists (select from emergency_asks a
                      where a.emergency_id = sought.id and a.hub_home_id = h.id)
     -- One that serves a constellation on every one of the nights.
     and exists (select from hub_appointments a
                  where a.hub_home_id = h.id and a.starts_on <= sought.nights[1]
                    and (a.ends_on is null
                         or a.ends_on > sought.nights[cardinality(sought.nights)]))
     and not exists (
       select from unnest(sought.nights) as n (night)
        where exists (select from hub_absences x
                       where x.hub_home_id = h.id
                         and n.night between x.first_night and x.last_night)
           or sought.children > (
             select count(*) from beds b
              where b.hub_home_id = h.id
                and b.starts_on <= n.night and (b.ends_on is null or b.ends_on > n.night)
                and not exists (select from bed_nights t
                                 where t.bed_id = b.id and t.night = n.night)));
end
"""  # noqa: S608 - constants of ours

OPEN_EMERGENCY = f"""
create function open_emergency(ask uuid) returns boolean
language plpgsql security definer set search_path = public as $$
declare
  place constant uuid := (
    select a.constellation_id from emergency_asks a
     where a.id = ask and a.answer is distinct from 'settled'
       and a.hosting_constellation_id = {CONSTELLATIONS});
begin
  if place is null then
    return false;
  end if;
  -- Until the transaction ends, and for nobody but whoever was asked.
  perform set_config('hub.constellations', array_append(
    current_setting('hub.constellations')::uuid[], place)::text, true);
  return true;
end $$
"""  # noqa: S608 - constants of ours

NOTE_SLEEPOVERS = """
create or replace function sync_note_sleepovers(row_ jsonb) returns void language sql
  set search_path = public as $$
  insert into sync_entries (kind, object_id, audience, address, constellation_id)
  select 'sleepovers', (row_ ->> 'id')::uuid, audience, address, place
    from (values
      ('household', (row_ ->> 'household_id')::uuid, (row_ ->> 'constellation_id')::uuid),
      ('overseers', (row_ ->> 'constellation_id')::uuid, (row_ ->> 'constellation_id')::uuid),
      ('overseers', (row_ ->> 'hosting_constellation_id')::uuid,
                    (row_ ->> 'hosting_constellation_id')::uuid)
    ) as told (audience, address, place) where address is not null
$$
"""


def _foreign_keys(table: str, **tables: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, other in tables.items()
    ]


def downgrade() -> None:
    host_nowhere()
    for table in reversed(TABLES):
        op.drop_table(table)
    forget_emergencies()
    for table, constraint, column, words in WORDS:
        remove_words(table, constraint, column, words)


def host_nowhere() -> None:
    op.execute("drop trigger end_shared_access on sleepovers")
    op.execute("drop function end_shared_access")
    for name in ("hub_homes_with_beds", "open_emergency"):
        op.execute(f"drop function {name}")
    before = import_module("migrations.versions.0022_sync_entries")
    note = before.note("sleepovers", before.KINDS["sleepovers"])
    op.execute(note.replace("create function", "create or replace function"))
    for name, _ in POLICIES:
        op.execute(f"drop policy {name.partition(' to ')[0].partition(' for ')[0]}")
    op.execute("drop policy sleepovers_constellation on sleepovers")
    op.execute(
        "create policy sleepovers_constellation on sleepovers to hub_api"
        f" using (constellation_id = {CONSTELLATIONS})"
    )
    op.drop_column("sleepovers", "hosting_constellation_id")


def forget_emergencies() -> None:
    """What was booked stays booked: its request is one that was planned."""
    op.execute("update respite_requests set kind = 'planned' where kind = 'emergency'")
