"""The last bed and the same child, asked for by 64 at once.

Each race has its negative control: the same race with the guards off must overbook, or the race
proves nothing.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from hub_api import db
from hub_api.constellations import service as constellations
from tests.factories.world import make_bed, make_family
from tests.phone import Phone, in_days

WRITERS = 64


def all_at_once(jobs: list[Callable[[], Any]]) -> list[Any]:
    """Run every job in a thread of its own, starting them together."""
    start = threading.Barrier(len(jobs))
    answers: list[Any] = [None] * len(jobs)

    def run(number: int) -> None:
        start.wait()
        answers[number] = jobs[number]()

    threads = [threading.Thread(target=run, args=[number]) for number in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return answers


def accept_all(hub_carer: Phone, requests: list[dict[str, Any]]) -> list[Any]:
    def accept(request: dict[str, Any]) -> Callable[[], Any]:
        phone = Phone(hub_carer.app)
        phone.headers = hub_carer.headers
        path = f"/respite-requests/{request['id']}/accept"

        def send() -> Any:
            """As a phone does: when the hub is busy and nothing was saved, try again."""
            for _ in range(5):
                answer = phone.post(path, If_Match=f'"{request["version"]}"')
                if answer.status_code != 503:
                    break
            return answer

        return send

    return all_at_once([accept(request) for request in requests])


@pytest.fixture
def requests_for_the_last_bed(world, owner) -> list[dict[str, Any]]:
    """So many families ask for the same two nights of the one bed."""
    with db.transaction(owner):
        families = [make_family(world.here.id, f"family {n}", 1) for n in range(WRITERS)]
    return [
        world.phone(family.carer).post(
            "/respite-requests",
            world.ask_body(
                nights=2,
                household_id=str(family.id),
                children=[str(family.children[0])],
            ),
        ).json
        for family in families
    ]  # fmt: skip


@pytest.fixture
def requests_for_one_child(world, owner) -> list[dict[str, Any]]:
    """One child asked for again and again, with beds enough for everybody."""
    with db.transaction(owner) as session:
        session.add_all(make_bed(world.here, f"extra {n}") for n in range(WRITERS))
    return [world.asked() for _ in range(WRITERS)]


@contextmanager
def mutex_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(constellations, "lock_hub_home", lambda _hub_home_id: None)
        yield


@contextmanager
def key_off(owner: sa.Engine, *constraints: str) -> Iterator[None]:
    """Take keys of bed_nights away, and give them back on the emptied table."""
    with owner.begin() as connection:
        kept = {
            name: connection.scalar(
                sa.text(
                    "select pg_get_constraintdef(oid) from pg_constraint where conname = :name"
                ),
                {"name": name},
            )
            for name in constraints
        }
        for name in constraints:
            connection.execute(sa.text(f"alter table bed_nights drop constraint {name}"))
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.execute(sa.text("truncate bed_nights"))
            for name, definition in kept.items():
                connection.execute(
                    sa.text(f"alter table bed_nights add constraint {name} {definition}")
                )


def outcomes(answers: list[Any]) -> Counter[tuple[int, str | None]]:
    return Counter((answer.status_code, answer.json.get("code")) for answer in answers)


MOST_IN_ONE_BED = "select count(*) from bed_nights group by bed_id, night order by 1 desc limit 1"
MOST_OF_ONE_CHILD = (
    "select count(*) from bed_nights group by child_id, night order by 1 desc limit 1"
)


class TestTheLastBed:
    def test_goes_to_exactly_one_of_64(self, world, requests_for_the_last_bed, rows):
        answers = accept_all(world.hub_carer, requests_for_the_last_bed)
        assert outcomes(answers) == {(200, None): 1, (409, "nights_taken"): WRITERS - 1}
        nights = requests_for_the_last_bed[0]["nights"]
        for answer in answers:
            if answer.status_code == 409:
                assert answer.json["nights"] == nights
        assert [row.count for row in rows(MOST_IN_ONE_BED)] == [1]
        assert len(rows("select 1 from bed_nights")) == len(nights)
        assert len(rows("select 1 from sleepovers")) == 1

    def test_goes_to_one_by_the_key_alone(
        self, world, requests_for_the_last_bed, rows, monkeypatch
    ):
        """With the mutex off the key still holds; only the refusal is less kind."""
        with mutex_off(monkeypatch):
            answers = accept_all(world.hub_carer, requests_for_the_last_bed)
        assert outcomes(answers)[200, None] == 1
        assert {answer.status_code for answer in answers} == {200, 409}
        assert [row.count for row in rows(MOST_IN_ONE_BED)] == [1]

    def test_is_overbooked_without_mutex_and_key(
        self, world, requests_for_the_last_bed, rows, owner, monkeypatch
    ):
        with mutex_off(monkeypatch), key_off(owner, "uq_bed_night"):
            accept_all(world.hub_carer, requests_for_the_last_bed)
            assert rows(MOST_IN_ONE_BED)[0].count > 1


class TestOneChildAskedForTwice:
    def test_sleeps_in_exactly_one_place(self, world, requests_for_one_child, rows):
        answers = accept_all(world.hub_carer, requests_for_one_child)
        assert outcomes(answers) == {(200, None): 1, (409, "child_already_away"): WRITERS - 1}
        nights = requests_for_one_child[0]["nights"]
        for answer in answers:
            if answer.status_code == 409:
                assert answer.json["nights"] == nights
        assert [row.count for row in rows(MOST_OF_ONE_CHILD)] == [1]

    def test_sleeps_in_one_place_by_the_key_alone(
        self, world, requests_for_one_child, rows, monkeypatch
    ):
        with mutex_off(monkeypatch):
            answers = accept_all(world.hub_carer, requests_for_one_child)
        assert outcomes(answers)[200, None] == 1
        assert [row.count for row in rows(MOST_OF_ONE_CHILD)] == [1]

    def test_sleeps_in_two_places_without_mutex_and_key(
        self, world, requests_for_one_child, rows, owner, monkeypatch
    ):
        with mutex_off(monkeypatch), key_off(owner, "uq_child_night", "uq_bed_night"):
            accept_all(world.hub_carer, requests_for_one_child)
            assert rows(MOST_OF_ONE_CHILD)[0].count > 1


class TestAcceptingAndCancellingTogether:
    def test_a_night_is_held_exactly_when_its_sleepover_is_confirmed(self, world, rows):
        """Twenty rounds: the stay is cancelled while another family's request is accepted."""
        for day in range(7, 27):
            stay = world.booked(arrives_at=in_days(day), departs_at=in_days(day + 1, hour=10))
            other = world.asked(
                children=[str(world.here.family.children[1])],
                arrives_at=in_days(day),
                departs_at=in_days(day + 1, hour=10),
            )
            cancel_path = f"/sleepovers/{stay['id']}/cancel"
            accept_path = f"/respite-requests/{other['id']}/accept"
            carer, hub_carer = world.carer, world.hub_carer
            reason = {"reason": "child_unwell"}
            version = f'"{other["version"]}"'
            cancelled, accepted = all_at_once(
                [
                    lambda: carer.post(cancel_path, reason, If_Match='"1"'),  # noqa: B023
                    lambda: hub_carer.post(accept_path, If_Match=version),  # noqa: B023
                ]
            )
            assert cancelled.status_code == 200
            assert accepted.status_code in {200, 409}
        orphans = rows("""
            select s.id from sleepovers s left join bed_nights n on n.sleepover_id = s.id
             group by s.id having (s.state = 'confirmed') <> (count(n.night) = 1)
        """)
        assert orphans == []


def _evening(day: int) -> str:
    from tests.phone import in_days

    return in_days(day)
