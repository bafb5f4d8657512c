"""Invitations, versions, what a session is on, and throttles."""

import sqlalchemy as sa
from alembic import op

from migrations.rls import grant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

REASONS = ("logout", "revoked", "password_changed", "account_closed", "refresh_token_reused")


def upgrade() -> None:
    op.add_column(
        "accounts", sa.Column("version", sa.Integer(), nullable=False, server_default="1")
    )
    op.alter_column("accounts", "password_hash", nullable=True)
    op.execute("grant insert, update on accounts to hub_api")
    op.execute("grant insert, update on role_grants to hub_api")
    op.drop_constraint("ck_role_grant_ends_after_start", "role_grants")
    op.create_check_constraint(
        op.f("ck_role_grant_ends_after_start"), "role_grants", "ends_on >= starts_on"
    )

    op.add_column("sessions", sa.Column("device", sa.Text(), nullable=False, server_default=""))
    op.add_column("sessions", sa.Column("network_hash", sa.LargeBinary(), nullable=True))
    op.create_index("ix_sessions_network_hash", "sessions", ["network_hash"])
    op.add_column("sessions", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("update sessions set seen_at = started_at")
    # The defaults stay: a node of the release before must go on letting people in.
    op.alter_column("sessions", "seen_at", nullable=False, server_default=sa.text("now()"))
    _end_reasons(REASONS)

    op.create_table(
        "invites",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_invites_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["accounts.id"], name=op.f("fk_invites_invited_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invites")),
        sa.UniqueConstraint("code_hash", name="uq_invite_code_hash"),
    )
    op.create_index("ix_invites_account_id", "invites", ["account_id"])
    grant("invites", api="select, insert, update")
    op.create_table(
        "throttles",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("empty_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttles")),
    )
    grant("throttles", api="select, insert, update", worker="select, delete")


def downgrade() -> None:
    op.drop_table("throttles")
    op.drop_table("invites")
    op.execute(
        "update sessions set end_reason = 'logout' where end_reason not in ('logout', 'refresh_token_reused')"
    )
    _end_reasons(("logout", "refresh_token_reused"))
    op.drop_index("ix_sessions_network_hash", "sessions")
    op.drop_column("sessions", "network_hash")
    op.drop_column("sessions", "seen_at")
    op.drop_column("sessions", "device")
    op.execute("delete from role_grants where ends_on = starts_on")  # they never held
    op.drop_constraint("ck_role_grant_ends_after_start", "role_grants")
    op.create_check_constraint(
        op.f("ck_role_grant_ends_after_start"), "role_grants", "ends_on > starts_on"
    )
    op.execute("revoke insert, update on role_grants from hub_api")
    op.execute("revoke insert, update on accounts from hub_api")
    # Nobody's hash: whoever was invited and never came can't log in before either.
    op.execute("update accounts set password_hash = '' where password_hash is null")
    op.alter_column("accounts", "password_hash", nullable=False)
    op.drop_column("accounts", "version")


def _end_reasons(reasons: tuple[str, ...]) -> None:
    words = ", ".join(f"'{reason}'" for reason in reasons)
    op.drop_constraint("ck_session_end_reason_known", "sessions")
    op.create_check_constraint(
        op.f("ck_session_end_reason_known"), "sessions", f"end_reason in ({words})"
    )
