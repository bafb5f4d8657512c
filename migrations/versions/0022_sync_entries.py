"""What has changed, and for whom, so that a phone can catch up: see hub_api/sync.

Triggers write it, whoever changes a row and by whatever way: an entry for each address at which the
row was or is to be seen, in the same transaction. Entries are only ever added, so writing one waits
for nobody.
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import ACCOUNT, CONSTELLATIONS, grant

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

XID = sa.text("(pg_current_xact_id()::text)::bigint")

KINDS = {
    "notifications": [("'account'", "row_ ->> 'account_id'")],
    "tasks": [("row_ ->> 'role'", "row_ ->> 'constellation_id'")],
    "respite_requests": [
        ("'household'", "row_ ->> 'household_id'"),
        # A draft is its household's alone.
        ("'overseers'", "case when row_ ->> 'submitted_at' <> '' then row_ ->> 'constellation_id' end"),
    ],
    "sleepovers": [
        ("'household'", "row_ ->> 'household_id'"),
        ("'overseers'", "row_ ->> 'constellation_id'"),
    ],
    "households": [
        ("'household'", "row_ ->> 'id'"),
        ("'overseers'", "row_ ->> 'constellation_id'"),
    ],
    # A hub carer sees no child's facts.
    "children": [
        ("'household'", "row_ ->> 'household_id'"),
        ("'liaison_worker'", "row_ ->> 'constellation_id'"),
    ],
    "constellations": [("'everybody'", "row_ ->> 'id'")],
}  # fmt: skip
"""Who is to hear of a row: the audience and the address, read from the row as JSON. It repeats what
the slice's `policy.visible_to()` says, as `hub_api.sync.policy` reads it again."""

IDS = dict.fromkeys(KINDS, "row_ ->> 'constellation_id'") | {"constellations": "row_ ->> 'id'"}
"""The constellation that row-level security keeps an entry to."""

OF_A_CHILD = [
    ("sleepovers", "p.child_id = $1"),
    ("respite_requests", "p.id in (select request_id from requested_children where child_id = $1)"),
]
SERVED = "p.id in (select constellation_id from hub_appointments where hub_home_id = $1)"
NAMED = (
    "p.id in (select constellation_id from role_grants"
    " where account_id = $1 and role = 'liaison_worker')"
)
PARTS = [
    ("children", "insert or update or delete", "household_id", "households", "p.id = $1"),
    *(
        ("children", "update of first_name, born_on, gender, constellation_id", "id", *shown)
        for shown in OF_A_CHILD
    ),
    ("adults", "insert or update or delete", "household_id", "households", "p.id = $1"),
    ("requested_children", "insert or update or delete", "request_id", "respite_requests", "p.id = $1"),
    ("respite_decisions", "insert or update or delete", "request_id", "respite_requests", "p.id = $1"),
    ("bed_nights", "insert or update or delete", "sleepover_id", "sleepovers", "p.id = $1"),
    ("hub_appointments", "insert or update or delete", "constellation_id", "constellations", "p.id = $1"),
    ("hub_homes", "update of name", "id", "constellations", SERVED),
    ("role_grants", "insert or update or delete", "constellation_id", "constellations", "p.id = $1"),
    ("accounts", "update of display_name, is_active", "id", "constellations", NAMED),
]  # fmt: skip
"""Rows that are shown as a part of others: the table, what happens to it, and whose they are."""

OWN = """
create function sync_own() returns trigger language plpgsql security definer
  set search_path = public as $$
begin
  if tg_op = 'UPDATE' and to_jsonb(old) = to_jsonb(new) then
    return null;
  end if;
  -- Both as it was and as it is: whoever no longer sees it must hear of it, too.
  if tg_op <> 'INSERT' then
    execute format('select sync_note_%s($1)', tg_table_name) using to_jsonb(old);
  end if;
  if tg_op <> 'DELETE' then
    execute format('select sync_note_%s($1)', tg_table_name) using to_jsonb(new);
  end if;
  return null;
end $$
"""
PART = """
create function sync_part() returns trigger language plpgsql security definer
  set search_path = public as $$
declare
  -- The column that says whose this is, the kind it is shown in, and which of them.
  name constant text := tg_argv[0];
  kind constant text := tg_argv[1];
  condition constant text := tg_argv[2];
  whose uuid;
begin
  if tg_op = 'UPDATE' and to_jsonb(old) = to_jsonb(new) then
    return null;
  end if;
  for whose in
    select distinct found.id from unnest(array[
      case when tg_op <> 'INSERT' then (to_jsonb(old) ->> name)::uuid end,
      case when tg_op <> 'DELETE' then (to_jsonb(new) ->> name)::uuid end]) as found(id)
     where found.id is not null
  loop
    execute format('select sync_note_%1$s(to_jsonb(p)) from %1$I p where %2$s', kind, condition)
      using whose;
  end loop;
  return null;
end $$
"""
PLACE = """
create function sync_place() returns text language sql stable security definer
  set search_path = public as $$
  select concat_ws('.', s.system_identifier, c.timeline_id,
           (select oid from pg_database where datname = current_database()),
           'sync_entries'::regclass::oid, pg_relation_filenode('sync_entries'))
    from pg_control_system() s, pg_control_checkpoint() c
$$
"""
"""Which course of changes this is. Another cluster, a restored base backup (a new timeline), a
database or table made anew: what a cursor says of one holds for no other."""


def upgrade() -> None:
    create_tables()
    op.execute(PLACE)
    for kind, addresses in KINDS.items():
        op.execute(note(kind, addresses))
    op.execute(OWN)
    op.execute(PART)
    for kind in KINDS:
        op.execute(
            f"create trigger sync_own after insert or update or delete on {kind}"
            " for each row execute function sync_own()"
        )
    for table, events, column, kind, condition in PARTS:
        written = condition.replace("'", "''")
        op.execute(
            f"create trigger sync_part_of_{kind} after {events} on {table} for each row"
            f" execute function sync_part({column}, {kind}, '{written}')"
        )
    for function in functions():
        # A trigger's function runs whoever changes the row; nobody else needs it.
        op.execute(f"revoke execute on function {function} from public")
    op.execute("grant execute on function sync_place() to hub_api, hub_worker")


def create_tables() -> None:
    op.create_table(
        "sync_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("xid", sa.BigInteger(), server_default=XID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("address", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_entries")),
    )
    columns = ["address", "audience", "xid", "id"]
    op.create_index("ix_sync_entries_address_audience_xid_id", "sync_entries", columns)
    op.create_index("ix_sync_entries_xid", "sync_entries", ["xid"])
    op.create_index("ix_requested_children_child_id", "requested_children", ["child_id"])
    op.create_table(
        "sync_marks",
        sa.Column("xid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("xid", name=op.f("pk_sync_marks")),
    )
    grant("sync_entries", api="select", worker="select, delete")
    op.execute("grant select, insert, delete on sync_marks to hub_worker")
    op.execute("alter table sync_entries enable row level security")
    op.execute("create policy sync_entries_worker on sync_entries to hub_worker using (true)")
    op.execute(
        "create policy sync_entries_addressed on sync_entries for select to hub_api"
        f" using (constellation_id = {CONSTELLATIONS} or address = {ACCOUNT})"
    )


def note(kind: str, addresses: list[tuple[str, str]]) -> str:
    values = ", ".join(f"({audience}, ({address})::uuid)" for audience, address in addresses)
    return f"""
        create function sync_note_{kind}(row_ jsonb) returns void language sql
          set search_path = public as $$
          insert into sync_entries (kind, object_id, audience, address, constellation_id)
          select '{kind}', (row_ ->> 'id')::uuid, audience, address, ({IDS[kind]})::uuid
            from (values {values}) as told (audience, address) where address is not null
        $$
    """  # noqa: S608 - names of our own


def functions() -> list[str]:
    return [
        "sync_own()",
        "sync_part()",
        "sync_place()",
        *(f"sync_note_{kind}(jsonb)" for kind in KINDS),
    ]


def downgrade() -> None:
    for table, _events, _column, kind, _condition in PARTS:
        op.execute(f"drop trigger sync_part_of_{kind} on {table}")
    for kind in KINDS:
        op.execute(f"drop trigger sync_own on {kind}")
    for function in functions():
        op.execute(f"drop function {function}")
    op.drop_index("ix_requested_children_child_id", "requested_children")
    op.drop_table("sync_marks")
    op.drop_table("sync_entries")
