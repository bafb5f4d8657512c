"""Stays as they run: the hub's calendar, late returns, and lists by state.

An interim hub's beds are also taken by the other constellation's children, whose nights whoever
asks can't see. So the calendar comes from a function that sees them and tells of each bed and night
no more than whether it is free, held, taken or blocked.
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import CONSTELLATIONS, SEES_EVERYTHING

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BED_CALENDAR = f"""
create function bed_calendar(constellation uuid, first_night date, last_night date)
returns table (
  night date, bed_id uuid, label text, state text, hub_home_id uuid, seq integer
) language sql stable security definer set search_path = public rows 100
begin atomic
  with appointed as (
    select a.hub_home_id, a.starts_on, a.ends_on from hub_appointments a
     where a.constellation_id = constellation
       and ({SEES_EVERYTHING} or constellation = {CONSTELLATIONS})
  ),
  -- One range of an index for each hub home, and not a look for every bed and night.
  held as materialized (
    select n.bed_id, n.night, n.sleepover_id from bed_nights n
     where n.hub_home_id in (select a.hub_home_id from appointed a)
       and n.night between bed_calendar.first_night and bed_calendar.last_night
  )
  select days.night, b.id, b.label,
         case when n.bed_id is not null and n.sleepover_id is null then 'held'
              when n.bed_id is not null then 'taken'
              when exists (select from hub_absences x
                            where x.hub_home_id = h.id and x.last_night >= days.night
                              and x.first_night <= days.night) then 'blocked'
              else 'free' end,
         h.id, h.seq
    from (select first_night + g from generate_series(0, last_night - first_night) g) days (night)
    join appointed a
      on a.starts_on <= days.night and (a.ends_on is null or a.ends_on > days.night)
    join hub_homes h on h.id = a.hub_home_id
    join beds b on b.hub_home_id = h.id
     and b.starts_on <= days.night and (b.ends_on is null or b.ends_on > days.night)
    left join held n on n.bed_id = b.id and n.night = days.night;
end
"""  # noqa: S608 - constants of ours

KINDS = "kind in ('hub_carer_missing', 'approval_needed', 'return_late')"
OLD_KINDS = "kind in ('hub_carer_missing', 'approval_needed')"
CATEGORIES = "category in ('request_submitted', 'request_accepted', 'request_approved', 'request_declined', 'request_withdrawn', 'request_changed', 'request_expired', 'approval_needed', 'sleepover_cancelled', 'sleepover_extended', 'sleepover_ended_early')"
OLD_CATEGORIES = "category in ('request_submitted', 'request_accepted', 'request_approved', 'request_declined', 'request_withdrawn', 'request_changed', 'request_expired', 'approval_needed', 'sleepover_cancelled')"


OLD_CANCEL_REASONS = "cancel_reason in ('no_longer_needed', 'child_unwell', 'carer_unwell', 'hub_unable', 'child_does_not_want_to', 'other')"
CANCEL_REASONS = "cancel_reason in ('no_longer_needed', 'child_unwell', 'carer_unwell', 'hub_unable', 'child_does_not_want_to', 'did_not_come', 'other')"


def upgrade() -> None:
    op.add_column(
        "sleepovers", sa.Column("late_told_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.execute("grant update (late_told_at) on sleepovers to hub_worker")
    op.create_index(
        "ix_sleepovers_constellation_id_state_id",
        "sleepovers",
        ["constellation_id", "state", "id"],
    )
    op.create_index(
        "ix_sleepovers_household_id_state_id", "sleepovers", ["household_id", "state", "id"]
    )
    op.create_index(
        "ix_sleepovers_in_stay",
        "sleepovers",
        ["departs_at"],
        postgresql_where=sa.text("state = 'in_stay'"),
    )
    _replace("tasks", "ck_task_kind_known", KINDS)
    _replace("notifications", "ck_notification_category_known", CATEGORIES)
    _replace("sleepovers", "ck_sleepover_cancel_reason_known", CANCEL_REASONS)
    op.execute(BED_CALENDAR)
    op.execute("revoke all on function bed_calendar from public")
    op.execute("grant execute on function bed_calendar to hub_api")


def downgrade() -> None:
    op.execute("drop function bed_calendar")
    op.execute("delete from tasks where kind = 'return_late'")
    op.execute(
        "delete from notifications where category in ('sleepover_extended', 'sleepover_ended_early')"
    )
    _replace("notifications", "ck_notification_category_known", OLD_CATEGORIES)
    _replace("tasks", "ck_task_kind_known", OLD_KINDS)
    op.execute("update sleepovers set cancel_reason = 'other' where cancel_reason = 'did_not_come'")
    _replace("sleepovers", "ck_sleepover_cancel_reason_known", OLD_CANCEL_REASONS)
    op.drop_index("ix_sleepovers_in_stay", "sleepovers")
    op.drop_index("ix_sleepovers_household_id_state_id", "sleepovers")
    op.drop_index("ix_sleepovers_constellation_id_state_id", "sleepovers")
    op.execute("revoke update (late_told_at) on sleepovers from hub_worker")
    op.drop_column("sleepovers", "late_told_at")


def _replace(table: str, name: str, rule: str) -> None:
    op.drop_constraint(op.f(name), table)
    op.create_check_constraint(op.f(name), table, rule)
