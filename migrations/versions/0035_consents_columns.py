"""What was said about a child's nights away stays as it was said, and who said no to an emergency
opens it no more once it is settled. A task for whoever must ask what counts.
"""

from importlib import import_module

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

_BEFORE: str = import_module("migrations.versions.0032_emergencies").OPEN_EMERGENCY
BEFORE = _BEFORE.replace("create function", "create or replace function")
_ANSWER = "from emergency_asks a\n     where a.id = ask and a.answer is distinct from 'settled'"
OPEN_EMERGENCY = BEFORE.replace(
    _ANSWER,
    """from emergency_asks a
      join emergencies e on e.id = a.emergency_id and e.state = 'looking'
     where a.id = ask and (a.answer is null or a.answer = 'no')""",
)
"""Whoever said no may still say yes, for as long as nobody has the children."""
if OPEN_EMERGENCY == BEFORE:
    raise RuntimeError("The function of 0032 reads differently: the condition found no place.")


def upgrade() -> None:
    for table, columns in CHANGED.items():
        op.execute(f"revoke update on {table} from hub_api")
        op.execute(f"grant update ({', '.join(columns)}) on {table} to hub_api")
    # Whoever finds that a record was opened without need closes it.
    op.execute("grant update (expires_at) on break_glass to hub_api")
    op.execute(OPEN_EMERGENCY)
    add_words(*WORDS)


def downgrade() -> None:
    remove_words(*WORDS)
    op.execute(BEFORE)
    op.execute("revoke update (expires_at) on break_glass from hub_api")
    for table, columns in CHANGED.items():
        op.execute(f"revoke update ({', '.join(columns)}) on {table} from hub_api")
        op.execute(f"grant update on {table} to hub_api")
