"""Confirmed stays whose consent goes away and comes back: who is told, and what is to do."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
import time_machine
from uuid_utils.compat import uuid7

from hub_api import clock, db, jobs
from hub_api.sleepovers import reconsidering
from hub_api.sleepovers.jobs import reconsider_soon
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind
from tests.factories.emergencies import answer, raised
from tests.factories.requests import change, liaison
from tests.factories.requests import stay as dates
from tests.sleepovers.stays import act, arrival, begun
from tests.sleepovers.told import day

PLAN = {"giver": "delegated_by_authority", "how": "placement_plan", "starts_on": "2026-01-01"}


@pytest.fixture
def family(world):
    """What the liaison worker does about the child's consents."""

    class Family:
        child = world.here.family.children[0]
        path = f"/children/{child}"

        def consent(self):
            return liaison(world).get(f"{self.path}/consents").json["items"][-1]

        def withdraw(self):
            consent = self.consent()
            seen = f'"{consent["version"]}"'
            answer = liaison(world).post(f"/consents/{consent['id']}/withdraw", If_Match=seen)
            assert answer.status_code == 200, answer.json

        def end(self, on):
            consent = self.consent()
            seen = f'"{consent["version"]}"'
            body = {"ends_on": on and str(on)}
            answer = liaison(world).send("PATCH", f"/consents/{consent['id']}", body, If_Match=seen)
            assert answer.status_code == 200, answer.json

        def record(self, kind="consents", **body):
            answer = liaison(world).post(f"{self.path}/{kind}", {**PLAN, **body})
            assert answer.status_code == 201, answer.json

        def flag(self):
            body = {"kind": "absconding", "starts_on": str(clock.london_today())}
            answer = liaison(world).post(f"{self.path}/consent-flags", body)
            assert answer.status_code == 201, answer.json

    return Family()


@pytest.fixture
def doubts(rows):
    """The tasks about missing consents, and how often each has been told of."""

    def read():
        told = "select count(*) from notifications where category = 'consent_missing'"
        tasks = "select state from tasks where kind = 'consent_missing' order by id"
        ((count,),) = rows(told)
        return [state for (state,) in rows(tasks)], count

    return read


@pytest.fixture
def every_morning(settings):
    """The job of the morning, as the worker's role."""
    engine = db.make_engine(settings.required_database().worker, connections=1)
    jobs.use_engine(engine)
    yield lambda: reconsider_soon(timestamp=0)
    engine.dispose()


THREE = 3
"""The carer, the hub carer and the liaison worker."""


class TestAConfirmedStay:
    def test_is_in_doubt_from_the_withdrawal_until_it_is_given_again(
        self, world, family, doubts, rows
    ):
        stay = world.booked()
        family.withdraw()
        assert doubts() == (["open"], THREE)
        (task,) = rows("select * from tasks")
        assert (str(task.subject_id), task.role) == (stay["id"], "liaison_worker")
        assert world.carer.get(f"/sleepovers/{stay['id']}").json["state"] == "confirmed"
        family.flag()  # it stays missing: nobody is told twice
        assert doubts() == (["open"], THREE)
        family.record()
        assert doubts() == (["open"], THREE)  # the social worker is the one to ask now
        family.record(giver="social_worker", how="by_telephone")
        assert doubts() == (["settled"], THREE)

    def test_is_in_doubt_for_the_nights_after_the_end_alone(self, world, family, doubts):
        world.booked(nights=3)
        family.end(day(10))
        assert doubts() == ([], 0)
        family.end(day(9))
        assert doubts() == (["open"], THREE)
        family.end(None)
        assert doubts() == (["settled"], THREE)

    def test_is_in_doubt_while_it_lasts_for_the_nights_that_remain(self, world, family, doubts):
        there = begun(world, nights=3)
        with time_machine.travel(arrival(there) + timedelta(days=1), tick=False):
            family.withdraw()
        assert doubts() == (["open"], THREE)
        act(world, there, "end-early", {"reason": "other"}, at=arrival(there) + timedelta(days=1.5))
        assert doubts() == (["settled"], THREE)

    @pytest.mark.parametrize("way_out", ["cancelled", "moved"])
    def test_is_no_matter_any_more_when_it_is_called_off_or_moved(
        self, world, family, doubts, way_out
    ):
        """To nights before the consent ends: every check was made anew for them."""
        stay = world.booked(days=20)
        family.end(day(15))
        assert doubts() == (["open"], THREE)
        if way_out == "moved":
            answer = change(liaison(world), {"id": stay["request_id"]}, **dates(10))
        else:
            answer = world.carer.post_seen(
                f"/sleepovers/{stay['id']}", {"reason": "other"}, verb="cancel"
            )
        assert answer.status_code == 200, answer.json
        assert doubts() == (["settled"], THREE)

    def test_is_in_doubt_when_another_legal_status_takes_another_consent(
        self, world, family, doubts
    ):
        world.booked()
        seen = liaison(world).get(family.path)
        answer = liaison(world).send(
            "PATCH", family.path, {"legal_status": "section_20"}, If_Match=seen.headers["ETag"]
        )
        assert answer.status_code == 200
        assert doubts() == (["open"], THREE)

    def test_of_another_child_is_none_of_its_matter(self, world, family, doubts):
        world.booked(children=[str(world.here.family.children[1])])
        family.withdraw()
        assert doubts() == ([], 0)

    def test_is_settled_apart_from_other_doubts(self, world, family, owner, rows):
        """That the consent is back says nothing about two children to be kept apart."""
        stay = UUID(world.booked()["id"])
        with db.transaction(owner):
            tasks.raise_task(
                TaskKind.SLEEPOVER_IN_DOUBT, constellation_id=world.here.id, subject_id=stay
            )
        family.withdraw()
        family.record()
        kinds = rows("select kind, state from tasks order by id")
        assert kinds == [("sleepover_in_doubt", "open"), ("consent_missing", "settled")]


class TestTheDoor:
    def test_waits_for_the_consent(self, world, family, rows):
        stay = world.booked()
        family.withdraw()
        refused = act(world, stay, "handover", at=arrival(stay))
        assert (refused.status_code, refused.json["code"]) == (409, "consent_missing")
        assert "liaison worker" in refused.json["detail"]
        assert refused.json["nights"] == [str(arrival(stay).date())]
        assert rows("select state from sleepovers") == [("confirmed",)]
        family.record()
        assert act(world, stay, "handover", at=arrival(stay)).status_code == 200

    def test_opens_in_an_emergency(self, world, owner, rows):
        with owner.begin() as connection:
            connection.execute(sa.text("delete from consents"))
        found = raised(world)
        assert answer(world.hub_carer, found["asks"][0], "accept").status_code == 200
        (stay,) = world.carer.get("/sleepovers").json["items"]
        assert act(world, stay, "handover", at=arrival(stay)).status_code == 200
        assert rows("select state from tasks where kind = 'consent_missing'") == [("open",)]


class TestTheMorning:
    def test_notices_what_nobody_announced(self, world, family, owner, doubts, every_morning):
        """Such as stays from before consents were recorded, a week ahead and no further."""
        world.booked(days=8)
        with owner.begin() as connection:
            connection.execute(sa.text("delete from consents"))
        every_morning()
        assert doubts() == ([], 0)
        with time_machine.travel(clock.now() + timedelta(days=1), tick=False):
            every_morning()
            assert doubts() == (["open"], THREE)
            every_morning()
            assert doubts() == (["open"], THREE)
            family.record()
            assert doubts() == (["settled"], THREE)

    def test_asks_once_more_when_it_was_done_and_is_missing_still(
        self, world, family, doubts, rows, every_morning
    ):
        world.booked()
        family.withdraw()
        ((task,),) = rows("select id from tasks")
        assert liaison(world).post_seen(f"/tasks/{task}", verb="done").status_code == 200
        assert doubts() == (["done"], THREE)
        every_morning()
        assert doubts() == (["done", "open"], 2 * THREE)

    def test_settles_nothing_about_a_child_somebody_changes(
        self, world, family, owner, doubts, every_morning
    ):
        """Their consent may be withdrawn in the very moment in which it is found to be there."""
        world.booked()
        family.withdraw()
        with owner.begin() as connection:
            connection.execute(sa.text("update consents set withdrawn_at = null"))
        with owner.begin() as connection:
            connection.execute(
                sa.text("select id from children where id = :id for update"), {"id": family.child}
            )
            every_morning()
            assert doubts() == (["open"], THREE)
        every_morning()
        assert doubts() == (["settled"], THREE)

    def test_goes_on_where_one_constellation_fails(
        self, world, owner, doubts, every_morning, monkeypatch
    ):
        world.booked()
        with owner.begin() as connection:
            connection.execute(sa.text("delete from consents"))
        real, broken = reconsidering.reconsider, uuid7()
        soon = reconsidering.children_soon_away

        def reconsider(child_ids):
            if broken in child_ids:
                raise LookupError
            real(child_ids)

        monkeypatch.setattr(reconsidering, "reconsider", reconsider)
        monkeypatch.setattr(
            reconsidering, "children_soon_away", lambda: {broken: [broken], **soon()}
        )
        every_morning()
        assert doubts() == (["open"], THREE)
