"""Every child's data key, and the first text sealed under it: the note on a respite request.

Children who are there already get their key with the first text about them: the ring that wraps
keys is out of the database's reach.
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import scope_by_constellation

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_unique_constraint("uq_child_in_constellation", "children", ["id", "constellation_id"])
    op.create_table(
        "child_keys",
        sa.Column("child_id", sa.Uuid(), nullable=False),
        sa.Column("constellation_id", sa.Uuid(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(wrapped_key, erased_at) = 1", name=op.f("ck_child_key_or_erased")
        ),
        sa.CheckConstraint(
            "(wrapped_key is null) = (key_id is null)", name=op.f("ck_child_key_names_its_ring_key")
        ),
        sa.CheckConstraint("key_id between 1 and 255", name=op.f("ck_child_key_id_is_a_byte")),
        sa.ForeignKeyConstraint(
            ["child_id", "constellation_id"],
            ["children.id", "children.constellation_id"],
            name="fk_child_key_child",
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("child_id", name=op.f("pk_child_keys")),
    )
    # The API can make a child's key and never change or erase one. The worker has no use for them.
    op.execute("grant select, insert on child_keys to hub_api")
    scope_by_constellation("child_keys")
    op.add_column("respite_requests", sa.Column("note", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("respite_requests", "note")
    op.drop_table("child_keys")
    op.drop_constraint("uq_child_in_constellation", "children", type_="unique")
