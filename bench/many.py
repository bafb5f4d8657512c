"""So many past sleepovers that it matters: laid out bed by bed, obeying every key, made in SQL.

Each hub home's first two beds have a stay every fourth day, of two nights in one bed and three in
the other, going back in time from the day its constellation began; children take turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from uuid import UUID

AT_LEAST = 500
"""Stays of the constellation that is measured, so that a page of its list is full at any size, and
so is one of each of its households."""

_PLAN = """
create unlogged table many as
with places as (
  select h.constellation_id, h.id as hub_home_id,
         (select min(starts_on) from memberships m where m.constellation_id = h.constellation_id)
           as since,
         (select array_agg(id order by id) from beds b
           where b.hub_home_id = h.id and b.temporary_reason is null) as beds
    from hub_homes h
), satellites as (
  select c.constellation_id, array_agg(c.id order by c.id) as children,
         array_agg(c.household_id order by c.id) as households
    from children c where not exists (
      select from hub_homes h where h.household_id = c.household_id) group by 1
), stays as (
  select p.*, s.children, s.households, i / 2 as slot, i % 2 as bed,
         cardinality(s.children) / 2 as half
    from places p join satellites s using (constellation_id)
    cross join lateral generate_series(0, case when p.constellation_id = '{measured}'
      then greatest({at_least}, {each}) else {each} end - 1) i
), placed as (
  select *, since - 4 * (slot + 1) as first_night, bed * half + slot % half + 1 as child,
         md5(hub_home_id::text || bed || '-' || slot) as dice from stays
)
select constellation_id, hub_home_id, beds[bed + 1] as bed_id, children[child] as child_id,
       households[child] as household_id, first_night, 2 + bed as nights,
       first_night + time '17:00' at time zone 'Europe/London' as arrives_at,
       ({millis} || '7' || substr(dice, 1, 3) || 'a' || substr(dice, 4, 15))::uuid as request_id,
       ({millis} || '7' || substr(dice, 4, 3) || 'b' || substr(dice, 14, 15))::uuid as sleepover_id
  from placed order by first_night, dice
"""
_MILLIS = "lpad(to_hex((extract(epoch from first_night::timestamp) * 1000)::bigint), 12, '0')"
_FILL = (
    """insert into respite_requests (id, version, constellation_id, household_id, hub_home_id,
         asked_by, state, kind, reason, arrives_at, departs_at, nights, created_at, submitted_at,
         expires_at)
       select request_id, 3, constellation_id, household_id, hub_home_id,
              (select id from accounts order by id limit 1), 'accepted', 'planned',
              'rest_for_carer', arrives_at, arrives_at + nights * interval '1 day',
              array(select first_night + n from generate_series(0, nights - 1) n),
              arrives_at - interval '9 days', arrives_at - interval '9 days',
              arrives_at + interval '12 hours'
         from many""",
    """insert into requested_children (request_id, child_id, constellation_id)
       select request_id, child_id, constellation_id from many""",
    """insert into respite_decisions (id, constellation_id, request_id, decision, decided_by,
         decided_at, checks)
       select sleepover_id, constellation_id, request_id, 'accepted',
              (select id from accounts order by id limit 1), arrives_at - interval '8 days', '[]'
         from many""",
    """insert into sleepovers (id, version, constellation_id, household_id, hub_home_id,
         request_id, child_id, state, arrives_at, departs_at, confirmed_at, arrived_at,
         returned_at, closed_at)
       select sleepover_id, 4, constellation_id, household_id, hub_home_id, request_id, child_id,
              'closed', arrives_at, arrives_at + nights * interval '1 day',
              arrives_at - interval '8 days', arrives_at,
              arrives_at + nights * interval '1 day', arrives_at + interval '5 days'
         from many""",
    """insert into bed_nights (bed_id, night, child_id, request_id, sleepover_id, hub_home_id,
         constellation_id)
       select bed_id, first_night + n, child_id, request_id, sleepover_id, hub_home_id,
              constellation_id from many cross join lateral generate_series(0, nights - 1) n""",
)
_EMPTY = "truncate bed_nights, sleepovers, respite_decisions, requested_children, check_overrides, respite_requests cascade"  # noqa: E501


def fill(superuser_url: str, sleepovers: int, measured: UUID) -> dict[str, int]:
    """Have so many sleepovers and no others, some of them in the constellation that is measured.
    Returns the rows of each table they are in.

    Keys and checks hold for every row; what a foreign key points at is there by construction, so
    the triggers that would look are left out, which is most of the time.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        run: Any = connection.execute
        run("set session_replication_role = replica")
        run(_EMPTY)
        (homes,) = run("select count(*) from hub_homes").fetchone()
        run("drop table if exists many")
        each = sleepovers // homes
        run(_PLAN.format(at_least=AT_LEAST, each=each, millis=_MILLIS, measured=measured))
        # A bed must be there on all of its nights.
        run("update beds b set starts_on = least(starts_on, (select min(first_night) from many))")
        for statement in _FILL:
            run(statement)
        run("drop table many")
        run("vacuum analyze")
        tables = ("respite_requests", "sleepovers", "bed_nights", "respite_decisions")
        return {table: run(f"select count(*) from {table}").fetchone()[0] for table in tables}  # noqa: S608 - our own tables
