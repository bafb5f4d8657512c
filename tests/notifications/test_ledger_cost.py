"""Taking the next delivery costs the same however many there have been.

`make battery` looks at 200,000 old ones; PUSH_LEDGER says at how many.
"""

import os
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub_api import clock
from hub_api.notifications import circuits, delivering
from hub_api.notifications.categories import Category
from hub_api.operations import telling

OLD = int(os.environ.get("PUSH_LEDGER", "3000"))

# Like the first one, many times over, and long since done.
MORE = """
    insert into {table} select made.*
      from (select to_jsonb(t) as it from {table} t limit 1) first,
           generate_series(1, :count) n,
           jsonb_populate_record(null::{table}, first.it || jsonb_build_object({changes})) made
"""
NOTIFICATIONS = MORE.format(
    table="notifications",
    changes="'id', md5('told' || n)::uuid, 'opened_at', first.it ->> 'created_at'",
)
DELIVERIES = MORE.format(
    table="deliveries",
    changes="""'id', md5('sent' || n)::uuid, 'notification_id', md5('told' || n)::uuid,
               'state', (array['accepted', 'received', 'opened', 'expired'])[1 + n % 4],
               'next_attempt_at', null""",
)


LEDGER = {"deliveries", "notifications"}
"""What grows with each thing told. The few accounts and phones of the test's world are read however
the planner likes, by what the tests before have left in its statistics."""


def examined(connection, statement, values):
    """Rows of the ledger that the plan's nodes looked at, all loops together."""
    (plan,) = connection.execute(
        sa.text(f"explain (analyze, format json, timing off) {statement}"), values
    ).scalar_one()
    total, kinds = 0, set()
    nodes = [plan["Plan"]]
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        if node.get("Relation Name") in LEDGER:
            seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            total += round(seen * node["Actual Loops"])
            kinds.add((node["Node Type"], node["Relation Name"]))
    return total, kinds


@pytest.fixture
def ledger(told, town, world, owner):
    """One that is due, among all that have been."""
    town.phone(world.here.hub_carer)
    told(Category.REQUEST_SUBMITTED)
    with owner.begin() as connection:
        connection.execute(sa.text("set local statement_timeout = 0"))
        for statement in (NOTIFICATIONS, DELIVERIES):
            connection.execute(sa.text(statement), {"count": OLD})
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # Not the rows that the tests before have left dead either.
        connection.execute(sa.text("vacuum analyze notifications"))
        connection.execute(sa.text("vacuum analyze deliveries"))


def asked(post, now):
    """What the claim is asked with."""
    channels = [str(name) for name in post.channels]
    latest_probe = now + circuits.LATEST_PROBE
    return {"channels": channels, "now": now, "last": "", "latest_probe": latest_probe}


@pytest.mark.usefixtures("ledger")
def test_the_next_delivery_is_found_by_its_index_alone(post, capsys):
    values = asked(post, clock.now())
    with post.engine.begin() as connection:
        rows, kinds = examined(connection, delivering._NEXT.text, values)
    with capsys.disabled():
        print(f"\ntaking the next of {OLD + 1} deliveries looks at {rows} rows")
    assert rows < 30
    assert ("Seq Scan", "deliveries") not in kinds
    assert ("Seq Scan", "notifications") not in kinds
    assert post.send_due() == 1


QUEUED = (
    NOTIFICATIONS.replace("told", "waits"),
    MORE.format(
        table="deliveries",
        changes="""'id', md5('queued' || n)::uuid, 'notification_id', md5('waits' || n)::uuid,
                   'state', 'queued', 'is_urgent', n % 2 = 0,
                   'next_attempt_at', cast(:at as text)""",
    ),
)


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("wait", [timedelta(minutes=-5), timedelta(minutes=5)])
def test_so_it_is_among_many_that_are_due_or_wait_for_another_try(post, owner, wait):
    now = clock.now()
    with owner.begin() as connection:
        connection.execute(sa.text("set local statement_timeout = 0"))
        for statement in QUEUED:
            given = {"count": OLD, "at": (now + wait).isoformat()}
            connection.execute(sa.text(statement), given)
    values = asked(post, now)
    with post.engine.begin() as connection:
        rows, kinds = examined(connection, delivering._NEXT.text, values)
    assert rows < 30
    assert ("Seq Scan", "deliveries") not in kinds


@pytest.mark.usefixtures("ledger")
def test_the_figures_cost_no_more_than_the_newest_ten_thousand(owner):
    values = {"at": clock.now()}
    with owner.begin() as connection:
        (plan,) = connection.execute(
            sa.text(f"explain (analyze, buffers, format json) {telling._FIGURES.text}"), values
        ).scalar_one()
    assert plan["Plan"]["Actual Rows"] <= 10
    assert plan["Execution Time"] < 1_000
