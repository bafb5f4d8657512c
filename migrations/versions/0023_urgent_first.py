"""Urgent deliveries go before all others of their channel; words follow a person's language.

What a notification says is shown in the language its person chose: when they choose another, all of
them are shown otherwise, and a phone that keeps copies has to hear of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

FIGURES = """
create or replace function delivery_figures(at timestamptz)
returns table (channel text, state text, recent bigint, oldest_due_seconds float8)
language sql stable security definer set search_path = public
begin atomic
  select d.channel, d.state, count(*), null::float8
    from (select r.channel, r.state from deliveries r order by r.id desc limit 10000) d
   group by d.channel, d.state
  union all
  select c.channel, null, null, extract(epoch from at - d.next_attempt_at)::float8
    from unnest(array['fcm', 'webpush', 'email', 'sms']) c(channel)
   cross join lateral
         (select min(oldest.next_attempt_at) as next_attempt_at
            from (values (true), (false)) p(is_urgent)
           cross join lateral
                 (select q.next_attempt_at from deliveries q
                   where q.state = 'queued' and q.channel = c.channel
                     and q.is_urgent = p.is_urgent and q.next_attempt_at <= at
                   order by q.next_attempt_at limit 1) oldest) d
   where d.next_attempt_at is not null;
end"""
FIGURES_BEFORE = """
create or replace function delivery_figures(at timestamptz)
returns table (channel text, state text, recent bigint, oldest_due_seconds float8)
language sql stable security definer set search_path = public
begin atomic
  select d.channel, d.state, count(*), null::float8
    from (select r.channel, r.state from deliveries r order by r.id desc limit 10000) d
   group by d.channel, d.state
  union all
  select c.channel, null, null, extract(epoch from at - d.next_attempt_at)::float8
    from unnest(array['fcm', 'webpush', 'email', 'sms']) c(channel)
   cross join lateral
         (select q.next_attempt_at from deliveries q
           where q.state = 'queued' and q.channel = c.channel and q.next_attempt_at <= at
           order by q.next_attempt_at limit 1) d;
end"""

SPEAKS = {
    "sync_part_of_notifications": (
        "update on notification_preferences for each row"
        " when (old.language is distinct from new.language)"
    ),
    "sync_first_part_of_notifications": (
        "insert on notification_preferences for each row when (new.language <> 'en')"
    ),
}
"""Triggers as those of 0022, but for the many changes of preferences that leave the language."""


def upgrade() -> None:
    op.add_column(
        "deliveries", sa.Column("is_urgent", sa.Boolean(), nullable=False, server_default="false")
    )
    op.alter_column("deliveries", "is_urgent", server_default=None)
    op.execute(
        "update deliveries d set is_urgent = true from notifications n"
        " where n.id = d.notification_id and n.severity = 'urgent'"
    )
    due_by("channel", "is_urgent", "next_attempt_at")
    op.execute(FIGURES)
    for name, when in SPEAKS.items():
        op.execute(
            f"create trigger {name} after {when} execute function"
            " sync_part(account_id, notifications, 'p.account_id = $1')"
        )


def due_by(*columns: str) -> None:
    op.drop_index("ix_deliveries_due", "deliveries")
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        [*columns],
        postgresql_where=sa.text("state = 'queued'"),
    )


def downgrade() -> None:
    for name in SPEAKS:
        op.execute(f"drop trigger {name} on notification_preferences")
    op.execute(FIGURES_BEFORE)
    due_by("channel", "next_attempt_at")
    op.drop_column("deliveries", "is_urgent")
