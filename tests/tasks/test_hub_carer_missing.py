"""The task that waits for the liaison worker while a request has no hub carer."""

from datetime import timedelta

import pytest

from hub_api import clock
from hub_api.access import Role
from tests.phone import in_days


@pytest.fixture
def manager(world):
    return world.phone(world.staff[Role.PROGRAMME_MANAGER])


@pytest.fixture
def hub_carer_leaves(world, manager):
    """Their role ends today, as the programme manager has it in the app."""
    account = manager.get(f"/accounts/{world.here.hub_carer}")
    (role,) = account.json["roles"]
    ended = manager.post(f"/roles/{role['id']}/end", {}, If_Match=account.headers["ETag"])
    assert ended.status_code == 200, ended.json


@pytest.fixture
def new_hub_carer(world, manager):
    """The neighbours' carer becomes hub carer, whenever a test calls this."""

    def appoint():
        account_id = world.here.neighbours.carer
        role = {"role": "hub_carer", "constellation_id": str(world.here.id)}
        given = manager.post_seen(f"/accounts/{account_id}", role, verb="roles")
        assert given.status_code == 200, given.json
        return world.phone(account_id)

    return appoint


def waiting(phone):
    return phone.get("/tasks").json["items"]


@pytest.mark.usefixtures("hub_carer_leaves")
class TestWithoutAHubCarer:
    def test_sending_a_request_leaves_a_task_for_the_liaison_worker(self, world, liaison_worker):
        request = world.asked()
        (task,) = waiting(liaison_worker)
        assert (task["kind"], task["subject_id"]) == ("hub_carer_missing", request["id"])
        assert task["constellation_id"] == str(world.here.id)
        (told,) = liaison_worker.get("/notifications").json["items"]
        assert told["subject_id"] == request["id"], "they hear of it as before"

    def test_it_is_due_before_the_child_would_arrive(self, world, liaison_worker):
        soon = (clock.now() + timedelta(hours=5)).replace(microsecond=0).isoformat()
        world.asked(arrives_at=soon, departs_at=in_days(2, hour=10))
        (task,) = waiting(liaison_worker)
        assert task["due_at"] == soon.replace("+00:00", "Z")

    def test_saving_a_draft_leaves_none_and_sending_it_one(self, world, liaison_worker):
        draft = world.asked(draft=True)
        assert waiting(liaison_worker) == []
        world.carer.post_seen(f"/respite-requests/{draft['id']}", verb="submit")
        assert [task["subject_id"] for task in waiting(liaison_worker)] == [draft["id"]]

    def test_a_request_that_is_refused_leaves_none(self, world, liaison_worker):
        answer = world.carer.post("/respite-requests", world.ask_body(nights=20))
        assert answer.status_code == 409
        assert waiting(liaison_worker) == []

    def test_it_is_there_for_the_manager_without_a_liaison_worker(self, world, owner, manager):
        with owner.begin() as connection:
            connection.exec_driver_sql("delete from role_grants where role = 'liaison_worker'")
        world.asked()
        (task,) = waiting(manager)
        assert task["role"] == "liaison_worker"

    def test_a_new_hub_carers_yes_settles_it(self, world, liaison_worker, new_hub_carer):
        request, other = world.asked(), world.asked(arrives_at=in_days(20), departs_at=in_days(21))
        path = f"/respite-requests/{request['id']}"
        assert new_hub_carer().post_seen(path, verb="accept").status_code == 200
        assert [task["subject_id"] for task in waiting(liaison_worker)] == [other["id"]]
        (settled,) = liaison_worker.get("/tasks?state=settled").json["items"]
        assert (settled["subject_id"], settled["done_by"]) == (request["id"], None)

    def test_a_yes_that_is_refused_settles_nothing(self, world, liaison_worker, new_hub_carer):
        path = f"/respite-requests/{world.asked()['id']}/accept"
        assert new_hub_carer().post(path, If_Match='"7"').status_code == 412
        assert len(waiting(liaison_worker)) == 1


class TestWithAHubCarer:
    def test_there_is_no_task(self, world, liaison_worker):
        world.booked()
        assert waiting(liaison_worker) == []
        assert liaison_worker.get("/tasks?state=settled").json["items"] == []
