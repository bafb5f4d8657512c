"""The ledger of telling people: devices, deliveries, preferences, and channels at fault."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.rls import grant, keep_to_account

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

CATEGORIES = (
    "request_submitted", "request_accepted", "request_approved", "request_declined",
    "request_withdrawn", "request_changed", "request_expired", "approval_needed",
    "sleepover_cancelled", "sleepover_extended", "sleepover_ended_early",
)  # fmt: skip
NEW_CATEGORIES = (
    "sleepover_tomorrow", "handover_due", "return_due", "return_late", "device_stopped",
    "morning_digest", "push_test",
)  # fmt: skip
TABLES = ("notification_preferences", "channel_faults", "deliveries", "devices")
INSTANT = sa.DateTime(timezone=True)
NEW_COLUMNS = ("severity", "expires_at", "opened_at", "acknowledged_at")


def words(column: str, allowed: tuple[str, ...]) -> str:
    return f"{column} in ({', '.join(map(repr, allowed))})"


def upgrade() -> None:
    change_notifications()
    create_devices()
    create_deliveries()
    create_channel_faults()
    create_preferences()


def change_notifications() -> None:
    for name, type_ in zip(NEW_COLUMNS, (sa.Text(), INSTANT, INSTANT, INSTANT), strict=True):
        op.add_column("notifications", sa.Column(name, type_))
    # What was told before is in the inbox, and nobody is disturbed with it any more.
    op.execute("update notifications set severity = 'routine', expires_at = created_at")
    op.execute("update notifications set ready_at = created_at where ready_at is null")
    for name in ("severity", "expires_at"):
        op.alter_column("notifications", name, nullable=False)
    op.drop_constraint(op.f("ck_notification_category_known"), "notifications")
    for name, condition in {
        "notification_category_known": words("category", CATEGORIES + NEW_CATEGORIES),
        "notification_severity_known": words("severity", ("routine", "important", "urgent")),
        "notification_opened_before_acknowledged": (
            "acknowledged_at is null or opened_at is not null"
        ),
    }.items():
        op.create_check_constraint(op.f(f"ck_{name}"), "notifications", condition)
    op.create_index(
        "ix_notifications_unopened",
        "notifications",
        ["account_id"],
        postgresql_where=sa.text("opened_at is null"),
    )
    op.execute("grant update (opened_at, acknowledged_at) on notifications to hub_api")
    op.execute("grant insert on notifications to hub_worker")


def create_devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("installation_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.Text()),
        sa.Column("auth", sa.Text()),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("app_version", sa.Text()),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("proven_at", INSTANT, nullable=False),
        sa.Column("dropped_at", INSTANT),
        sa.Column("drop_reason", sa.Text()),
        sa.CheckConstraint(
            words("kind", ("fid", "token", "webpush")), name=op.f("ck_device_kind_known")
        ),
        sa.CheckConstraint(
            words("platform", ("android", "ios", "web")), name=op.f("ck_device_platform_known")
        ),
        sa.CheckConstraint(
            "(kind = 'webpush') = (p256dh is not null and auth is not null)",
            name=op.f("ck_device_webpush_has_keys"),
        ),
        sa.CheckConstraint(
            "(dropped_at is null) = (drop_reason is null)", name=op.f("ck_device_drop_has_reason")
        ),
        sa.CheckConstraint(
            words(
                "drop_reason",
                ("removed", "taken_over", "unregistered", "wrong_sender", "bad_address"),
            ),
            name=op.f("ck_device_drop_reason_known"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_devices_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_devices_session_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
    )
    in_use = sa.text("dropped_at is null")
    op.create_index(
        "uq_device_installation",
        "devices",
        ["installation_id"],
        unique=True,
        postgresql_where=in_use,
    )
    op.create_index(
        "uq_device_address", "devices", ["kind", "address"], unique=True, postgresql_where=in_use
    )
    op.create_index("ix_devices_account_id", "devices", ["account_id"])
    op.create_index("ix_devices_session_id", "devices", ["session_id"])
    grant("devices", api="select, insert, update", worker="select, update")
    keep_to_account("devices")
    # Whoever logs in on a shared phone takes it over from somebody whose rows they can't see.
    op.execute("""
create function release_device(installation text, its_kind text, its_address text, at timestamptz)
returns void language sql security definer set search_path = public
begin atomic
  update devices set dropped_at = at, drop_reason = 'taken_over'
   where dropped_at is null
     and (installation_id = installation or (kind = its_kind and address = its_address));
end""")
    op.execute("revoke all on function release_device from public")
    op.execute("grant execute on function release_device to hub_api")


def create_deliveries() -> None:
    states = (
        "queued", "sending", "accepted", "received", "opened", "failed", "dropped", "expired",
        "suppressed",
    )  # fmt: skip
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Uuid()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("next_attempt_at", INSTANT),
        sa.Column("sending_since", INSTANT),
        sa.Column("first_attempt_at", INSTANT),
        sa.Column("accepted_at", INSTANT),
        sa.Column("received_at", INSTANT),
        sa.Column("opened_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("provider_id", sa.Text()),
        sa.Column("quiet_until", INSTANT),
        sa.Column("digest_id", sa.Uuid()),
        *(
            sa.CheckConstraint(condition, name=op.f(f"ck_{name}"))
            for name, condition in {
                "delivery_channel_known": words("channel", ("fcm", "webpush", "email", "sms")),
                "delivery_state_known": words("state", states),
                "delivery_push_has_device": (
                    "(channel in ('fcm', 'webpush')) = (device_id is not null)"
                ),
                "delivery_sending_has_start": "(state = 'sending') = (sending_since is not null)",
                "delivery_queued_has_next_attempt": (
                    "(state = 'queued') = (next_attempt_at is not null)"
                ),
                "delivery_end_has_reason": (
                    "state not in ('failed', 'suppressed') or reason is not null"
                ),
                "delivery_attempts_counted": "attempts >= 0",
            }.items()
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_deliveries_{column}"))
            for column, table in {
                "notification_id": "notifications",
                "account_id": "accounts",
                "device_id": "devices",
                "digest_id": "notifications",
            }.items()
        ),
        sa.UniqueConstraint("notification_id", "device_id", name="uq_delivery_device"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    for name, columns, condition in (
        ("uq_delivery_channel", ["notification_id", "channel"], "device_id is null"),
        ("ix_deliveries_due", ["channel", "next_attempt_at"], "state = 'queued'"),
        ("ix_deliveries_sending", ["sending_since"], "state = 'sending'"),
        ("ix_deliveries_device_id_id", ["device_id", "id"], None),
        (
            "ix_deliveries_waiting_for_digest",
            ["quiet_until"],
            "quiet_until is not null and digest_id is null",
        ),
    ):
        op.create_index(
            name,
            "deliveries",
            columns,
            unique=name.startswith("uq"),
            postgresql_where=None if condition is None else sa.text(condition),
        )
    grant("deliveries", api="select, update", worker="select, insert, update")
    keep_to_account("deliveries")
    # For /readyz and /metrics, where nobody in particular asks: counts and ages, no rows. What it
    # costs does not grow with the ledger.
    op.execute("""
create function delivery_figures(at timestamptz)
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
end""")
    op.execute("revoke all on function delivery_figures from public")
    op.execute("grant execute on function delivery_figures to hub_api, hub_worker")


def create_channel_faults() -> None:
    op.create_table(
        "channel_faults",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("probes", sa.Integer(), nullable=False),
        sa.Column("probe_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            words("channel", ("fcm", "webpush", "email", "sms")),
            name=op.f("ck_channel_fault_channel_known"),
        ),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_faults")),
    )
    grant("channel_faults", api="select", worker="select, insert, update, delete")


def create_preferences() -> None:
    op.create_table(
        "notification_preferences",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("quiet_from", sa.Time()),
        sa.Column("quiet_until", sa.Time()),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("mobile", sa.Text()),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("choices", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "(quiet_from is null) = (quiet_until is null)",
            name=op.f("ck_preferences_quiet_hours_whole"),
        ),
        sa.CheckConstraint(
            "quiet_from <> quiet_until", name=op.f("ck_preferences_quiet_hours_end")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_notification_preferences_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_notification_preferences")),
    )
    grant("notification_preferences", api="select, insert, update")
    keep_to_account("notification_preferences")


def downgrade() -> None:
    op.execute("drop function release_device")
    op.execute("drop function delivery_figures")
    for table in TABLES:
        op.drop_table(table)
    op.execute("revoke update (opened_at, acknowledged_at) on notifications from hub_api")
    op.execute("revoke insert on notifications from hub_worker")
    op.drop_index("ix_notifications_unopened", "notifications")
    known = words("category", CATEGORIES)
    op.execute(f"delete from notifications where not ({known})")  # noqa: S608 - words of ours
    for name in (
        "notification_category_known",
        "notification_severity_known",
        "notification_opened_before_acknowledged",
    ):
        op.drop_constraint(op.f(f"ck_{name}"), "notifications")
    op.create_check_constraint(
        op.f("ck_notification_category_known"), "notifications", words("category", CATEGORIES)
    )
    for name in NEW_COLUMNS:
        op.drop_column("notifications", name)
