"""The five-minute tour: a satellite carer asks for a night, the hub carer accepts it.

Talks HTTP to a running hub (`make run`) and prints each request and answer in short.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

BASE = f"http://127.0.0.1:{os.environ.get('HUB_PORT', '8000')}"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
DATA_DIR = Path(os.environ.get("HUB_DATA_DIR") or "var")


@dataclass(frozen=True)
class Answer:
    """What the hub answered."""

    status: int
    body: Any
    etag: str | None


class Person:
    """Somebody using the hub with their phone."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._token: str | None = None

    def log_in(self, login: dict[str, str]) -> None:
        answer = self.send("POST", "/api/v1/auth/login", login, show=["expires_in"])
        self._token = answer.body["access_token"]

    def send(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        seen: str | None = None,
        show: list[str] | None = None,
        expect: int = 200,
    ) -> Answer:
        """Send one request, print it and its answer, and return the answer if it is as expected."""
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if seen:
            headers["If-Match"] = seen
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - our own address, above
            BASE + path, method=method, data=data, headers=headers
        )
        try:
            with DIRECT.open(request, timeout=10) as reply:
                answer = _answer(reply.status, reply.read(), reply.headers.get("ETag"))
        except urllib.error.HTTPError as refusal:
            answer = _answer(refusal.code, refusal.read(), None)
        self._print(method, path, body, answer, show)
        if answer.status != expect:
            sys.exit(f"\nThe tour expected {expect} here. The log of the API says more.")
        return answer

    def _print(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        answer: Answer,
        show: list[str] | None,
    ) -> None:
        sent = {k: "…" if k == "password" else v for k, v in body.items()} if body else None
        print(f"\n  {self.name}: {method} {path}" + (f"  {_short(sent)}" if sent else ""))
        print(f"    → {answer.status}  {_short(_chosen(answer, show))}")


def _chosen(answer: Answer, show: list[str] | None) -> Any:
    """The members worth showing: of a problem, of a list's items, or of one object."""
    if answer.status >= 400:
        return {key: answer.body[key] for key in ("code", "detail")}
    if "items" in answer.body:
        return [{key: item[key] for key in show or item} for item in answer.body["items"]]
    return {key: answer.body[key] for key in show or answer.body}


def _short(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)


def _answer(status: int, body: bytes, etag: str | None) -> Answer:
    return Answer(status, json.loads(body) if body else None, etag)


def say(words: str) -> None:
    print(f"\n{words}")


def main() -> None:
    """Walk the main path once. Leaves the hub as it was: the booking is cancelled at the end."""
    logins = _demo_logins()
    carer, hub_carer = Person("carer"), Person("hub carer")
    stranger = Person("another constellation's hub carer")

    say("1. A satellite carer logs in and looks at home.")
    carer.log_in(logins["satellite_carer"])
    home = carer.send("GET", "/api/v1/households", show=["name", "children"]).body["items"][0]
    child = home["children"][0]

    say(f"2. She asks for a night at the hub for {child['first_name']}.")
    arrives_at, departs_at = _free_night(carer)
    asked = carer.send(
        "POST",
        "/api/v1/respite-requests",
        {
            "household_id": home["id"],
            "children": [child["id"]],
            "kind": "planned",
            "arrives_at": arrives_at,
            "departs_at": departs_at,
            "reason": "rest_for_carer",
        },
        show=["id", "state", "nights"],
        expect=201,
    )
    request = f"/api/v1/respite-requests/{asked.body['id']}"

    say("3. A hub carer of another constellation can't even tell that it exists.")
    stranger.log_in(logins["other_hub_carer"])
    stranger.send("GET", request, expect=404)

    say("4. Her own hub carer finds it in the inbox, looks, and says yes.")
    hub_carer.log_in(logins["hub_carer"])
    hub_carer.send("GET", "/api/v1/notifications?limit=1", show=["words", "subject_id"])
    seen = hub_carer.send("GET", request, show=["state", "nights", "children"])
    hub_carer.send("POST", f"{request}/accept", seen=seen.etag, show=["state", "nights"])

    say("5. There is one sleepover, with a bed for the night, and the carer is told.")
    sleepovers = carer.send(
        "GET", "/api/v1/sleepovers?limit=1", show=["id", "state", "arrives_at", "bed_nights"]
    )
    _wait_until_ready(carer)

    say("6. Plans change: she cancels, and the bed is free again.")
    sleepover = f"/api/v1/sleepovers/{sleepovers.body['items'][0]['id']}"
    current = carer.send("GET", sleepover, show=["state", "bed_nights"])
    carer.send(
        "POST",
        f"{sleepover}/cancel",
        {"reason": "no_longer_needed"},
        seen=current.etag,
        show=["state", "bed_nights"],
    )
    say(f"That was the main path. Try the rest at {BASE}/docs")


def _demo_logins() -> dict[str, dict[str, str]]:
    path = DATA_DIR / "demo-accounts.json"
    if not path.exists():
        sys.exit(f"There are no demo logins at {path}. Start the hub first: make run")
    logins: dict[str, dict[str, str]] = json.loads(path.read_text())
    return logins


def _free_night(carer: Person) -> tuple[str, str]:
    """The first evening, a week or more ahead, on which none of the carer's children is away."""
    stays = carer.send("GET", "/api/v1/sleepovers?limit=200", show=["bed_nights"]).body["items"]
    taken = {held["night"] for stay in stays for held in stay["bed_nights"]}
    evening = datetime.now(UTC).replace(hour=17, minute=0, second=0, microsecond=0)
    evening += timedelta(days=7)
    while str(evening.date()) in taken:
        evening += timedelta(days=1)
    morning = evening + timedelta(hours=17)
    return f"{evening:%Y-%m-%dT%H:%M:%SZ}", f"{morning:%Y-%m-%dT%H:%M:%SZ}"


def _wait_until_ready(carer: Person) -> None:
    """Wait for the worker to make the newest notification ready for delivery."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        inbox = carer.send("GET", "/api/v1/notifications?limit=1", show=["words", "ready_at"]).body[
            "items"
        ]
        if inbox and inbox[0]["ready_at"]:
            return
        time.sleep(0.5)
    sys.exit("The notification was not made ready in time: is the worker up?")


if __name__ == "__main__":
    try:
        main()
    except urllib.error.URLError:
        sys.exit(f"No hub answers at {BASE}. Start it first, in another window: make run")
