"""API processes and workers killed again and again while families ask, cancel and carry on.

`make battery` runs the whole of it; STORM_OPERATIONS and STORM_KILLS say how much.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from hub_api import db
from tests.crash.storm import Client, Processes, Storm, rage
from tests.factories.world import make_family, make_neighbourhood
from tests.running.program import wait_until

OPERATIONS = int(os.environ.get("STORM_OPERATIONS", "300"))
KILLS = int(os.environ.get("STORM_KILLS", "10"))
FAMILIES, BEDS = 6, 2

UNFINISHED = "select from jobs.procrastinate_jobs where status <> 'succeeded'"
NOT_READY = "select from notifications where ready_at is null"
DOUBLED = {
    "an audit row": """
        select subject_id from audit_events where action in
        ('respite_request:submit', 'respite_request:accept', 'sleepover:cancel')
         group by action, subject_id having count(*) > 1""",
    "a notification": """
        select subject_id from notifications
         group by account_id, category, subject_id having count(*) > 1""",
    "a decision": """
        select request_id from respite_decisions
         group by decision, request_id having count(*) > 1""",
    "a sleepover": "select request_id from sleepovers group by request_id having count(*) > 1",
}
OVERBOOKED = {
    "a night with more children than beds": f"""
        select night from bed_nights group by hub_home_id, night having count(*) > {BEDS}""",
    "a stay with a night too few": """
        select s.id from sleepovers s join respite_requests r on r.id = s.request_id
         where s.state = 'confirmed' and cardinality(r.nights) <>
               (select count(*) from bed_nights b where b.sleepover_id = s.id)""",
}


@pytest.fixture
def families(app: Any, owner: Any, rows: Any) -> tuple[str, list[tuple[Any, str]]]:
    """The hub carer's address, and each family with its carer's, on an empty database."""
    assert app.engine
    with db.transaction(owner):
        hood = make_neighbourhood("Storm", beds=BEDS)
        made = [make_family(hood.id, f"family {number}") for number in range(FAMILIES)]
    emails = {row.id: row.email for row in rows("select id, email from accounts")}
    return emails[hood.hub_carer], [(family, emails[family.carer]) for family in made]


def ids(rows: Any, statement: str) -> Counter[str]:
    return Counter(str(row.id) for row in rows(statement))


def begin(
    storm: Storm, homes: list[Any], hub_carer_email: str, port: int, stack: ExitStack
) -> list[Callable[[], None]]:
    """Log everybody in; each family's life is to be run in a thread of its own."""
    lives = []
    for seed, (family, email) in enumerate(homes):
        carer, hub_carer = (
            stack.enter_context(Client(port, somebody, storm.tally))
            for somebody in (email, hub_carer_email)
        )
        lives.append(partial(storm.live, family, carer, hub_carer, seed))
    return lives


def figures(storm: Storm, processes: Processes, seconds: float) -> str:
    return (
        f"\n{storm.done.total()} operations ({dict(storm.done)}), "
        f"{processes.killed.total()} kills ({dict(processes.killed)}), "
        f"{storm.tally['sent again']} sent again; {len(storm.asked)} asked, "
        f"{len(storm.accepted)} accepted, {len(storm.cancelled)} cancelled; {seconds:.0f} s"
    )


class TestAStorm:
    def test_loses_and_doubles_nothing(
        self, families, rows, halves, worker_environment, tmp_path, capsys
    ):
        began = time.monotonic()
        hub_carer_email, homes = families
        storm, stack = Storm(OPERATIONS), ExitStack()
        processes = Processes(tmp_path, **worker_environment)
        try:
            lives = begin(storm, homes, hub_carer_email, processes.port, stack)
            rage(storm, lives, processes, KILLS)
            wait_until(lambda: not rows(UNFINISHED) and not rows(NOT_READY), within=60)
        finally:
            processes.end()
            stack.close()

        with capsys.disabled():
            print(figures(storm, processes, time.monotonic() - began))
        assert (storm.done.total(), processes.killed.total()) == (OPERATIONS, KILLS)
        assert storm.tally["sent again"] > 0
        assert ids(rows, "select id from respite_requests") == Counter(storm.asked)
        assert ids(
            rows, "select id from respite_requests where state = 'accepted'"
        ) == Counter(storm.accepted)  # fmt: skip
        assert ids(
            rows, "select id from sleepovers where state = 'cancelled'"
        ) == Counter(storm.cancelled)  # fmt: skip
        assert ids(rows, "select request_id as id from sleepovers") == Counter(storm.accepted)
        # Every key has its one object, and no login ended because its answer was lost.
        said_yes = len(storm.asked) + len(storm.accepted) + len(storm.cancelled)
        (keys,) = rows("select count(*) as sent, count(object_id) as kept from idempotency_keys")
        assert (keys.sent, keys.kept) == (said_yes, said_yes)
        assert rows("select from sessions where ended_at is not null") == []
        assert [name for name, statement in DOUBLED.items() if rows(statement)] == []
        assert [name for name, statement in OVERBOOKED.items() if rows(statement)] == []
        assert halves() == set()
