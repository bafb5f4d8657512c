"""The carers are told, too, when the rest of a pack is due: it is they who know it."""

from migrations.words import add_words, remove_words

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

CONSTRAINT = ("notifications", "ck_notification_category_known", "category", ("pack_due",))


def upgrade() -> None:
    add_words(*CONSTRAINT, before="handover_written")


def downgrade() -> None:
    remove_words(*CONSTRAINT)
