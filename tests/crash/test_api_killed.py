"""An API process killed between any two steps leaves all of an operation, or nothing of it."""

from typing import Any

import pytest

from tests.conftest import World, changed
from tests.crash.test_worker_killed import OF_TELLING
from tests.phone import Phone
from tests.running.program import HUB, Program, wait_until


def attempt(phone: Phone, path: str, body: Any = None, seen: int | None = None) -> dict[str, Any]:
    headers = {**phone.headers, **({"If-Match": f'"{seen}"'} if seen else {})}
    return {"path": path, "body": body, "headers": headers}


def ask(world: World) -> dict[str, Any]:
    return attempt(world.carer, "/respite-requests", world.ask_body())


def accept(world: World) -> dict[str, Any]:
    request = world.asked(nights=2)
    path = f"/respite-requests/{request['id']}/accept"
    return attempt(world.hub_carer, path, seen=request["version"])


def cancel(world: World) -> dict[str, Any]:
    sleepover = world.booked()
    path = f"/sleepovers/{sleepover['id']}/cancel"
    return attempt(world.carer, path, {"reason": "child_unwell"}, seen=sleepover["version"])


OPERATIONS = {"ask": ask, "accept": accept, "cancel": cancel}
TOLD = {
    "audit_events", "notifications", "procrastinate_jobs", "procrastinate_events", "sync_entries"
}  # fmt: skip
WHOLE = {
    "ask": TOLD | {"respite_requests", "requested_children", "respite_decisions"},
    "accept": TOLD
    | {"hub_homes", "respite_requests", "respite_decisions", "sleepovers", "bed_nights"},
    "cancel": TOLD | {"hub_homes", "sleepovers", "bed_nights"},
}
"""The tables each operation writes to."""

STEPS = {
    "ask": ["record", "notify", "defer", "commit"],
    "accept": ["lock", "book", "record", "notify", "defer", "commit"],
    "cancel": ["lock", "record", "notify", "defer", "commit"],
}
MOMENTS = [
    (operation, f"{when} {step}")
    for operation, steps in STEPS.items()
    for step in steps
    for when in ("before", "after")
]


class TestAKilledApi:
    @pytest.mark.parametrize(("operation", "moment"), MOMENTS)
    def test_leaves_all_or_nothing(self, world, dying, everything, halves, operation, moment):
        doomed = OPERATIONS[operation](world)
        before = everything()
        dying.die(moment, doomed)
        expected = WHOLE[operation] if moment == "after commit" else set()
        assert changed(before, everything()) == expected
        assert halves() == set()

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_is_replaced_by_one_that_does_all_of_it(
        self, world, dying, everything, halves, operation
    ):
        doomed = OPERATIONS[operation](world)
        before = everything()
        dying.die("before commit", doomed)
        assert dying.send(doomed).is_success
        assert changed(before, everything()) == WHOLE[operation]
        assert halves() == set()

    def test_that_had_committed_does_not_book_twice(self, world, dying, everything):
        doomed = accept(world)
        dying.die("after commit", doomed)
        before = everything()
        assert dying.send(doomed).status_code == 412
        assert changed(before, everything()) == set()

    def test_leaves_a_worker_to_tell_of_what_was_booked_and_of_nothing_else(
        self, world, dying, rows, worker_environment, tmp_path
    ):
        doomed = accept(world)
        ready = (
            "select from notifications where category = 'request_accepted' and ready_at <= now()"
        )
        with Program((*HUB, "worker"), tmp_path / "worker.log", **worker_environment):
            dying.die("before commit", doomed)
            dying.die("after commit", doomed)
            wait_until(lambda: rows(ready))
            # A job is said to be done after what it did was committed.
            wait_until(lambda: not rows(f"{OF_TELLING} and status in ('todo', 'doing')"))
        jobs = rows(f"{OF_TELLING} order by id")
        assert [job.status for job in jobs] == ["succeeded", "succeeded"]


class TestTheComparison:
    """It notices when an operation is not one transaction."""

    def test_finds_a_job_deferred_on_a_connection_of_its_own(
        self, world, dying, everything, halves
    ):
        doomed = accept(world)
        before = everything()
        dying.die("before commit", doomed, Go_Wrong="job elsewhere")
        assert changed(before, everything()) == {"procrastinate_jobs", "procrastinate_events"}
        assert halves() == {"a job without its notification"}

    def test_finds_a_booking_committed_before_anybody_is_told(
        self, world, dying, everything, halves
    ):
        doomed = accept(world)
        before = everything()
        dying.die("before notify", doomed, Go_Wrong="commit early")
        assert changed(before, everything()) not in (set(), WHOLE["accept"])
        assert halves() == {"a booking without its notification"}
