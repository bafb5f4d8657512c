"""Stays by their nights; hub homes that are renamed; places given by mistake that are taken back.

Whose exemption from the fostering limit counts is decided by where the hub carer lives now: the
function of 0016, with one condition more.
"""

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BY_ARRIVAL = [
    (table, column)
    for table in ("sleepovers", "respite_requests")
    for column in ("constellation_id", "household_id")
]

WITHDRAWN = ("hub_appointments", "memberships")

BEFORE: str = import_module("migrations.versions.0016_stay_facts_end").STAY_FACTS
_OF_THE_HOME = "from fostering_exemptions e where e.household_id = home.household_id"
STAY_FACTS = BEFORE.replace(
    _OF_THE_HOME,
    f"""{_OF_THE_HOME}
          -- Of the authority where the hub carer lives, once it is known (Children Act 1989 Sch 7).
          and (home.home_authority is null
               or lower(btrim(e.authority)) = lower(btrim(home.home_authority)))""",
)


def upgrade() -> None:
    op.execute(STAY_FACTS)
    for table, column in BY_ARRIVAL:
        op.create_index(f"ix_{table}_{column}_arrives_at", table, [column, "arrives_at"])
    op.add_column(
        "hub_homes", sa.Column("version", sa.Integer(), nullable=False, server_default="1")
    )
    op.alter_column("hub_homes", "version", server_default=None)
    op.execute("grant update (version, name, home_authority) on hub_homes to hub_api")
    for table in WITHDRAWN:
        op.execute(f"grant delete on {table} to hub_api")


def downgrade() -> None:
    op.execute(BEFORE)
    for table in WITHDRAWN:
        op.execute(f"revoke delete on {table} from hub_api")
    op.execute("revoke update (name, home_authority) on hub_homes from hub_api")
    op.drop_column("hub_homes", "version")
    for table, column in BY_ARRIVAL:
        op.drop_index(f"ix_{table}_{column}_arrives_at", table)
