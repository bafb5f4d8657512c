"""Rows that carry `hidden_from`: neither the people named in it nor their households see a trace.

By the policies alone, by row-level security alone, and by both. Concerns are the first to need it.
"""

import pytest
import sqlalchemy as sa

from hub_api import db
from hub_api.access import Role
from hub_api.audit import policy as audit_policy
from hub_api.audit import service as audit
from hub_api.sync import policy as sync_policy
from hub_api.tasks import policy as tasks_policy
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind
from hub_api.tasks.models import Task
from tests.factories.homes import make_adult
from tests.phone import Phone
from tests.sync.phones import CopyingPhone

KIND = TaskKind.HUB_CARER_MISSING
LISTS = {tasks_policy, audit_policy, sync_policy}


@pytest.fixture
def people(world):
    """A liaison worker and two programme managers, one of them in the other's household."""
    return {
        "worker": world.here.liaison_worker,
        "manager": world.staff[Role.PROGRAMME_MANAGER],
    }


@pytest.fixture
def hide(world, owner):
    """Raise a task and record something, hidden from these ids; the task's id."""

    def make(*hidden_from):
        with db.transaction(owner) as session:
            subject = world.here.family.id
            tasks.raise_task(
                KIND,
                constellation_id=world.here.id,
                subject_id=subject,
                hidden_from=hidden_from,
            )
            audit.record(
                "something:do",
                subject_id=subject,
                constellation_id=world.here.id,
                hidden_from=hidden_from,
            )
            audit.record_each("something:tell", {subject: hidden_from})
            return session.scalars(sa.select(Task.id)).one()

    return make


def shown(phone: Phone) -> dict[str, list]:
    """What somebody sees of it in their lists."""
    tasks_ = phone.get("/tasks").json["items"]
    done = phone.get("/audit-events?limit=200").json["items"]
    return {
        "tasks": [task["id"] for task in tasks_],
        "audit": [item["action"] for item in done if item["action"].startswith("something")],
    }


NOTHING = {"tasks": [], "audit": []}


class TestFromOneself:
    @pytest.mark.parametrize("who", ["worker", "manager"])
    def test_there_is_no_trace(self, world, people, hide, who):
        phone, other = world.phone(people[who]), "manager" if who == "worker" else "worker"
        copy = CopyingPhone(phone)
        copy.catch_up()
        task = hide(people[who])
        assert shown(phone) == NOTHING
        assert phone.get(f"/tasks/{task}").status_code == 404
        assert phone.post(f"/tasks/{task}/done", If_Match='"1"').status_code == 404
        (answer,) = copy.catch_up()
        assert (answer["gone"], answer["changed"]["tasks"]) == ([], [])
        there = shown(world.phone(people[other]))
        assert there["tasks"] == [str(task)]
        assert "something:do" in there["audit"]

    def test_there_is_none_either_once_somebody_has_done_it(self, world, people, hide, rows):
        phone = world.phone(people["manager"])
        copy = CopyingPhone(phone)
        copy.catch_up()
        task = hide(people["manager"])
        worker = world.phone(people["worker"])
        assert worker.post(f"/tasks/{task}/done", If_Match='"1"').status_code == 200
        assert worker.get(f"/audit-events?subject_id={task}").json["items"] != []
        (answer,) = copy.catch_up()
        assert (answer["gone"], answer["changed"]["tasks"]) == ([], [])
        for path in ("/tasks?state=done", f"/audit-events?subject_id={task}"):
            assert phone.get(path).json["items"] == []
        # That the worker looked for it is recorded as well, and tells as much.
        looked = phone.get("/audit-events?action=audit:read").json["items"]
        assert str(task) not in {item["subject_id"] for item in looked[1:]}
        (hidden,) = rows(
            "select * from audit_events where action = 'audit:read' and subject_id = :task"
            " and actor_id = :worker",
            task=task,
            worker=people["worker"],
        )
        assert hidden.hidden_from == [people["manager"]]

    def test_a_refusal_of_somebody_else_says_nothing_of_it(self, world, people, hide, rows):
        task = hide(people["manager"])
        with db.transaction(world.app.engine):
            db.set_scope(people["worker"], [world.here.id])
            audit.record("task:do", subject_id=task, hidden_from=[people["manager"]])
        assert world.carer.get(f"/tasks/{task}").status_code == 403
        (refused,) = rows("select * from audit_events where outcome = 'refused'")
        assert refused.hidden_from == [people["manager"]]


class TestFromAHousehold:
    """The rows name the household; whoever belongs to it by now is kept out."""

    def test_there_is_no_trace_for_its_carer(self, world, people, hide, grant):
        home = world.elsewhere.family.id
        grant(people["manager"], Role.SATELLITE_CARER, household_id=home)
        hide(home)
        assert shown(world.phone(people["manager"])) == NOTHING
        assert shown(world.phone(people["worker"])) != NOTHING

    def test_there_is_none_for_a_grown_up_of_it(self, world, people, hide, owner):
        """Only the second wall knows who lives where."""
        home = world.elsewhere.family.id
        with db.transaction(owner) as session:
            household = session.execute(
                sa.text("select id, constellation_id from households where id = :id"), {"id": home}
            ).one()
            make_adult(household, "Partner", people["manager"])
        hide(home)
        assert shown(world.phone(people["manager"])) == NOTHING

    def test_there_is_none_for_its_hub_carer(self, world, people, hide, grant, rows):
        grant(people["manager"], Role.HUB_CARER, constellation_id=world.elsewhere.id)
        (home,) = rows(
            "select household_id from hub_homes where id = :id", id=world.elsewhere.hub_home
        )
        hide(home.household_id)
        assert shown(world.phone(people["manager"])) == NOTHING


@pytest.mark.usefixtures("compiled_anew")
class TestEitherWallAlone:
    def test_the_database_hides_it(self, world, people, hide, monkeypatch):
        for policy in LISTS:
            monkeypatch.setattr(policy, "visible_to", lambda _: sa.true())
        phone = world.phone(people["worker"])
        copy = CopyingPhone(phone)
        copy.catch_up()
        hide(people["worker"])
        assert shown(phone) == NOTHING
        (answer,) = copy.catch_up()
        assert (answer["gone"], answer["changed"]["tasks"]) == ([], [])
        assert shown(world.phone(people["manager"])) != NOTHING

    def test_the_policies_hide_it(self, world, people, hide, owner):
        with owner.begin() as connection:
            for table in ("tasks", "audit_events", "sync_entries"):
                connection.exec_driver_sql(f"alter table {table} disable row level security")
        try:
            phone = world.phone(people["worker"])
            copy = CopyingPhone(phone)
            copy.catch_up()
            hide(people["worker"])
            assert shown(phone) == NOTHING
            (answer,) = copy.catch_up()
            assert (answer["gone"], answer["changed"]["tasks"]) == ([], [])
            assert shown(world.phone(people["manager"])) != NOTHING
        finally:
            with owner.begin() as connection:
                for table in ("tasks", "audit_events", "sync_entries"):
                    connection.exec_driver_sql(f"alter table {table} enable row level security")
