"""A notification knows where what it tells of happened; who loses a phone to somebody hears of it.

What happened somewhere is sent only to whoever still holds a role there, and not to somebody who
holds the same role elsewhere. Those told before know no place, and go to whoever holds the role at
all, as they did. Beside that, a household's requests of one state are found in an index alone, as
its stays are since 0025.
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

PLACES = {"constellation_id": "constellations", "household_id": "households"}

BY_STATE = "ix_respite_requests_household_id_state_id"

CATEGORIES = (
    "request_submitted", "request_accepted", "request_approved", "request_declined",
    "request_withdrawn", "request_changed", "request_expired", "approval_needed",
    "sleepover_cancelled", "sleepover_extended", "sleepover_ended_early", "sleepover_tomorrow",
    "handover_due", "return_due", "return_late", "device_stopped", "morning_digest", "push_test",
)  # fmt: skip
NEW_CATEGORIES = (*CATEGORIES[:-2], "device_taken_over", *CATEGORIES[-2:])

RELEASE = """
create function release_device(installation text, its_kind text, its_address text, at timestamptz)
returns table (device_id uuid, account_id uuid, was_logged_in boolean)
language sql security definer set search_path = public
begin atomic
  update devices d set dropped_at = at, drop_reason = 'taken_over'
   where d.dropped_at is null
     and (d.installation_id = installation or (d.kind = its_kind and d.address = its_address))
  returning d.id, d.account_id, exists (
         select from sessions s
          where s.id = d.session_id and s.ended_at is null and s.expires_at > at);
end"""
RELEASE_BEFORE = """
create function release_device(installation text, its_kind text, its_address text, at timestamptz)
returns void language sql security definer set search_path = public
begin atomic
  update devices set dropped_at = at, drop_reason = 'taken_over'
   where dropped_at is null
     and (installation_id = installation or (kind = its_kind and address = its_address));
end"""


def upgrade() -> None:
    for column, table in PLACES.items():
        op.add_column("notifications", sa.Column(column, sa.Uuid()))
        name = op.f(f"fk_notifications_{column}")
        op.create_foreign_key(name, "notifications", table, [column], ["id"])
    op.create_index(
        BY_STATE,
        "respite_requests",
        ["household_id", "state", "id"],
        postgresql_include=["constellation_id"],
    )
    replace_categories(NEW_CATEGORIES)
    replace_release(RELEASE)


def downgrade() -> None:
    replace_release(RELEASE_BEFORE)
    op.execute("delete from notifications where category = 'device_taken_over'")
    replace_categories(CATEGORIES)
    op.drop_index(BY_STATE, "respite_requests")
    for column in PLACES:
        op.drop_constraint(op.f(f"fk_notifications_{column}"), "notifications")
        op.drop_column("notifications", column)


def replace_categories(known: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_notification_category_known"), "notifications")
    rule = f"category in ({', '.join(map(repr, known))})"
    op.create_check_constraint(op.f("ck_notification_category_known"), "notifications", rule)


def replace_release(function: str) -> None:
    op.execute("drop function release_device")
    op.execute(function)
    op.execute("revoke all on function release_device from public")
    op.execute("grant execute on function release_device to hub_api")
