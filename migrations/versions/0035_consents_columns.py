"""A task for whoever must ask what counts, when somebody has said no and a consent stands."""

from migrations.words import add_words, remove_words

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None

WORDS = ("tasks", "ck_task_kind_known", "kind", ("consent_refused",))


def upgrade() -> None:
    add_words(*WORDS)


def downgrade() -> None:
    remove_words(*WORDS)
