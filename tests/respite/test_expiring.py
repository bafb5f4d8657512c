"""Requests that nobody answered in time."""

import pytest

from hub_api.respite import expiring
from hub_api.respite.jobs import expire_requests
from tests.conftest import changed
from tests.factories.requests import LONG, decide, held, liaison, path_of, stay
from tests.respite.test_approving import open_tasks, told

pytestmark = pytest.mark.usefixtures("worker")


class TestAnUnansweredRequest:
    def test_expires_and_both_sides_hear_of_it(self, world, overdue, rows):
        request = world.asked()
        overdue(request)
        expire_requests(0)
        assert world.carer.get(path_of(request)).json["state"] == "expired"
        people = {world.here.family.carer, world.here.hub_carer}
        assert told(rows, "request_expired") == people
        (kept,) = rows("select * from respite_decisions where decision = 'expired'")
        assert kept.decided_by is None
        assert kept.checks
        (event,) = rows("select * from audit_events where action = 'respite_request:expire'")
        assert (event.actor_id, str(event.subject_id)) == (None, request["id"])
        ids = rows("select id::text from notifications where category = 'request_expired'")
        jobs = [job.args for job in rows("select args from jobs.procrastinate_jobs")]
        assert {"notification_ids": [row.id for row in ids]} in jobs

    def test_frees_the_beds_that_were_held(self, world, overdue, rows):
        request = held(world)
        overdue(request)
        expire_requests(0)
        assert rows("select 1 from bed_nights") == []
        assert open_tasks(rows) == []

    def test_settles_the_task_of_a_missing_hub_carer(self, world, owner, overdue, rows):
        with owner.begin() as connection:
            connection.exec_driver_sql("delete from role_grants where role = 'hub_carer'")
        request = world.asked()
        assert open_tasks(rows) == [("hub_carer_missing", request["id"])]
        overdue(request)
        expire_requests(0)
        assert open_tasks(rows) == []

    def test_expires_once(self, world, overdue, everything):
        overdue(world.asked())
        expire_requests(0)
        before = everything()
        expire_requests(0)
        assert changed(before, everything()) == set()

    def test_is_left_alone_in_time(self, world, overdue, everything):
        drafted, answered = world.asked(draft=True), world.asked(**stay(20))
        world.asked(**stay(40))
        decide(world.hub_carer, answered, "decline", {"reason": "other"})
        for request in (drafted, answered):
            overdue(request)
        before = everything()
        expire_requests(0)
        assert changed(before, everything()) == set()

    def test_keeps_no_other_from_expiring(self, world, overdue, monkeypatch):
        requests = [world.asked(**stay(days)) for days in (10, 20, 30)]
        for request in requests:
            overdue(request)
        expire, seen = expiring.expire_request, []

        def fail_first(request_id):
            seen.append(request_id)
            if len(seen) == 1:
                raise ConnectionError
            return expire(request_id)

        monkeypatch.setattr(expiring, "expire_request", fail_first)
        expire_requests(0)
        states = [world.carer.get(path_of(request)).json["state"] for request in requests]
        assert sorted(states) == ["expired", "expired", "submitted"]

    def test_can_not_be_answered_any_more(self, world, overdue):
        request, long = world.asked(), held(world, **stay(20, LONG))
        for late in (request, long):
            overdue(late)
        for phone, late, verb, body in (
            (world.hub_carer, request, "accept", None),
            (liaison(world), long, "approve", {"reason": "Nobody else can."}),
        ):
            answer = decide(phone, late, verb, body)
            assert (answer.status_code, answer.json["code"]) == (409, "in_the_past")


def test_the_worker_knows_the_job():
    from hub_api import jobs

    found = {task.name for task in jobs.app.tasks.values()}
    assert "respite.expire_requests" in found
    periodic = {task.task.name for task in jobs.app.periodic_registry.periodic_tasks.values()}
    assert "respite.expire_requests" in periodic
