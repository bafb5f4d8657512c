"""A storm: clients that never give up, while the processes they talk to are killed one by one."""

import itertools
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx

from tests.factories.accounts import PASSWORD
from tests.loopback import Loopback, free_port
from tests.phone import in_days
from tests.running.program import HUB, Program

PATIENCE = 60
"""Seconds a client tries one operation again before the test fails."""

GROWN_UP = 1.5
"""Seconds after which a process is worth killing: before, it has hardly begun."""


class Processes:
    """Two processes of the API on one port and two workers; one that is killed has a successor."""

    def __init__(self, folder: Path, **environment: Any) -> None:
        self.port = free_port()
        self.killed: Counter[str] = Counter()
        self._folder = folder
        self._numbers = itertools.count()
        self._environment = {
            **environment,
            "HUB_PORT": self.port,
            "HUB_SUPERVISED": 1,
            "HUB_WRITES_ALLOWED": 100_000,  # a few carers ask as often as a borough would
        }
        self._running = [self._start(part) for part in ("api", "api", "worker", "worker")]

    def _start(self, part: str) -> tuple[float, str, Program]:
        says = self._folder / f"{part}-{next(self._numbers)}.log"
        return time.monotonic(), part, Program((*HUB, part), says, **self._environment)

    def kill_one(self) -> None:
        """`kill -9` the process that has been up for longest, and start another in its place."""
        began, part, program = self._running.pop(0)
        time.sleep(max(0.0, began + GROWN_UP - time.monotonic()))
        assert program.is_running, program.said()
        program.kill()
        assert program.ends() == -signal.SIGKILL
        self.killed[part] += 1
        self._running.append(self._start(part))

    def end(self) -> None:
        for _, _, program in self._running:
            program.kill()


class Client:
    """Somebody whose phone sends a request again, under the same key, until it is answered."""

    def __init__(self, port: int, email: str, tally: Counter[str]) -> None:
        self._http = Loopback(port)
        self._tally = tally
        login = {"email": email, "password": PASSWORD}
        self._use(self.send("POST", "/auth/login", login, is_kept=False).json())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _use(self, tokens: dict[str, Any]) -> None:
        self._refresh_token = tokens["refresh_token"]
        self._http.headers["Authorization"] = f"Bearer {tokens['access_token']}"

    def send(
        self, method: str, path: str, body: Any = None, *, is_kept: bool = True, **headers: str
    ) -> httpx.Response:
        """Send until there is an answer that is one."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if method == "POST" and is_kept:
            sent["Idempotency-Key"] = str(uuid4())
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                answer = self._http.request(method, f"/api/v1{path}", json=body, headers=sent)
                if not _is_later(answer):
                    self._tally["answers"] += 1
                    return answer
            self._tally["sent again"] += 1
            time.sleep(random.uniform(0.02, 0.1))
        raise AssertionError(f"{method} {path} was never answered")

    def refresh(self) -> None:
        body = {"refresh_token": self._refresh_token}
        answer = self.send("POST", "/auth/refresh", body, is_kept=False)
        assert answer.status_code == 200, answer.text
        self._use(answer.json())


def _is_later(answer: httpx.Response) -> bool:
    still_working = answer.status_code == 409 and answer.json()["code"] == "still_working"
    return answer.status_code == 503 or still_working


class Storm:
    """Families that ask and cancel, their hub carer who accepts, and what each was told."""

    def __init__(self, operations: int) -> None:
        self.operations = operations
        self._lock = threading.Lock()
        self.done: Counter[str] = Counter()
        self.tally: Counter[str] = Counter()
        self.asked: list[str] = []
        self.accepted: list[str] = []
        self.cancelled: list[str] = []
        self.failures: list[BaseException] = []

    def _is_more(self, operation: str) -> bool:
        with self._lock:
            is_more = self.begun() < self.operations and not self.failures
            self.done[operation] += is_more
        return is_more

    def begun(self) -> int:
        """How many operations have been begun."""
        return self.done.total()

    def live(self, family: Any, carer: Client, hub_carer: Client, seed: int) -> None:
        """One family's life, until all operations are done. Keeps what went wrong for the test."""
        try:
            chance = random.Random(seed)
            while self._is_more("refresh"):
                carer.refresh()
                if self._is_more("ask") and (asked := self._ask(family, carer, chance)):
                    self._go_on(asked, carer, hub_carer, chance)
        except BaseException as error:  # noqa: BLE001 - the test raises it in its own thread
            self.failures.append(error)

    def _ask(self, family: Any, carer: Client, chance: random.Random) -> dict[str, Any] | None:
        # Never beside another night of the same child: adjoining stays are one, and a longer one
        # would wait for approval.
        day = chance.randrange(7, 130, 4)
        body = {
            "household_id": str(family.id),
            "children": [str(chance.choice(family.children))],
            "kind": "planned",
            "arrives_at": in_days(day),
            "departs_at": in_days(day + chance.randint(1, 3), hour=10),
            "reason": "rest_for_carer",
        }
        answer = carer.send("POST", "/respite-requests", body)
        if not _said_yes(answer, 201, {"child_already_away"}):
            return None
        self.asked.append(answer.json()["id"])
        return answer.json()

    def _go_on(
        self, asked: dict[str, Any], carer: Client, hub_carer: Client, chance: random.Random
    ) -> None:
        if not self._is_more("accept"):
            return
        path = f"/respite-requests/{asked['id']}/accept"
        answer = hub_carer.send("POST", path, If_Match=f'"{asked["version"]}"')
        if not _said_yes(answer, 200, {"nights_taken", "child_already_away"}):
            return
        self.accepted.append(asked["id"])
        if chance.random() < 0.6 and self._is_more("cancel"):
            self._cancel(asked["id"], carer)

    def _cancel(self, request_id: str, carer: Client) -> None:
        stays = carer.send("GET", "/sleepovers?limit=200").json()["items"]
        (stay,) = [stay for stay in stays if stay["request_id"] == request_id]
        path = f"/sleepovers/{stay['id']}/cancel"
        body = {"reason": "no_longer_needed"}
        answer = carer.send("POST", path, body, If_Match=f'"{stay["version"]}"')
        assert answer.status_code == 200, answer.text
        self.cancelled.append(stay["id"])


def _said_yes(answer: httpx.Response, status: int, refusals: set[str]) -> bool:
    """True for a yes, False for a refusal that was to be expected; anything else fails."""
    if answer.status_code == status:
        return True
    assert answer.status_code == 409, answer.text
    assert answer.json()["code"] in refusals, answer.text
    return False


def rage(storm: Storm, lives: list[Callable[[], None]], processes: Processes, kills: int) -> None:
    """Run all lives at once; kill a process each time another share of the work is done."""
    threads = [threading.Thread(target=life) for life in lives]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        killed = processes.killed.total()
        if killed < kills and storm.begun() >= (killed + 1) * storm.operations / (kills + 1):
            processes.kill_one()
        time.sleep(0.01)
    for failure in storm.failures:
        raise failure
