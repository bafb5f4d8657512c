"""What was said about a child's nights away stays as it was said. A task for whoever must ask."""

from alembic import op

from migrations.words import add_words, remove_words

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None

CHANGED = {
    "consents": ("version", "ends_on", "withdrawn_at"),
    "consent_flags": ("version", "ends_on"),
}
"""Whose word it was, how it is known, by whom it was written down and from when it counts is never
changed. A child who moves takes them along by the foreign key, which asks for no grant."""

WORDS = ("tasks", "ck_task_kind_known", "kind", ("consent_refused",))


def upgrade() -> None:
    for table, columns in CHANGED.items():
        op.execute(f"revoke update on {table} from hub_api")
        op.execute(f"grant update ({', '.join(columns)}) on {table} to hub_api")
    add_words(*WORDS)


def downgrade() -> None:
    remove_words(*WORDS)
    for table, columns in CHANGED.items():
        op.execute(f"revoke update ({', '.join(columns)}) on {table} from hub_api")
        op.execute(f"grant update on {table} to hub_api")
