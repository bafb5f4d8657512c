"""What must always be true of the database, each as a query for the rows that break it.

Written from the rules and not from the code: nights are counted in SQL, the fostering limit again
from children and their places.
"""

NIGHTS = """
    select d::date as night
      from generate_series((s.arrives_at at time zone 'Europe/London')::date - 1,
                           (s.ends_at at time zone 'Europe/London')::date, interval '1 day') d
     where s.arrives_at < (d::date + 1 + time '05:00') at time zone 'Europe/London'
       and s.ends_at > (d::date + time '23:00') at time zone 'Europe/London'"""
"""The nights of a stay `s`: D 23:00 to D+1 05:00 in London, where the stay overlaps it."""

STAYS = """
    select id, request_id, child_id, hub_home_id, state,
           case when state in ('returned', 'closed') then arrived_at else arrives_at end
             as arrives_at,
           case when state in ('returned', 'closed') then returned_at else departs_at end as ends_at
      from sleepovers"""
"""As agreed until it is over, and from then on as it was."""

PRESENT = """
    select n.hub_home_id, n.night, n.child_id, n.bed_id from bed_nights n
    union all
    select h.id, n.night, c.id, null from children c
      join hub_homes h using (household_id)
      join (select distinct hub_home_id, night from bed_nights) n on n.hub_home_id = h.id
     where (c.left_on is null or c.left_on > n.night)"""

FOSTERED = "('section_20', 'section_31', 'remand')"

CHECKED = (
    "adult_guest", "approval_terms", "bedroom_sharing", "checks_current", "child_one_place",
    "consent", "fostering_limit", "guest_bed", "hub_away", "kept_apart", "length", "pack",
    "temporary_stay", "timing",
)  # fmt: skip
"""What must have been looked at whenever something is decided (domain.md, section 3)."""

BROKEN = {
    "a bed holds two children": """
        select bed_id, night from bed_nights group by 1, 2 having count(*) > 1""",
    "a child is in two places": """
        select child_id, night from bed_nights group by 1, 2 having count(*) > 1""",
    "two stays of a child overlap": f"""
        with s as (select * from ({STAYS}) s where state <> 'cancelled')
        select a.id, b.id from s a join s b on a.child_id = b.child_id and a.id < b.id
           and a.arrives_at < b.ends_at and b.arrives_at < a.ends_at""",
    "a bed-night without a live stay or hold": """
        select n.bed_id, n.night from bed_nights n
          left join sleepovers s on s.id = n.sleepover_id
          join respite_requests r on r.id = n.request_id
         where case when n.sleepover_id is null then r.state <> 'awaiting_approval'
                    else s.state = 'cancelled' or r.state <> 'accepted'
                         or s.hub_home_id <> n.hub_home_id or s.request_id <> n.request_id end""",
    "a live stay whose nights are not its own": f"""
        select s.id, array_agg(n.night), array_agg(e.night) from ({STAYS}) s
          cross join lateral ({NIGHTS}) e
          full join bed_nights n on n.sleepover_id = s.id and n.night = e.night
         where s.state is distinct from 'cancelled'
           and (n.night is null or (e.night is null and n.sleepover_id is not null))
         group by s.id""",
    "a request awaiting approval without its nights": f"""
        select s.id, c.child_id from (
            select id, arrives_at, departs_at as ends_at from respite_requests
             where state = 'awaiting_approval') s
          join requested_children c on c.request_id = s.id
          cross join lateral ({NIGHTS}) e
          left join bed_nights n on n.request_id = s.id and n.child_id = c.child_id
           and n.night = e.night
         where n.night is null""",
    "a request whose nights are miscounted": f"""
        select s.id from (
            select id, nights, arrives_at, departs_at as ends_at from respite_requests) s
         where s.nights <> array({NIGHTS} order by 1)""",
    "a bed that is not there": """
        select b.id, n.night from bed_nights n join beds b on b.id = n.bed_id
         where n.night < b.starts_on or n.night >= b.ends_on""",
    "a guest while the hub is away": """
        select n.bed_id, n.night from bed_nights n join hub_absences a using (hub_home_id)
         where n.night between a.first_night and a.last_night""",
    "more fostered children than the usual limit": f"""
        select hub_home_id, night, count(*) from ({PRESENT}) p join children c on c.id = p.child_id
         where c.legal_status in {FOSTERED} group by 1, 2
        having count(*) > 3
           and (count(distinct sibling_group_id) <> 1 or count(*) <> count(sibling_group_id))""",
    "beyond the terms of approval": f"""
        select p.hub_home_id, p.night from ({PRESENT}) p
          join children c on c.id = p.child_id and c.legal_status in {FOSTERED}
          join hub_homes h on h.id = p.hub_home_id
          left join approvals a on a.household_id = h.household_id and a.starts_on <= p.night
           and (a.ends_on is null or a.ends_on > p.night)
         group by p.hub_home_id, p.night, a.id
        having a.id is null or count(*) > a.max_children or a.review_due_on < p.night
            or bool_or(c.gender <> all (a.genders))
            or bool_or(extract(year from age(p.night, c.born_on))
                       not between a.min_age and a.max_age)""",
    "a certificate out of date": """
        select n.hub_home_id, n.night from bed_nights n join hub_homes h on h.id = n.hub_home_id
          join adults a using (household_id)
         where (a.left_on is null or a.left_on > n.night)
           and (a.dbs_issued_on is null or a.dbs_issued_on > n.night
                or extract(year from age(n.night, a.dbs_issued_on)) >= 3)""",
    "kept apart and yet together": f"""
        with p as ({PRESENT})
        select a.night, a.child_id, b.child_id from p a join p b using (hub_home_id, night)
          join kept_apart k on k.child_id = a.child_id and k.other_child_id = b.child_id
         where k.starts_on <= a.night and (k.ends_on is null or k.ends_on > a.night)""",
    "a shared bedroom without both agreements": """
        select a.night, a.child_id, b.child_id from bed_nights a
          join bed_nights b on b.hub_home_id = a.hub_home_id and b.night = a.night
           and b.child_id <> a.child_id
          join beds x on x.id = a.bed_id join beds y on y.id = b.bed_id and y.bedroom = x.bedroom
          left join sharing_agreements g on g.child_id = a.child_id and g.with_child_id = b.child_id
           and g.starts_on <= a.night and (g.ends_on is null or g.ends_on > a.night)
          join children c on c.id = a.child_id
           and c.legal_status in ('section_20', 'section_31', 'remand')
           and c.born_on + interval '3 years' <= a.night
         where g.id is null""",
    "a night without the consent it takes": """
        select n.child_id, n.night from bed_nights n join children c on c.id = n.child_id
          cross join lateral (select c.born_on + interval '18 years' <= n.night as is_grown) g
          cross join lateral (
            select array_agg(s.giver) as givers from consents s
             where s.child_id = c.id and n.night >= s.starts_on
               and (s.ends_on is null or n.night < s.ends_on)
               and (s.withdrawn_at is null
                    or n.night < (s.withdrawn_at at time zone 'Europe/London')::date)) s
          cross join lateral (
            select exists (select from consent_flags f where f.child_id = c.id
                            and n.night >= f.starts_on
                            and (f.ends_on is null or n.night < f.ends_on)) as is_flagged) f
         where not coalesce(case
             when is_grown or c.legal_status = 'staying_put' then 'young_adult' = any (givers)
             when c.legal_status = 'remand' then 'youth_offending_team' = any (givers)
                  and (not is_flagged or 'social_worker' = any (givers))
             when c.legal_status not in ('section_20', 'section_31') then true
             when is_flagged then 'social_worker' = any (givers)
             when c.legal_status = 'section_20' then 'delegated_by_parent' = any (givers)
             else givers && array['delegated_by_authority', 'social_worker'] end, false)
           -- What was given may be taken back: then somebody is asked about it until the night is
           -- over. A bed held for an approval is asked about by the approval.
           and n.sleepover_id is not null
           and not exists (select from tasks t
                            where t.kind = 'consent_missing' and t.subject_id = n.sleepover_id
                              and (t.state = 'open'
                                   or n.night < (:now at time zone 'Europe/London')::date))""",
    "a guest of whom something is not written down": """
        select s.id from sleepovers s join respite_requests r on r.id = s.request_id
          left join pack_sections p on p.child_id = s.child_id
         where s.state = 'in_stay' and r.kind <> 'emergency'
         group by s.id having count(distinct p.section) < 18""",
    "a dose that was not for this child on this day": """
        select m.id from medication_records m join medicines p on p.id = m.medicine_id
          join sleepovers s on s.id = m.sleepover_id
          cross join lateral (
            select coalesce(m.due_at, m.given_at) at time zone 'Europe/London' as at) c
         where s.child_id <> p.child_id or m.child_id <> p.child_id
            or c.at::date < p.starts_on
            or (c.at::date >= p.ends_on
                and (p.ended_at is null or p.ended_at <= coalesce(m.due_at, m.given_at)))
            or (m.due_at is not null and c.at::time <> all (p.times_of_day))""",
    "a dose given twice": """
        select m.medicine_id from medication_records m
         where m.outcome = 'given' and m.due_at is not null
           and not exists (select from medication_records x where x.corrects = m.id)
         group by m.medicine_id, m.due_at having count(*) > 1""",
    "a dose given while the child was elsewhere": """
        select m.id from medication_records m join sleepovers s on s.id = m.sleepover_id
         where s.arrived_at is null or m.written_at < s.arrived_at
            or m.given_at not between s.arrived_at and coalesce(s.returned_at, :now)""",
    "a correction of something else": """
        select m.id from medication_records m join medication_records w on w.id = m.corrects
         where (m.sleepover_id, m.medicine_id) <> (w.sleepover_id, w.medicine_id)
            or m.due_at is distinct from w.due_at or m.why is null or m.written_at < w.written_at
        union all
        select h.id from handovers h join handovers w on w.id = h.corrects
         where (h.sleepover_id, h.kind) <> (w.sleepover_id, w.kind)""",
    "medicines that nobody can account for and nobody is asked about": """
        with moved as (
            select h.sleepover_id, c.medicine_id,
                   case h.kind when 'handover' then c.counted else -c.counted end as doses
              from handovers h join medicine_counts c on c.handover_id = h.id
             where h.id not in (select corrects from handovers where corrects is not null)
            union all
            select sleepover_id, medicine_id, -1 from medication_records where outcome = 'given'
               and id not in (
                   select corrects from medication_records where corrects is not null))
        select r.sleepover_id from handovers r
          cross join lateral (
            select coalesce(bool_or(left_over <> 0), false) as differs from (
                select sum(doses) as left_over from moved m where m.sleepover_id = r.sleepover_id
                 group by m.medicine_id) x) d
          cross join lateral (
            select exists (select from medicine_counts c where c.handover_id = r.id)
                   and not exists (select from handovers h where h.sleepover_id = r.sleepover_id
                                      and h.kind = 'handover') as is_guessed) g
         where r.kind = 'return' and (d.differs or g.is_guessed) <> exists (
            select from tasks t where t.kind = 'medicines_differ'
               and t.subject_id = r.sleepover_id and t.state <> 'settled')""",
    "a handover that one home confirmed for the other": """
        select h.id from handovers h join sleepovers s on s.id = h.sleepover_id
         where h.family_confirmed_by = h.hub_confirmed_by
            or (h.family_confirmed_by is not null and not exists (
                select from role_grants g where g.account_id = h.family_confirmed_by
                   and g.role = 'satellite_carer' and g.household_id = s.household_id))
            or (h.hub_confirmed_by is not null and not exists (
                select from role_grants g where g.account_id = h.hub_confirmed_by
                   and g.role = 'hub_carer' and g.constellation_id = s.constellation_id))""",
    "a longer stay that nobody approved": """
        select r.id from respite_requests r where r.state = 'accepted'
           and cardinality(r.nights) > 3 and (cardinality(r.nights) > 7
            or not exists (select from check_overrides o where o.request_id = r.id
                            and o.code = 'length' and o.role = 'liaison_worker'))""",
    "an accepted request without a stay for each child": """
        select r.id, c.child_id from respite_requests r
          join requested_children c on c.request_id = r.id
          left join sleepovers s on s.request_id = r.id and s.child_id = c.child_id
         where (r.state = 'accepted') <> (s.id is not null)""",
    "a request that was never decided as its state says": """
        select r.id, r.state from respite_requests r
         where r.state <> 'draft'
           and (not exists (select from respite_decisions d where d.request_id = r.id
                             and d.decision = 'submitted')
            or r.state <> 'submitted'
           and not exists (select from respite_decisions d where d.request_id = r.id
                            and d.decision = any (case r.state
                                when 'accepted' then array['accepted', 'approved']
                                when 'awaiting_approval' then array['held']
                                else array[r.state] end)))
           -- A draft may be thrown away without having been sent.
           and not (r.state = 'withdrawn' and r.submitted_at is null)""",
    "a decision without every check": f"""
        select d.id, d.decision from respite_decisions d
         where array(select c ->> 'code' from json_array_elements(d.checks) c
                      order by c ->> 'code' collate "C") <> array{[*CHECKED]}""",
    "a decision that is still to come": """
        select id from respite_decisions where decided_at > :now""",
    "a state that is not of its date": """
        select id, state from sleepovers
         where confirmed_at > arrives_at + interval '12 hours'
            or confirmed_at > :now or cancelled_at > :now or arrived_at > :now
            or returned_at > :now or closed_at > :now
            or arrived_at < confirmed_at""",
    "an event others must know of without a task": """
        select i.id from incidents i where i.notify_by is not null
           and not exists (select from tasks t
                            where t.kind = 'incident_to_notify' and t.subject_id = i.id
                              and (t.state = 'open') = (i.notified_at is null))""",
    "a concern that nobody is asked to look into": """
        select c.id from concerns c
          left join tasks t on t.kind = 'concern_raised' and t.subject_id = c.id
         where t.role is distinct from c.handled_by
            or (t.state = 'open' and c.outcome is not null)""",
    "a concern that somebody hears of from whom it is kept": """
        select c.id from concerns c join notifications n on n.subject_id = c.id
         where n.account_id = any (c.hidden_from)
        union all
        select c.id from concerns c
          join (select subject_id, hidden_from from tasks
                union all select subject_id, hidden_from from audit_events) t
            on t.subject_id = c.id
         where t.hidden_from is null or not t.hidden_from @> c.hidden_from""",
    "a request past its expiry": """
        select id from respite_requests
         where state in ('submitted', 'awaiting_approval') and expires_at < :now""",
}


def broken(rows, now, queries=BROKEN):
    """The names of the rules that are broken, with the first rows that break them."""
    found = {}
    for name, query in queries.items():
        parameters = {"now": now} if ":now" in query else {}
        if bad := rows(query, **parameters):
            found[name] = bad[:3]
    return found
