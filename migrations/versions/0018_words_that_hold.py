"""An agreement to share a bedroom counts while it is of the authority that holds the care plan.

As an exemption does: when the care plan goes to another authority, the word of the one before no
longer holds (NMS 10.6). The function of 0017, with one condition more.

And whatever ends before it begins is refused by the rule of its table, in words, not by the look for
others on the same days, which could make no range of it.
"""

from importlib import import_module

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BEFORE: str = import_module("migrations.versions.0017_nights_and_hub_homes").STAY_FACTS
_AGREEMENTS = "from sharing_agreements s\n        where "
STAY_FACTS = BEFORE.replace(
    _AGREEMENTS,
    """from sharing_agreements s join children c on c.id = s.child_id
        where (c.responsible_authority is null
               or lower(btrim(s.authority)) = lower(btrim(c.responsible_authority)))
          and """,
)

OVERLAPS: str = import_module("migrations.versions.0011_places_whole").REFUSE_OVERLAP.replace(
    "create function", "create or replace function"
)
REFUSE_OVERLAP = OVERLAPS.replace(
    "begin\n",
    """begin
  if new.ends_on < new.starts_on then
    return new;  -- no days at all: the table's own rule refuses it
  end if;
""",
)


def upgrade() -> None:
    op.execute(STAY_FACTS)
    op.execute(REFUSE_OVERLAP)


def downgrade() -> None:
    op.execute(OVERLAPS)
    op.execute(BEFORE)
