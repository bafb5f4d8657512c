"""What is written about a stay is of that stay's constellation, as the database knows by now, too.

It knew a stay and its child together, and the constellation beside them: a row of one constellation
about another's stay could be there. So a child who is missing could look reported already, by a row
that those who report it don't see.

And a second report may say that the child was missed earlier, or when it was to be back; and an
incident that may be about the hub is hidden from it, as a concern is from whom it is about.
"""

import sqlalchemy as sa
from alembic import op

from migrations.rls import CONSTELLATIONS

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

OF_A_STAY = {
    "stay_entries": "stay_entry",
    "incidents": "incident",
    "missing_episodes": "missing_episode",
    "medication_records": "medication_record",
    "handovers": "handover",
    "debriefs": "debrief",
    "outings": "outing",
}
"""Table → what its foreign key is named after."""

CHILD = ["child_id"]
WHOSE = ["child_id", "constellation_id"]


OURS = f"constellation_id = {CONSTELLATIONS}"
HOSTED = f"""sleepover_id = any (array(
    select id from sleepovers
     where hosting_constellation_id = {CONSTELLATIONS} and state <> 'cancelled'))"""  # noqa: S608
UNHIDDEN = "(hidden_from is null or not hidden_from && (select known_as()))"

HIDE_FROM_HUBS = """
update incidents i set hidden_from = (
    select array_agg(distinct whose)
      from role_grants g, unnest(kept_from(g.account_id, null)) as whose
     where g.role = 'hub_carer' and g.constellation_id = s.run_by
       and (g.ends_on is null or g.ends_on > (now() at time zone 'Europe/London')::date))
  from (select id, coalesce(hosting_constellation_id, constellation_id) as run_by
          from sleepovers) s
 where s.id = i.sleepover_id
   and i.kind in ('serious_offence_alleged', 'serious_complaint', 'child_protection_enquiry')
   and not exists (select from role_grants g
                    where g.account_id = i.written_by and g.role = 'hub_carer'
                      and g.constellation_id = s.run_by)
"""
"""Those that are there and nobody of the hub wrote."""


def upgrade() -> None:
    op.create_unique_constraint("uq_sleepover_of_constellation", "sleepovers", ["id", *WHOSE])
    op.create_unique_constraint("uq_handover_of_constellation", "handovers", ["id", *WHOSE])
    _point_at_stays(WHOSE)
    op.drop_constraint("uq_handover_of_child", "handovers")
    op.execute("grant update (noticed_at, agreed_at) on missing_episodes to hub_api")
    op.add_column("incidents", sa.Column("hidden_from", sa.ARRAY(sa.Uuid())))
    op.execute(HIDE_FROM_HUBS)
    # Whoever may not see it may still be the one who writes it, as of tasks.
    for policy, asks in (("constellation", OURS), ("hosted", HOSTED)):
        op.execute(
            f"alter policy incidents_{policy} on incidents"
            f" using ({asks} and {UNHIDDEN}) with check ({asks})"
        )


def _point_at_stays(whose: list[str]) -> None:
    keys = {table: ("sleepover", "sleepovers", name) for table, name in OF_A_STAY.items()}
    keys["medicine_counts"] = ("handover", "handovers", "medicine_count")
    for table, (what, others, name) in keys.items():
        op.drop_constraint(f"fk_{name}_{what}", table)
        op.create_foreign_key(
            f"fk_{name}_{what}", table, others, [f"{what}_id", *whose], ["id", *whose]
        )


def downgrade() -> None:
    """The older release hides no incident: what is there is shown to the hub again."""
    for policy, asks in (("constellation", OURS), ("hosted", HOSTED)):
        op.execute(f"drop policy incidents_{policy} on incidents")
        op.execute(f"create policy incidents_{policy} on incidents to hub_api using ({asks})")
    op.drop_column("incidents", "hidden_from")
    op.execute("revoke update (noticed_at, agreed_at) on missing_episodes from hub_api")
    op.create_unique_constraint("uq_handover_of_child", "handovers", ["id", *CHILD])
    _point_at_stays(CHILD)
    op.drop_constraint("uq_handover_of_constellation", "handovers")
    op.drop_constraint("uq_sleepover_of_constellation", "sleepovers")
