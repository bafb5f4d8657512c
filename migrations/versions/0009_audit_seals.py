"""Seals on the audit trail, and who may read it."""

import sqlalchemy as sa
from alembic import op

from migrations.rls import keep_to_the_worker, show_to_those_who_oversee_the_service

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WRITTEN = "id, at, actor_id, action, outcome, subject_id, constellation_id, request_id, changed"
"""Everything but `xid`, which the database fills in: with it, an event could be given a past."""

INDEXES = {
    "ix_audit_events_actor_id_id": ("actor_id", "id"),
    "ix_audit_events_action_id": ("action", "id"),
    "ix_audit_events_xid_id": ("xid", "id"),
}
PARTIAL_INDEXES = {
    "ix_audit_events_refused": "outcome = 'refused'",
    "ix_audit_events_of_the_service": "constellation_id is null",
}


def upgrade() -> None:
    # The default is worked out once, so rows that are there get this transaction and no rewrite.
    op.add_column(
        "audit_events",
        sa.Column(
            "xid",
            sa.BigInteger(),
            server_default=sa.text("(pg_current_xact_id()::text)::bigint"),
            nullable=False,
        ),
    )
    for name, columns in INDEXES.items():
        op.create_index(name, "audit_events", list(columns))
    for name, where in PARTIAL_INDEXES.items():
        op.create_index(name, "audit_events", ["id"], postgresql_where=sa.text(where))
    op.execute("revoke insert on audit_events from hub_api, hub_worker")
    op.execute(f"grant insert ({WRITTEN}) on audit_events to hub_api, hub_worker")
    show_to_those_who_oversee_the_service("audit_events")
    op.create_table(
        "audit_seals",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.SmallInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["audit_events.id"], name=op.f("fk_audit_seals_event_id")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint("event_id", name="uq_audit_seal_event"),
    )
    op.execute("grant select, insert on audit_seals to hub_worker")
    keep_to_the_worker("audit_seals")
    _make_figures()


def _make_figures() -> None:
    """For the API's metrics, which must not see a seal: how far the sealing is."""
    op.execute("""
        create function audit_sealing()
        returns table (sealed bigint, last_sealed_at timestamptz, oldest_unsealed_at timestamptz)
        language sql stable security definer set search_path = public
        begin atomic
            select coalesce(head.seq, 0), head.sealed_at, waiting.at
              from (select 1) as always
              left join lateral (
                select s.seq, s.xid, s.event_id, s.sealed_at
                  from audit_seals s order by s.seq desc limit 1
              ) head on true
              left join lateral (
                select e.at from audit_events e
                 where (e.xid, e.id) > (
                   coalesce(head.xid, -1),
                   coalesce(head.event_id, '00000000-0000-0000-0000-000000000000'::uuid))
                 order by e.xid, e.id limit 1
              ) waiting on true;
        end
    """)
    op.execute("revoke all on function audit_sealing() from public")
    op.execute("grant execute on function audit_sealing() to hub_api, hub_worker")


def downgrade() -> None:
    op.execute("drop function audit_sealing()")
    op.drop_table("audit_seals")
    op.execute("drop policy audit_events_service on audit_events")
    op.execute(f"revoke insert ({WRITTEN}) on audit_events from hub_api, hub_worker")
    op.execute("grant insert on audit_events to hub_api, hub_worker")
    for name in (*PARTIAL_INDEXES, *INDEXES):
        op.drop_index(name, "audit_events")
    op.drop_column("audit_events", "xid")
