"""A task for whoever must ask what counts, where a no meets another yes; and a record that was opened
without need is closed by whoever finds so.
"""

from alembic import op

from migrations.words import add_words, remove_words

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

WORDS = ("tasks", "ck_task_kind_known", "kind", ("consent_refused",))


def upgrade() -> None:
    add_words(*WORDS)
    op.execute("grant update (expires_at) on break_glass to hub_api")


def downgrade() -> None:
    op.execute("revoke update (expires_at) on break_glass from hub_api")
    remove_words(*WORDS)
