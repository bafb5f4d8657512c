"""Everybody at once: stays that are accepted, called off, extended, and what is changed under them.

Each race runs twenty rounds here and `RACE_ROUNDS` of them in `make battery`, twenty to a world.
Each has its negative control: without its guard the same race goes wrong, or it proves nothing.
"""

import os
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from hub_api import changes, clock, db
from hub_api.constellations import service as constellations
from hub_api.constellations.changes import NightsBlocked
from hub_api.constellations.models import HubAbsence, HubAppointment
from hub_api.errors import Conflict
from hub_api.sleepovers import facts
from tests.phone import Phone, in_days
from tests.respite.test_races import all_at_once, key_off, mutex_off
from tests.sleepovers.test_guards import add_hub_child

ROUNDS = 20
WORLDS = max(1, int(os.environ.get("RACE_ROUNDS", "20")) // ROUNDS)

DAYS = range(7, 7 + 3 * ROUNDS, 3)
"""Of the rounds, with nights between them: stays that adjoin count as one and would be too long."""
CONTROL_DAYS = range(7, 97, 3)
"""A control may take some rounds until it goes wrong; it ends at the first."""


@pytest.fixture(params=range(WORLDS))
def number(request):
    """Of the world that the rounds are played in."""
    return request.param


again = pytest.mark.usefixtures("number")


def when(day: int, nights: int = 1) -> dict[str, str]:
    return {"arrives_at": in_days(day), "departs_at": in_days(day + nights, hour=10)}


def like(phone: Phone) -> Phone:
    """The same login on a phone of its own: a test client is for one thread."""
    twin = Phone(phone.app)
    twin.headers = phone.headers
    return twin


def to_send(phone: Phone, path: str, seen: dict[str, Any], body: Any = None) -> Any:
    """A request that is tried again while the hub is busy, as a phone does."""

    def send() -> Any:
        for _ in range(5):
            answer = like(phone).post(path, body, If_Match=f'"{seen["version"]}"')
            if answer.status_code != 503:
                break
        return answer.status_code, answer.json.get("code")

    return send


def to_accept(phone: Phone, request: dict[str, Any]) -> Any:
    return to_send(phone, f"/respite-requests/{request['id']}/accept", request)


@pytest.fixture
def second(world):
    """The family's second child."""
    return str(world.here.family.children[1])


@pytest.fixture
def slow(monkeypatch):
    """Time passes between reading the facts and acting on them, so that a control goes wrong."""
    read = facts.read

    def slowly(stay):
        found = read(stay)
        db.session().execute(sa.text("select pg_sleep(0.02)"))
        return found

    def make() -> None:
        monkeypatch.setattr(facts, "read", slowly)

    return make


@pytest.fixture
def no_deadlocks(rows):
    """PostgreSQL's own count of deadlocks must not grow."""
    count = "select deadlocks from pg_stat_database where datname = current_database()"
    before = rows(count)[0].deadlocks
    yield
    assert rows(count)[0].deadlocks == before


pytestmark = pytest.mark.usefixtures("no_deadlocks")

ORPHANS = """
    select s.id from sleepovers s left join bed_nights n on n.sleepover_id = s.id
     group by s.id having (s.state = 'cancelled') <> (count(n.night) = 0)
"""
OVERBOOKED = "select bed_id from bed_nights group by bed_id, night having count(*) > 1"


def until_it_is_free(send: Any) -> Any:
    """Ask again and again for a bed that is about to be freed."""

    def again() -> Any:
        for _ in range(10):
            answer = send()
            if answer != (409, "nights_taken"):
                break
        return answer

    return again


class TestAcceptAndCancelOnTheLastBed:
    def race(self, world, second: str, day: int) -> list[Any]:
        """A stay is called off while two more ask for its bed."""
        stay = world.booked(**when(day))
        neighbours = world.here.neighbours
        theirs = world.ask_body(
            household_id=str(neighbours.id), children=[str(neighbours.children[0])], **when(day)
        )
        others = [
            world.asked(children=[second], **when(day)),
            world.phone(neighbours.carer).post("/respite-requests", theirs).json,
        ]
        hub = world.hub_carer
        return all_at_once(
            [
                to_send(world.carer, f"/sleepovers/{stay['id']}/cancel", stay, {"reason": "other"}),
                *(until_it_is_free(to_accept(hub, other)) for other in others),
            ]
        )

    @again
    def test_the_bed_goes_to_one(self, world, second, rows):
        for day in DAYS:
            cancelled, *accepted = self.race(world, second, day)
            assert cancelled == (200, None)
            assert {*accepted} <= {(200, None), (409, "nights_taken")}
            assert accepted.count((200, None)) <= 1
        assert rows(ORPHANS) == []
        assert rows(OVERBOOKED) == []

    def test_the_bed_goes_to_both_without_mutex_and_key(
        self, world, second, rows, owner, slow, monkeypatch
    ):
        slow()
        with mutex_off(monkeypatch), key_off(owner, "uq_bed_night"):
            for day in CONTROL_DAYS:
                self.race(world, second, day)
                if rows(OVERBOOKED):
                    return
        pytest.fail("without mutex and key, the bed was never given twice")


class TestAcceptAndBlockingTheNight:
    def race(self, world, day: int) -> tuple[Any, Any]:
        request = world.asked(**when(day))
        night = date.fromisoformat(request["nights"][0])
        return tuple(all_at_once([to_accept(world.hub_carer, request), _to_block(world, night)]))

    BOTH = """
        select n.night from bed_nights n join hub_absences a on a.hub_home_id = n.hub_home_id
           and n.night between a.first_night and a.last_night
    """

    @again
    def test_never_both(self, world, rows):
        for day in DAYS:
            accepted, blocked = self.race(world, day)
            assert (accepted[0] == 200) != (blocked == "blocked")
            assert blocked in {"blocked", "nights_booked"}
        assert rows(self.BOTH) == []

    def test_both_without_the_mutex(self, world, rows, slow, monkeypatch):
        slow()
        with mutex_off(monkeypatch):
            for day in CONTROL_DAYS:
                self.race(world, day)
                if rows(self.BOTH):
                    return
        pytest.fail("without the mutex, no night was both blocked and booked")


def _to_block(world, night: date) -> Any:
    def block() -> str:
        try:
            with db.transaction(world.app.engine) as session:
                db.set_scope(world.here.liaison_worker, [world.here.id])
                constellations.lock_hub_home(world.here.hub_home)
                changes.announce(NightsBlocked(world.here.hub_home, night, night))
                session.add(
                    HubAbsence(
                        constellation_id=world.here.id,
                        hub_home_id=world.here.hub_home,
                        first_night=night,
                        last_night=night,
                        reason="leave",
                        added_by=world.here.hub_carer,
                    )
                )
        except Conflict as refusal:
            return refusal.code
        return "blocked"

    return block


class TestTwoHubsForOneChild:
    """Two hub homes serve the constellation one after the other; a child is asked for in both, for
    nights that overlap by a request whose hub home was chosen by its first night."""

    @pytest.fixture(autouse=True)
    def by_the_first_night(self, monkeypatch):
        """What keeps a stay in one hub home is off here: what stands behind it is tried."""
        serving = constellations.serving_hub_home

        def by_the_first_night(place, on, _until=None, household_id=None):
            return serving(place, on, household_id=household_id)

        monkeypatch.setattr(constellations, "serving_hub_home", by_the_first_night)
        monkeypatch.setattr(constellations, "hold_serving_hub_home", by_the_first_night)

    @pytest.fixture
    def from_a_day_on(self, world, owner):
        """The other constellation's hub home serves here from this day on."""

        def serve(day: int) -> None:
            first = clock.london_today() + timedelta(days=day)
            with db.transaction(owner) as session:
                session.execute(
                    sa.delete(HubAppointment).where(
                        HubAppointment.constellation_id == world.here.id
                    )
                )
                since = clock.london_today() - timedelta(days=30)
                for home, starts_on, ends_on in (
                    (world.here.hub_home, since, first),
                    (world.elsewhere.hub_home, first, None),
                ):
                    session.add(
                        HubAppointment(
                            constellation_id=world.here.id,
                            hub_home_id=home,
                            starts_on=starts_on,
                            ends_on=ends_on,
                        )
                    )
                    session.flush()

        return serve

    def race(self, world, day: int) -> list[Any]:
        before, after = world.asked(**when(day, 2)), world.asked(**when(day + 1))
        assert before["hub_home_id"] != after["hub_home_id"]
        hub = world.hub_carer
        return all_at_once([to_accept(hub, before), to_accept(hub, after)])

    TWICE = "select child_id from bed_nights group by child_id, night having count(*) > 1"

    @again
    def test_the_child_sleeps_in_one(self, world, rows, from_a_day_on):
        for day in DAYS:
            from_a_day_on(day + 1)
            answers = self.race(world, day)
            assert sorted(answers, key=str) == [(200, None), (409, "child_already_away")]
        assert rows(self.TWICE) == []

    def test_the_child_sleeps_in_both_without_the_key(
        self, world, rows, owner, slow, from_a_day_on
    ):
        """Two homes have two mutexes: it is the key that holds."""
        slow()
        with key_off(owner, "uq_child_night"):
            for day in CONTROL_DAYS:
                from_a_day_on(day + 1)
                self.race(world, day)
                if rows(self.TWICE):
                    return
        pytest.fail("without the key, the child never slept in two homes")


class TestExtendAndAcceptOfTheSameNight:
    def race(self, world, second: str, day: int) -> list[Any]:
        stay = world.booked(**when(day))
        other = world.asked(children=[second], **when(day + 1))
        longer = {"departs_at": in_days(day + 2, hour=10)}
        path = f"/sleepovers/{stay['id']}/extend"
        hub = world.hub_carer
        return all_at_once([to_send(hub, path, stay, longer), to_accept(hub, other)])

    @again
    def test_one_of_them_has_it(self, world, second, rows):
        for day in DAYS:
            answers = self.race(world, second, day)
            assert sorted(answers, key=str) == [(200, None), (409, "nights_taken")]
        assert rows(OVERBOOKED) == []

    def test_both_have_it_without_mutex_and_key(
        self, world, second, rows, owner, slow, monkeypatch
    ):
        slow()
        with mutex_off(monkeypatch), key_off(owner, "uq_bed_night"):
            for day in CONTROL_DAYS:
                self.race(world, second, day)
                if rows(OVERBOOKED):
                    return
        pytest.fail("without mutex and key, the night was never given twice")


class TestAcceptAndAHubChildMore:
    """Two fostered children live at the hub; a third moves in while a guest is accepted."""

    @pytest.fixture
    def two_at_home(self, world, owner):
        def start() -> None:
            with db.transaction(owner) as session:
                session.execute(sa.text("delete from bed_nights"))
                for table in ("child_keys", "consents"):
                    session.execute(sa.text(f"delete from {table} where child_id in (select id from"
                        " children where first_name = 'Hub child')"))  # fmt: skip
                session.execute(sa.text("delete from children where first_name = 'Hub child'"))
                for _ in range(2):
                    add_hub_child(world)

        return start

    def race(self, world, day: int) -> list[Any]:
        request = world.asked(**when(day))

        def move_in() -> str:
            try:
                with db.transaction(world.app.engine):
                    db.set_scope(world.here.liaison_worker, [world.here.id])
                    add_hub_child(world)
            except Conflict as refusal:
                return refusal.code
            return "moved in"

        return all_at_once([to_accept(world.hub_carer, request), move_in])

    TOO_MANY = """
        select n.night from bed_nights n, children c where c.first_name = 'Hub child'
         group by n.night having count(distinct c.id) + count(distinct n.child_id) > 3
    """

    @again
    def test_the_limit_holds(self, world, rows, two_at_home):
        for day in DAYS:
            two_at_home()
            accepted, moved = self.race(world, day)
            assert (accepted[0] == 200) != (moved == "moved in")
            assert accepted[1] in {None, "fostering_limit"}
            assert moved in {"moved in", "fostering_limit"}
            assert rows(self.TOO_MANY) == []

    def test_the_limit_is_passed_without_the_mutex(
        self, world, rows, slow, monkeypatch, two_at_home
    ):
        slow()
        with mutex_off(monkeypatch):
            for day in CONTROL_DAYS:
                two_at_home()
                self.race(world, day)
                if rows(self.TOO_MANY):
                    return
        pytest.fail("without the mutex, the limit was never passed")
