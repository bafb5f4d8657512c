"""What is on record about children is changed at the very moment a stay is decided on.

As in test_races.py: rounds for each race, and its negative control without what stands guard.
"""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hub_api import clock, db
from hub_api.households import service as households
from tests.factories.requests import decide, liaison, path_of
from tests.factories.world import make_bed
from tests.phone import in_days
from tests.respite.test_races import all_at_once, mutex_off
from tests.sleepovers.test_races import (
    CONTROL_DAYS,
    DAYS,
    again,
    like,
    no_deadlocks,
    number,
    slow,
    to_accept,
    to_send,
    when,
)

__all__ = ["no_deadlocks", "number", "slow"]

pytestmark = pytest.mark.usefixtures("no_deadlocks")

WON = (200, None)


@pytest.fixture
def children_free(monkeypatch):
    """Nobody waits for the children of a stay that is decided on."""
    monkeypatch.setattr(households, "hold_children", lambda *_: None)


@pytest.fixture
def execute(owner):
    """Say something to the database as its owner."""

    def run(statement: str, **values: Any) -> None:
        with owner.begin() as connection:
            connection.execute(sa.text(statement), values)

    return run


def to_change(phone, path: str, body: Any, verb: str = "") -> Any:
    """A change of the newest version, tried again while the hub is busy."""
    twin = like(phone)
    etag = twin.get(path).headers["ETag"]

    def send() -> Any:
        for _ in range(5):
            method = "POST" if verb else "PATCH"
            answer = twin.send(method, f"{path}{verb}", body, If_Match=etag)
            if answer.status_code != 503:
                break
        return answer.status_code, answer.json.get("code")

    return send


class TestAChildWhoLeaves:
    """Once the stay agreed is over, so that only its longer or later nights stand against it."""

    def leave(self, world, day: int) -> Any:
        left_on = (clock.london_today() + timedelta(days=day)).isoformat()
        path = f"/children/{world.here.family.children[0]}"
        return to_change(liaison(world), path, {"left_on": left_on}, "/leave")

    def extend(self, world, day: int) -> list[Any]:
        stay = world.booked(**when(day))
        path = f"/sleepovers/{stay['id']}/extend"
        longer = {"departs_at": in_days(day + 2, hour=10)}
        send = to_send(world.hub_carer, path, stay, longer)
        return all_at_once([send, self.leave(world, day + 1)])

    def reschedule(self, world, day: int) -> list[Any]:
        request = world.asked(**when(day))
        assert decide(world.hub_carer, request, "accept").status_code == 200
        send = to_change(world.hub_carer, path_of(request), when(day + 1))
        return all_at_once([send, self.leave(world, day + 1)])

    GONE = """
        select 1 from bed_nights n join children c on c.id = n.child_id and c.left_on <= n.night
    """
    COME_BACK = "update children set left_on = null"

    @pytest.mark.parametrize("race", ["extend", "reschedule"])
    @again
    def test_is_not_booked_beyond_it(self, world, rows, execute, race):
        for day in DAYS:
            answers = getattr(self, race)(world, day)
            assert answers.count(WON) == 1, answers
            assert {*answers} <= {WON, (409, "child_already_away"), (409, "stays_ahead")}
            assert rows(self.GONE) == []
            execute(self.COME_BACK)

    @pytest.mark.usefixtures("children_free")
    @pytest.mark.parametrize("race", ["extend", "reschedule"])
    def test_is_booked_beyond_it_when_nobody_holds_the_child(
        self, world, rows, execute, slow, race
    ):
        slow()
        for day in CONTROL_DAYS:
            getattr(self, race)(world, day)
            if rows(self.GONE):
                return
            execute(self.COME_BACK)
        pytest.fail("with the child held by nobody, it was never booked beyond its leaving")


class TestAChildWhoIsFosteredFromNowOn:
    """It is accepted as a guest beside two or three who are fostered: the limit is three."""

    @pytest.fixture(autouse=True)
    def beds_enough(self, world, owner):
        with db.transaction(owner) as session:
            session.add_all(make_bed(world.here, f"more {n}") for n in range(4))

    def race(self, world, execute, day: int, *, are_guests: bool) -> list[Any]:
        """Either family comes first, so that the child is a guest already or is to become one."""
        other = world.here.neighbours.children[1]
        execute("update children set legal_status = 'adopted' where id = :id", id=other)
        mine = world.asked(**self.all_of(world.here.family, day))
        body = world.ask_body(**self.all_of(world.here.neighbours, day))
        theirs = world.phone(world.here.neighbours.carer).post("/respite-requests", body).json
        first, second = (theirs, mine) if are_guests else (mine, theirs)
        assert decide(world.hub_carer, first, "accept").status_code == 200
        fostered = to_change(liaison(world), f"/children/{other}", {"legal_status": "section_20"})
        return all_at_once([to_accept(world.hub_carer, second), fostered])

    def all_of(self, family, day: int) -> dict[str, Any]:
        children = [str(child) for child in family.children]
        return {"household_id": str(family.id), "children": children, **when(day)}

    TOO_MANY = """
        select n.night from bed_nights n join children c on c.id = n.child_id
         where c.legal_status = 'section_20' or c.legal_status = 'section_31'
         group by n.night having count(*) > 3
    """
    NOBODY = "delete from bed_nights"

    @pytest.mark.parametrize("are_guests", [True, False])
    @again
    def test_is_seen_by_one_of_the_two(self, world, rows, execute, are_guests):
        for day in DAYS:
            answers = self.race(world, execute, day, are_guests=are_guests)
            assert sorted(answers, key=str) == [WON, (409, "fostering_limit")]
            assert rows(self.TOO_MANY) == []
            execute(self.NOBODY)

    @pytest.mark.usefixtures("children_free")
    def test_is_seen_by_neither_when_nobody_holds_the_child(self, world, rows, execute, slow):
        slow()
        self.until_too_many(world, rows, execute, are_guests=False)

    def test_is_seen_by_neither_without_the_mutex(self, world, rows, execute, slow, monkeypatch):
        slow()
        with mutex_off(monkeypatch):
            self.until_too_many(world, rows, execute, are_guests=True)

    def until_too_many(self, world, rows, execute, *, are_guests: bool) -> None:
        for day in CONTROL_DAYS:
            self.race(world, execute, day, are_guests=are_guests)
            if rows(self.TOO_MANY):
                return
            execute(self.NOBODY)
        pytest.fail("with nothing that stands guard, the limit was never passed")


class TestTwoWhoAreToBeKeptApart:
    """It is put on record while the second of the two is accepted."""

    @pytest.fixture(autouse=True)
    def beds_enough(self, world, owner):
        with db.transaction(owner) as session:
            session.add(make_bed(world.here, "more"))

    def race(self, world, day: int) -> list[Any]:
        world.booked(**when(day))
        neighbours = world.here.neighbours
        other = str(neighbours.children[0])
        body = world.ask_body(household_id=str(neighbours.id), children=[other], **when(day))
        theirs = world.phone(neighbours.carer).post("/respite-requests", body).json
        apart = {"other_child_id": other, "reason": "past_harm"}
        record = like(liaison(world))
        path = f"/children/{world.here.family.children[0]}/kept-apart"
        return all_at_once(
            [
                to_accept(world.hub_carer, theirs),
                lambda: record.post(path, apart).status_code,
            ]
        )

    UNSEEN = """
        select n.night from bed_nights n group by n.night having count(*) > 1
           and not exists (select from tasks where kind = 'sleepover_in_doubt')
    """

    def start_anew(self, execute) -> None:
        for table in ("bed_nights", "kept_apart", "tasks"):
            execute(f"delete from {table}")

    @again
    def test_are_refused_or_looked_into(self, world, rows, execute):
        for day in DAYS:
            accepted, recorded = self.race(world, day)
            assert accepted in (WON, (409, "kept_apart"))
            assert recorded == 201
            assert rows(self.UNSEEN) == []
            self.start_anew(execute)

    @pytest.mark.usefixtures("children_free")
    def test_are_neither_when_nobody_holds_the_child(self, world, rows, execute, slow):
        slow()
        for day in CONTROL_DAYS:
            self.race(world, day)
            if rows(self.UNSEEN):
                return
            self.start_anew(execute)
        pytest.fail("with the child held by nobody, the two were never put together unseen")


class TestAConsentThatIsWithdrawn:
    """While the hub carer says yes on the strength of it."""

    def race(self, world, day: int) -> list[Any]:
        request = world.asked(**when(day))
        path = f"/children/{world.here.family.children[0]}/consents"
        (consent,) = liaison(world).get(path).json["items"]
        withdrawing, own = like(liaison(world)), f"/consents/{consent['id']}/withdraw"
        seen = f'"{consent["version"]}"'
        return all_at_once(
            [
                to_accept(world.hub_carer, request),
                lambda: withdrawing.post(own, If_Match=seen).status_code,
            ]
        )

    UNSEEN = """
        select from sleepovers s where s.state = 'confirmed'
           and not exists (select from tasks where kind = 'consent_missing')
    """
    NO_STAYS = "delete from bed_nights; delete from sleepovers; delete from tasks"
    GIVEN = "update consents set withdrawn_at = null, version = version + 1"

    def start_anew(self, execute) -> None:
        execute(self.NO_STAYS)
        execute(self.GIVEN)

    @again
    def test_refuses_the_stay_or_is_told_of(self, world, rows, execute):
        for day in DAYS:
            accepted, withdrawn = self.race(world, day)
            assert accepted in (WON, (409, "consent"))
            assert withdrawn == 200
            assert rows(self.UNSEEN) == []
            self.start_anew(execute)

    @pytest.mark.usefixtures("children_free")
    def test_does_neither_when_nobody_holds_the_child(self, world, rows, execute, slow):
        slow()
        for day in CONTROL_DAYS:
            self.race(world, day)
            if rows(self.UNSEEN):
                return
            self.start_anew(execute)
        pytest.fail("with the child held by nobody, no stay was ever without consent unseen")
