"""Workers killed again and again while they push: nothing is lost, and little is pushed twice.

The real library pushes to a stand-in for Google. `make battery` runs the whole of it, with the
watchdog's usual patience; PUSH_NOTIFICATIONS and PUSH_KILLS say how much.
"""

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hub_api import db
from hub_api.access import Role
from hub_api.notifications import service
from hub_api.notifications.categories import Category
from tests.factories.accounts import make_account
from tests.notifications.conftest import Town
from tests.running.program import HUB, Program, wait_until
from tests.standins.fcm import Fcm, Push
from tests.standins.server import Reply

NOTIFICATIONS = int(os.environ.get("PUSH_NOTIFICATIONS", "260"))
KILLS = int(os.environ.get("PUSH_KILLS", "2"))
PEOPLE = 20
IS_WHOLE = NOTIFICATIONS >= 5_000
IMPATIENT = (str(Path(__file__).parent / "impatient_worker.py"),)
WORKER = (*HUB, "worker") if IS_WHOLE else IMPATIENT

LEFT = "select from deliveries where state in ('queued', 'sending')"
NOT_READY = "select from notifications where ready_at is null"


@pytest.fixture
def google():
    with Fcm() as stand_in:
        stand_in.always = Reply(body={"name": "projects/p/messages/1"}, delay=0.03)
        yield stand_in
        # A request whose sender was killed in the middle of it is no fault of the stand-in.
        cut_off = [error for error in stand_in.broke if isinstance(error, json.JSONDecodeError)]
        stand_in.broke = [error for error in stand_in.broke if error not in cut_off]


@pytest.fixture
def people(world, owner):
    """Carers with a phone each."""
    with db.transaction(owner):
        made = [
            make_account(Role.HUB_CARER, constellation_id=world.here.id).id for _ in range(PEOPLE)
        ]
    for account_id in made:
        Town(owner).phone(account_id)
    return made


class Workers:
    """Two at a time; one that is killed has a successor."""

    def __init__(self, folder: Path, environment: dict[str, Any]) -> None:
        self._folder, self._environment = folder, environment
        self.killed = 0
        self.running = [self._start(number) for number in range(2)]

    def _start(self, number: int) -> Program:
        return Program(WORKER, self._folder / f"worker-{number}.log", **self._environment)

    def kill_one(self, chance: random.Random) -> None:
        victim = self.running.pop(chance.randrange(2))
        assert victim.is_running, victim.said()
        victim.kill()
        assert victim.ends() == -signal.SIGKILL
        self.killed += 1
        self.running.append(self._start(self.killed + 1))

    def are_up(self) -> bool:
        for program in self.running:
            assert program.is_running, program.said()
        return True

    def end(self) -> None:
        for program in self.running:
            program.kill()


def tell(owner: Any, people: list[Any], count: int) -> None:
    for _ in range(count // len(people)):
        with db.transaction(owner):
            service.put({one: one for one in people}, Category.REQUEST_SUBMITTED)


def collapse_keys(push: Push) -> set[str]:
    """All by which a phone or a browser knows a repetition."""
    android, apns = push.message["android"], push.message["apns"]
    return {
        android["collapse_key"],
        android["notification"]["tag"],
        apns["headers"]["apns-collapse-id"],
    }


def told_while_killing(workers: Workers, google: Fcm, people: list[Any], owner: Any) -> int:
    """Tell people in shares, and kill a worker somewhere in the middle of each but the last."""
    chance = random.Random(5)
    share = NOTIFICATIONS // (KILLS + 1) // PEOPLE * PEOPLE
    for done in range(KILLS):
        tell(owner, people, share)
        enough = done * share + chance.randint(share // 4, share - 9)
        wait_until(lambda: workers.are_up() and len(google.pushes) >= enough, within=120)  # noqa: B023 - asked at once
        workers.kill_one(chance)
    tell(owner, people, share)
    return share * (KILLS + 1)


class TestWorkersKilledWhileTheyPush:
    @pytest.fixture
    def workers(self, google, worker_environment, tmp_path):
        given = google.channels(tmp_path)
        settings = {
            "HUB_FCM_CREDENTIALS_FILE": given.fcm_credentials_file,
            "HUB_FCM_URL": given.fcm_url,
            "HUB_QUIET_FROM": "00:00",
            "HUB_QUIET_UNTIL": "00:00",
        }
        started = Workers(tmp_path, {**worker_environment, **settings})
        yield started
        started.end()

    def test_lose_nothing_and_push_little_twice(self, google, people, owner, rows, workers, capsys):
        began = time.monotonic()
        count = told_while_killing(workers, google, people, owner)
        wait_until(lambda: not rows(NOT_READY) and not rows(LEFT), within=120)
        told = {str(row.id) for row in rows("select id from notifications")}
        pushed = Counter(str(push.nid) for push in google.pushes)
        doubled = pushed.total() - len(pushed)
        with capsys.disabled():
            print(
                f"\n{len(told)} notifications, {workers.killed} workers killed, "
                f"{len(told - set(pushed))} lost, {doubled} pushed twice "
                f"({doubled / len(told):.2%}); {time.monotonic() - began:.0f} s"
            )
        assert (len(told), workers.killed) == (count, KILLS)
        assert set(pushed) == told
        # A killed worker had at most so many in hand as it has senders.
        assert doubled < max(count * 0.01, 1 + 4 * KILLS * (not IS_WHOLE))
        assert all(collapse_keys(push) == {str(push.nid)} for push in google.pushes)
        states = Counter(row.state for row in rows("select state from deliveries"))
        assert states == {"accepted": count}
