"""What waits for whom, and in which order."""

from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from uuid_utils.compat import uuid7

from hub_api import clock
from hub_api.access import Role
from hub_api.api import write_cursor
from tests.platform.test_statements import counted


def ids(phone, query=""):
    answer = phone.get(f"/tasks{query}")
    assert answer.status_code == 200, answer.json
    return [task["id"] for task in answer.json["items"]]


def due_in(hours):
    return clock.now() + timedelta(hours=hours)


@pytest.fixture
def manager(world):
    return world.phone(world.staff[Role.PROGRAMME_MANAGER])


class TestWhoSees:
    def test_its_liaison_worker_and_the_programme_manager(self, raised, liaison_worker, manager):
        task = raised()
        for phone in (liaison_worker, manager):
            assert ids(phone) == [task["id"]]
            assert phone.get(f"/tasks/{task['id']}").json == task

    def test_nobody_who_is_not_logged_in(self, world, raised):
        path = f"/tasks/{raised()['id']}"
        assert world.phone().get("/tasks").status_code == 401
        assert world.phone().get(path).status_code == 401

    @pytest.mark.parametrize(
        "role", ["carer", "hub_carer", Role.HOME_DUTY_STAFF, Role.SYSTEM_ADMINISTRATOR]
    )
    def test_nobody_whose_role_has_no_tasks(self, world, raised, role):
        task = raised()
        people = {"carer": world.here.family.carer, "hub_carer": world.here.hub_carer}
        phone = world.phone({**people, **world.staff}[role])
        for path in ("/tasks", f"/tasks/{task['id']}"):
            assert phone.get(path).status_code == 403
        refused = phone.post(f"/tasks/{task['id']}/done", If_Match='"1"')
        assert refused.status_code == 403

    def test_no_liaison_worker_of_another_constellation(self, world, raised):
        task = raised()
        stranger = world.phone(world.elsewhere.liaison_worker)
        assert ids(stranger) == ids(stranger, f"?constellation_id={world.here.id}") == []
        assert stranger.get(f"/tasks/{task['id']}").status_code == 404

    def test_nobody_who_holds_another_role_there(self, world, raised, grant):
        """Hub carer here and liaison worker elsewhere: the task here is for the other role."""
        task = raised()
        grant(world.here.hub_carer, Role.LIAISON_WORKER, constellation_id=world.elsewhere.id)
        assert ids(world.hub_carer) == []
        assert world.hub_carer.get(f"/tasks/{task['id']}").status_code == 404

    def test_whoever_holds_the_role_on_the_task(
        self, world, raised, grant, owner, liaison_worker, manager
    ):
        task = raised()
        grant(world.here.hub_carer, Role.LIAISON_WORKER, constellation_id=world.elsewhere.id)
        with owner.begin() as connection:
            connection.exec_driver_sql("update tasks set role = 'hub_carer'")
        assert ids(world.hub_carer) == ids(manager) == [task["id"]]
        assert ids(liaison_worker) == []


class TestTheList:
    def test_has_the_most_urgent_first(self, raised, liaison_worker):
        late, soon, later = (raised(no_later_than=due_in(hours))["id"] for hours in (9, 2, 12))
        assert ids(liaison_worker) == [soon, late, later]

    @pytest.mark.parametrize("limit", [1, 2, 3])
    def test_is_paged_in_that_order(self, raised, liaison_worker, limit):
        """Some of them due at the same instant, so that the id must decide."""
        same = due_in(5)
        whens = [same, due_in(9), same, due_in(1), same, due_in(7), same]
        made = [raised(no_later_than=when) for when in whens]
        found, query = [], f"?limit={limit}"
        while query:
            page = liaison_worker.get(f"/tasks{query}").json
            found += [task["id"] for task in page["items"]]
            cursor = page["next_cursor"]
            query = f"?limit={limit}&cursor={cursor}" if cursor else ""
        in_order = sorted(made, key=lambda task: (task["due_at"], task["id"]))
        assert found == [task["id"] for task in in_order]

    def test_goes_on_after_a_task_that_was_done_meanwhile(self, raised, liaison_worker):
        first, second = (raised(no_later_than=due_in(hours)) for hours in (1, 2))
        cursor = liaison_worker.get("/tasks?limit=1").json["next_cursor"]
        liaison_worker.post_seen(f"/tasks/{first['id']}", verb="done")
        assert ids(liaison_worker, f"?cursor={cursor}") == [second["id"]]

    def test_tells_nothing_by_the_cursor_of_somebody_elses_task(
        self, world, raised, liaison_worker
    ):
        raised()
        theirs = raised(world.elsewhere, no_later_than=due_in(1))
        for key in (UUID(theirs["id"]), uuid7()):
            assert ids(liaison_worker, f"?cursor={write_cursor(key)}") == []

    def test_shows_what_is_open_unless_asked_otherwise(self, raised, settle, liaison_worker):
        waiting, done, settled = raised(), raised(), raised()
        liaison_worker.post_seen(f"/tasks/{done['id']}", verb="done")
        settle(settled["subject_id"])
        assert ids(liaison_worker) == ids(liaison_worker, "?state=open") == [waiting["id"]]
        assert ids(liaison_worker, "?state=done") == [done["id"]]
        assert ids(liaison_worker, "?state=settled") == [settled["id"]]
        assert liaison_worker.get("/tasks?state=late").status_code == 422

    def test_shows_what_is_done_newest_first_and_in_pages(self, raised, liaison_worker):
        made = [raised()["id"] for _ in range(3)]
        for task in made:
            liaison_worker.post_seen(f"/tasks/{task}", verb="done")
        page = liaison_worker.get("/tasks?state=done&limit=2").json
        rest = f"?state=done&limit=2&cursor={page['next_cursor']}"
        assert [task["id"] for task in page["items"]] + ids(liaison_worker, rest) == made[::-1]

    def test_can_be_of_one_constellation(self, world, raised, manager):
        here, there = raised(), raised(world.elsewhere)
        assert set(ids(manager)) == {here["id"], there["id"]}
        assert ids(manager, f"?constellation_id={world.elsewhere.id}") == [there["id"]]

    def test_says_what_is_overdue(self, raised, liaison_worker):
        task, done = (raised(no_later_than=due_in(0.1)) for _ in range(2))
        liaison_worker.post_seen(f"/tasks/{done['id']}", verb="done")
        seen = liaison_worker.get(f"/tasks/{task['id']}")
        with time_machine.travel(due_in(0.11)):
            later = liaison_worker.get(f"/tasks/{task['id']}")
            assert (seen.json["is_overdue"], later.json["is_overdue"]) == (False, True)
            assert seen.headers["ETag"] != later.headers["ETag"], "a 304 would hide it"
            assert later.json["version"] == 1, "but nobody has to decide anew"
            assert not liaison_worker.get(f"/tasks/{done['id']}").json["is_overdue"]


class TestStatements:
    def test_at_most_four(self, world, raised, liaison_worker):
        for _ in range(3):
            task = raised()
        for path in ("/tasks", "/tasks?limit=1", f"/tasks/{task['id']}"):
            with counted(world.app.engine) as sent:
                assert liaison_worker.get(path).status_code == 200
            assert len(sent) <= 4
