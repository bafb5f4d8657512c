"""What a hub home tells those it served ends a month after it served them last.

The function of 0013, with one condition more, and the same for its beds and its leave. Whoever was
served by an interim hub home for a fortnight long ago has no business with who sleeps there today.
The hub home's own row stays: its name is in the list of those that served, and a stay there that
comes to its end later still is written down under its mutex.

And one kind of task more.
"""

from importlib import import_module

from alembic import op

from migrations.rls import CONSTELLATIONS, SEES_EVERYTHING, scope_by_hub_home

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CHILD = """jsonb_build_object(
    'id', c.id, 'household_id', c.household_id,
    'first_name', case when c.id in (select id from mine) then c.first_name end,
    'born_on', c.born_on, 'gender', c.gender,
    'legal_status', c.legal_status, 'sibling_group_id', c.sibling_group_id,
    'placed_on', c.placed_on, 'left_on', c.left_on, 'bereaved_on', c.bereaved_on)"""

STAY_FACTS = f"""
create or replace function stay_facts(hub uuid, asked uuid[], first_night date, last_night date)
returns jsonb language sql stable security definer set search_path = public
begin atomic
  with home as (
    select h.id, h.household_id, h.home_authority from hub_homes h
     where h.id = hub
       -- The worker and the owner see everything as it is; anybody else, what serves the asker.
       and ({SEES_EVERYTHING}
            or h.constellation_id = {CONSTELLATIONS}
            or exists (select from hub_appointments a
                        where a.hub_home_id = h.id and a.constellation_id = {CONSTELLATIONS}
                          -- Long enough for a child who comes home late.
                          and (a.ends_on is null or a.ends_on + 30 > first_night)))
  ),
  guests as (
    select n.night, n.bed_id, n.child_id, n.request_id
      from bed_nights n join home on home.id = n.hub_home_id
     where n.night between first_night and last_night
  ),
  residents as (
    select c.id from children c join home using (household_id)
     where c.left_on is null or c.left_on > first_night
  ),
  mine as (
    select c.id, c.household_id, c.sibling_group_id from children c
     where c.id = any (asked)
       and ({SEES_EVERYTHING} or c.constellation_id = {CONSTELLATIONS})
  ),
  present as (
    select id from mine union select child_id from guests union select id from residents
  ),
  facts as (
    select
      (select coalesce(jsonb_agg(jsonb_build_object(
                'id', b.id, 'label', b.label, 'bedroom', b.bedroom,
                'starts_on', b.starts_on, 'ends_on', b.ends_on) order by b.id), '[]')
         from beds b where b.hub_home_id = home.id
          and b.starts_on <= last_night and (b.ends_on is null or b.ends_on > first_night)) as beds,
      (select coalesce(jsonb_agg(jsonb_build_object(
                'first_night', x.first_night, 'last_night', x.last_night)), '[]')
         from hub_absences x where x.hub_home_id = home.id
          -- Said in full: in a query a column's name comes before a parameter's.
          and x.last_night >= stay_facts.first_night and x.first_night <= stay_facts.last_night)
        as absences,
      (select coalesce(jsonb_agg(jsonb_build_object(
                'starts_on', p.starts_on, 'ends_on', p.ends_on, 'max_children', p.max_children,
                'min_age', p.min_age, 'max_age', p.max_age, 'genders', p.genders,
                'review_due_on', p.review_due_on)), '[]')
         from approvals p where p.household_id = home.household_id
          and p.starts_on <= last_night and (p.ends_on is null or p.ends_on > first_night))
        as approvals,
      (select coalesce(jsonb_agg(jsonb_build_object(
                'starts_on', e.starts_on, 'ends_on', e.ends_on, 'authority', e.authority,
                'child_ids', e.child_ids)), '[]')
         from fostering_exemptions e where e.household_id = home.household_id
          and e.starts_on <= last_night and (e.ends_on is null or e.ends_on > first_night))
        as exemptions,
      (select coalesce(jsonb_agg(jsonb_build_object(
                'dbs_issued_on', a.dbs_issued_on, 'left_on', a.left_on)), '[]')
         from adults a where a.household_id = home.household_id
          and (a.left_on is null or a.left_on > first_night)) as adults,
      (select coalesce(jsonb_agg(id), '[]') from residents) as residents,
      (select coalesce(jsonb_agg(jsonb_build_object(
                'night', g.night, 'bed_id', g.bed_id, 'child_id', g.child_id,
                'request_id', g.request_id) order by g.night, g.bed_id), '[]') from guests g)
        as guests,
      (select coalesce(jsonb_agg({CHILD}), '[]') from children c join present using (id))
        as children,
      (select coalesce(jsonb_agg(jsonb_build_object(
                'night', n.night, 'child_id', n.child_id, 'request_id', n.request_id)
                order by n.night), '[]')
         from bed_nights n join mine on mine.id = n.child_id
        where n.night between first_night - 21 and last_night + 21) as nights_away,
      (select coalesce(jsonb_agg(jsonb_build_object(
                'child_id', k.child_id, 'other_child_id', k.other_child_id,
                'starts_on', k.starts_on, 'ends_on', k.ends_on)), '[]')
         from (select k.child_id, k.other_child_id, k.starts_on, k.ends_on
                 from mine join kept_apart k on k.child_id = mine.id
                union
               select k.child_id, k.other_child_id, k.starts_on, k.ends_on
                 from mine join kept_apart k on k.other_child_id = mine.id) k
        where k.child_id in (select id from present)
          and k.other_child_id in (select id from present))
        as kept_apart,
      (select coalesce(jsonb_agg(jsonb_build_object(
                'child_id', s.child_id, 'with_child_id', s.with_child_id,
                'starts_on', s.starts_on, 'ends_on', s.ends_on)), '[]')
         from sharing_agreements s
        where s.child_id in (select id from present) and s.with_child_id in (select id from present))
        as agreements,
      (select coalesce(jsonb_agg(distinct c.id), '[]')
         from children c join mine on mine.household_id = c.household_id
          and mine.sibling_group_id = c.sibling_group_id and c.id <> all (asked)
        where (c.left_on is null or c.left_on > first_night)
          and (c.placed_on is null or c.placed_on <= first_night)) as siblings_at_home,
      (select coalesce(jsonb_agg(jsonb_build_object(
                'child_id', s.child_id, 'request_id', s.request_id,
                'arrives_at', s.arrives_at)), '[]')
         from sleepovers s join mine on mine.id = s.child_id
         join respite_requests r on r.id = s.request_id
        where r.reason = 'carers_holiday' and s.state <> 'cancelled'
          and s.arrives_at > first_night - interval '12 months'
          and s.arrives_at < first_night + interval '1 day') as holidays
    from home
  )
  select to_jsonb(facts) from facts;
end
"""  # noqa: S608 - constants of ours


SERVED = (
    "any (array(select a.hub_home_id from hub_appointments a"  # noqa: S608 - constants of ours
    f" where a.constellation_id = {CONSTELLATIONS}"
    " and (a.ends_on is null or a.ends_on + 30 > current_date)))"
)
"""The hub homes that serve the constellations of whoever asks, or did within a month."""

KINDS = "kind in ('hub_carer_missing', 'approval_needed', 'return_late', 'sleepover_in_doubt')"


def upgrade() -> None:
    op.execute(STAY_FACTS)
    for table in ("beds", "hub_absences"):
        op.execute(f"drop policy {table}_constellation on {table}")
        op.execute(
            f"create policy {table}_constellation on {table} to hub_api"
            f" using (constellation_id = {CONSTELLATIONS} or hub_home_id = {SERVED})"
            f" with check (constellation_id = {CONSTELLATIONS})"
        )
    _allow_kinds(KINDS)


def _allow_kinds(rule: str) -> None:
    op.drop_constraint(op.f("ck_task_kind_known"), "tasks")
    op.create_check_constraint(op.f("ck_task_kind_known"), "tasks", rule)


def downgrade() -> None:
    op.execute("delete from tasks where kind = 'sleepover_in_doubt'")
    _allow_kinds("kind in ('hub_carer_missing', 'approval_needed', 'return_late')")
    for table in ("beds", "hub_absences"):
        scope_by_hub_home(table)
    before = import_module("migrations.versions.0013_stay_facts")
    op.execute(before.STAY_FACTS.replace("create function", "create or replace function"))
