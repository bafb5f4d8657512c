"""Saying that a task is done."""

import pytest
from uuid_utils.compat import uuid7

from hub_api.access import Role


@pytest.fixture
def task(raised):
    return raised()


class TestDoing:
    def test_is_kept_with_who_and_when(self, world, task, liaison_worker):
        answer = liaison_worker.post_seen(f"/tasks/{task['id']}", verb="done")
        assert answer.status_code == 200
        assert (answer.json["state"], answer.json["version"]) == ("done", 2)
        assert answer.json["done_by"] == str(world.here.liaison_worker)
        assert answer.json["done_at"] >= task["created_at"]
        assert liaison_worker.get(f"/tasks/{task['id']}").json == answer.json

    def test_leaves_its_audit_row(self, world, task, liaison_worker, rows):
        liaison_worker.post_seen(f"/tasks/{task['id']}", verb="done")
        (row,) = rows("select * from audit_events where action like 'task:%'")
        assert (row.action, row.outcome, row.changed) == ("task:do", "done", ["state"])
        assert (str(row.subject_id), row.actor_id) == (task["id"], world.here.liaison_worker)
        assert row.constellation_id == world.here.id

    def test_is_for_the_programme_manager_too(self, world, task):
        manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
        answer = manager.post_seen(f"/tasks/{task['id']}", verb="done")
        assert answer.json["done_by"] == str(world.staff[Role.PROGRAMME_MANAGER])

    def test_sent_twice_with_its_key_is_done_once(self, task, liaison_worker, rows):
        path = f"/tasks/{task['id']}/done"
        first, second = (
            liaison_worker.post(path, If_Match='"1"', Idempotency_Key="tap-tap-tap")
            for _ in range(2)
        )
        assert first.status_code == second.status_code == 200
        assert first.json == second.json
        assert len(rows("select from audit_events where action = 'task:do'")) == 1


class TestDoingIsRefused:
    def test_without_a_login(self, world, task):
        assert world.phone().post(f"/tasks/{task['id']}/done").status_code == 401

    def test_of_another_constellations_as_if_it_were_not_there(self, world, task, rows):
        stranger = world.phone(world.elsewhere.liaison_worker)
        for task_id in (task["id"], uuid7()):
            answer = stranger.post(f"/tasks/{task_id}/done", If_Match='"1"')
            assert answer.status_code == 404
        assert rows("select state from tasks") == [("open",)]

    def test_without_saying_what_was_seen(self, task, liaison_worker):
        assert liaison_worker.post(f"/tasks/{task['id']}/done").status_code == 428

    def test_when_it_has_changed_meanwhile(self, task, liaison_worker, rows):
        path = f"/tasks/{task['id']}/done"
        liaison_worker.post(path, If_Match='"1"')
        before = rows("select * from tasks")
        answer = liaison_worker.post(path, If_Match='"1"')
        assert (answer.status_code, answer.json["code"]) == (412, "changed_meanwhile")
        assert rows("select * from tasks") == before

    @pytest.mark.parametrize(
        ("over", "words"),
        [
            ("state = 'settled', done_at = now()", "sorted itself out"),
            (
                "state = 'done', done_at = now(), done_by = (select id from accounts limit 1)",
                "Somebody has done this",
            ),
        ],
    )
    def test_when_it_is_over(self, task, liaison_worker, owner, rows, over, words):
        with owner.begin() as connection:
            connection.exec_driver_sql(f"update tasks set {over}")
        before = rows("select * from tasks")
        answer = liaison_worker.post_seen(f"/tasks/{task['id']}", verb="done")
        assert (answer.status_code, answer.json["code"]) == (409, "wrong_state")
        assert words in answer.json["detail"]
        assert rows("select * from tasks") == before
