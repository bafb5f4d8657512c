"""Raising a task once, and taking it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, ProgrammingError
from uuid_utils.compat import uuid7

from hub_api import clock
from hub_api.tasks import service
from tests.respite.test_races import all_at_once
from tests.tasks.conftest import KIND

RAISERS = 16


@pytest.fixture
def raise_it(world, as_api):
    def make(subject_id):
        with as_api():
            service.raise_task(KIND, constellation_id=world.here.id, subject_id=subject_id)

    return make


class TestRaising:
    def test_keeps_what_its_kind_says(self, raised, world):
        subject = uuid7()
        task = raised(subject_id=subject)
        assert (task["kind"], task["words"], task["role"]) == (KIND, KIND.words, KIND.role)
        assert (task["constellation_id"], task["subject_id"]) == (str(world.here.id), str(subject))
        assert (task["state"], task["version"], task["is_overdue"]) == ("open", 1, False)
        assert (task["done_at"], task["done_by"]) == (None, None)

    def test_is_due_when_its_kind_says(self, raised, rows):
        raised()
        ((waits,),) = rows("select due_at - created_at from tasks")
        assert waits == KIND.due_within

    @pytest.mark.parametrize(("hours", "expected"), [(3, 3), (24 * 9, 24)])
    def test_is_due_no_later_than_the_matter_itself(self, raised, rows, hours, expected):
        raised(no_later_than=clock.now() + timedelta(hours=hours))
        ((waits,),) = rows("select due_at - created_at from tasks")
        assert abs(waits - timedelta(hours=expected)) < timedelta(seconds=10)

    def test_twice_is_one_task_with_the_first_due_time(self, raised):
        subject = uuid7()
        first = raised(subject_id=subject)
        assert raised(subject_id=subject) == first

    def test_again_once_it_is_over_is_another(self, raise_it, settle, rows):
        subject = uuid7()
        raise_it(subject)
        settle(subject)
        raise_it(subject)
        states = rows("select state from tasks where subject_id = :id order by id", id=subject)
        assert [row.state for row in states] == ["settled", "open"]

    def test_for_another_constellation_is_refused_by_the_database(self, world, as_api, rows):
        def reach_over():
            with as_api():
                service.raise_task(KIND, constellation_id=world.elsewhere.id, subject_id=uuid7())

        with pytest.raises(ProgrammingError, match="row-level security"):
            reach_over()
        assert rows("select from tasks") == []


class TestRaisingAtOnce:
    def test_is_one_task(self, raise_it, rows):
        subject = uuid7()
        all_at_once([lambda: raise_it(subject)] * RAISERS)
        assert rows("select subject_id from tasks") == [(subject,)]

    def test_is_many_without_the_index(self, raise_it, rows, owner):
        """The control: nothing but the index makes them one."""
        subject = uuid7()
        with index_off(owner):
            all_at_once([lambda: raise_it(subject)] * RAISERS)
            assert len(rows("select from tasks")) == RAISERS


@contextmanager
def index_off(owner: sa.Engine) -> Iterator[None]:
    """Take the index away, and give it back on the emptied table."""
    with owner.begin() as connection:
        made = "select indexdef from pg_indexes where indexname = 'uq_task_open'"
        definition = connection.scalar(sa.text(made))
        connection.execute(sa.text("drop index uq_task_open"))
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.execute(sa.text("truncate tasks"))
            connection.execute(sa.text(definition))


class TestSettling:
    def test_takes_the_open_task_back_by_nobody(self, raised, settle, liaison_worker):
        task = raised()
        settle(task["subject_id"])
        settled = liaison_worker.get(f"/tasks/{task['id']}").json
        assert (settled["state"], settled["done_by"], settled["version"]) == ("settled", None, 2)
        assert settled["done_at"] is not None

    def test_touches_no_other_subject(self, raised, settle, liaison_worker):
        task, other = raised(), raised()
        settle(task["subject_id"])
        assert liaison_worker.get(f"/tasks/{other['id']}").json == other

    def test_changes_nothing_where_nothing_waits(self, raised, settle, liaison_worker):
        task = raised()
        path = f"/tasks/{task['id']}"
        liaison_worker.post_seen(path, verb="done")
        done = liaison_worker.get(path).json
        settle(task["subject_id"])
        settle(uuid7())
        assert liaison_worker.get(path).json == done

    def test_leaves_another_constellations_task_alone(self, raised, settle, world, rows):
        task = raised(world.elsewhere)
        settle(task["subject_id"], world.here)
        assert rows("select state from tasks") == [("open",)]

    def test_and_doing_it_at_once_leaves_one_outcome(self, raised, settle, liaison_worker, rows):
        for _ in range(10):
            task = raised()
            path = f"/tasks/{task['id']}/done"
            answer, _none = all_at_once(
                [
                    lambda: liaison_worker.post(path, If_Match='"1"'),  # noqa: B023
                    lambda: settle(task["subject_id"]),  # noqa: B023
                ]
            )
            (found,) = rows("select state, version from tasks where id = :id", id=task["id"])
            assert (answer.status_code, found.state) in {(200, "done"), (412, "settled")}
            assert found.version == 2


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("state = 'lost', done_at = now()", "ck_task_state_known"),
        ("kind = 'make_tea'", "ck_task_kind_known"),
        ("role = 'satellite_carer'", "ck_task_role_known"),
        ("state = 'settled'", "ck_task_over_when_not_open"),
        ("done_at = now()", "ck_task_over_when_not_open"),
        ("state = 'done', done_at = now()", "ck_task_done_by_somebody"),
        ("done_by = (select id from accounts limit 1)", "ck_task_done_by_somebody"),
    ],
)
def test_the_database_refuses_by_name(raised, owner, change, constraint):
    raised()
    with pytest.raises(IntegrityError, match=constraint), owner.begin() as connection:
        connection.execute(sa.text(f"update tasks set {change}"))
