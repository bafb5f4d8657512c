"""Of an emergency in another constellation, no more than answering takes: it is open to the hub
that is asked while a bed is looked for, not for ever. And of a consent or a flag the API's role may
change what the program changes: when it ends, and that it was withdrawn.
"""

from importlib import import_module

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

CHANGED = {
    "consents": "update (version, ends_on, withdrawn_at)",
    "consent_flags": "update (version, ends_on)",
}

BEFORE = import_module("migrations.versions.0032_emergencies").OPEN_EMERGENCY.replace(
    "create function", "create or replace function"
)
# Who said no may still say yes, as long as nobody else has.
ASKED = "a.answer is distinct from 'settled'"
STILL_ASKED = """(a.answer is null or a.answer = 'no')
       and exists (select from emergencies e where e.id = a.emergency_id and e.state = 'looking')"""


def upgrade() -> None:
    op.execute(BEFORE.replace(ASKED, STILL_ASKED))
    for table, changed in CHANGED.items():
        op.execute(f"revoke update on {table} from hub_api")
        op.execute(f"grant {changed} on {table} to hub_api")


def downgrade() -> None:
    op.execute(BEFORE)
    for table, changed in CHANGED.items():
        op.execute(f"revoke {changed} on {table} from hub_api")
        op.execute(f"grant update on {table} to hub_api")
