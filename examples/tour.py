"""The five-minute tour: sleepovers from the asking to the end, as the people concerned see them.

Talks HTTP to a running hub (`make run`) and prints each request and answer in short.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from people import BASE, Answer, Person, say

LONDON = ZoneInfo("Europe/London")
DATA_DIR = Path(os.environ.get("HUB_DATA_DIR") or "var")


def main() -> None:
    """Walk the main path once. Leaves the hub as it was: what it books, it cancels or ends."""
    logins = _demo_logins()
    people = [Person(name) for name in ("carer", "hub carer", "liaison worker")]
    carer, hub_carer, liaison_worker = people
    for person, login in zip(
        people, ("satellite_carer", "hub_carer", "liaison_worker"), strict=True
    ):
        person.log_in(logins[login])
    home = _look_at_home(carer)
    tonight = _ask_for_tonight(carer, home)
    _cannot_be_seen_elsewhere(logins["other_hub_carer"], tonight)
    _accept(hub_carer, tonight)
    _wait_until_ready(carer)
    medicines = _read_pack(hub_carer, home["children"][0])
    if _is_night():
        say(
            "6. to 8. A child who came now would have slept there: the carer takes it back instead."
        )
        _call_off(carer)
    else:
        stay = _come(carer, hub_carer, medicines)
        _stay_and_go(carer, hub_carer, stay, medicines)
    cursor = _switch_off(carer)
    _stay_longer(carer, hub_carer, liaison_worker, home)
    _need_a_bed_now(carer, hub_carer, home)
    _hear_of_it(hub_carer)
    _switch_on(carer, cursor)
    say(f"That was the main path. Try the rest at {BASE}/docs")


def _logged_in(login: str, logins: dict[str, dict[str, str]]) -> Person:
    person = Person(login.removeprefix("satellite_").replace("_", " "))
    person.log_in(logins[login])
    return person


def _look_at_home(carer: Person) -> dict[str, Any]:
    say("1. A satellite carer looks at home, and at the hub's calendar.")
    home: dict[str, Any] = carer.send("GET", "/api/v1/households", show=["name", "children"]).body[
        "items"
    ][0]
    calendar = f"/api/v1/constellations/{home['constellation_id']}/bed-nights"
    today, end = _london_day(0), _london_day(2)
    carer.send("GET", f"{calendar}?from={today}&until={end}", show=["from", "bed_nights"])
    return home


def _ask_for_tonight(carer: Person, home: dict[str, Any]) -> str:
    child = home["children"][0]
    say(f"2. Before she asks for a night for {child['first_name']}, she sees what is checked.")
    arrives_at = datetime.now(UTC) + timedelta(minutes=20)
    wish = _wish(home, arrives_at, _morning_after(arrives_at))
    path = "/api/v1/respite-requests"
    tried = carer.send("POST", f"{path}?dry_run=true", wish, show=["nights", "decided_by"])
    for check in tried.body["checks"]:
        print(f"      {check['outcome']:<5} {check['code']:<16} {check['sentence']}")
    asked = carer.send("POST", path, wish, show=["id", "state", "nights"], expect=201)
    return f"{path}/{asked.body['id']}"


def _cannot_be_seen_elsewhere(login: dict[str, str], request: str) -> None:
    say("3. A hub carer of another constellation can't even tell that it exists.")
    stranger = Person("another constellation's hub carer")
    stranger.log_in(login)
    stranger.send("GET", request, expect=404)


def _accept(hub_carer: Person, request: str) -> None:
    say("4. Her own hub carer finds it in the inbox, looks at what she has to know to decide, and")
    print("    says yes.")
    hub_carer.send("GET", "/api/v1/notifications?limit=1", show=["words", "subject_id"])
    seen = hub_carer.send("GET", request, show=["state", "nights"])
    hub_carer.send("GET", f"{request}/matching-summary", show=["children"])
    hub_carer.send("POST", f"{request}/accept", seen=seen.etag, show=["state", "nights"])


def _read_pack(hub_carer: Person, child: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the pack as the hub carer does; returns its medicines."""
    say(
        "5. From now until a week after the return, she may read what the child brings along: first"
    )
    print("    whom and what to avoid. Every reading is on record.")
    pack = hub_carer.send(
        "GET", f"/api/v1/children/{child['id']}/pack", show=["is_complete", "missing"]
    ).body
    for section in pack["sections"][:4]:
        print(f"      {section['section']:<26} {section['text'] or section['says']}")
    medicines: list[dict[str, Any]] = pack["medicines"]
    return medicines


def _come(carer: Person, hub_carer: Person, medicines: list[dict[str, Any]]) -> str:
    say("6. The child comes a little early. One home writes down what came along, medicines")
    print("    counted; the other says that it is so.")
    newest = carer.send(
        "GET", "/api/v1/sleepovers?limit=1", show=["id", "state", "arrives_at", "bed_nights"]
    ).body["items"][0]
    stay = f"/api/v1/sleepovers/{newest['id']}"
    seen = hub_carer.send("GET", stay, show=["state"])
    hub_carer.send("POST", f"{stay}/handover", {}, seen=seen.etag, show=["state"])
    _hand_over(carer, hub_carer, stay, "handover", medicines)
    return stay


def _hand_over(
    carer: Person, hub_carer: Person, stay: str, kind: str, medicines: list[dict[str, Any]]
) -> None:
    # One of what is given as needed is gone by the return; the log of medicines says so.
    gone = 1 if kind == "return" else 0
    record = {
        "kind": kind,
        "place": "At the hub home's door",
        "belongings": "Red bag, school shoes, bear",
        "counts": [
            {"medicine_id": medicine["id"], "counted": 12 - gone * medicine["as_needed"]}
            for medicine in medicines
        ],
    }
    written = hub_carer.send(
        "POST", f"{stay}/handovers", record, show=["kind", "hub_confirmed_at"], expect=201
    )
    confirmed = f"/api/v1/handovers/{written.body['id']}/confirm"
    carer.send("POST", confirmed, seen=written.etag, show=["kind", "family_confirmed_at"])


def _stay_and_go(
    carer: Person, hub_carer: Person, stay: str, medicines: list[dict[str, Any]]
) -> None:
    say("7. The evening goes into a log that only grows, and every medicine that is given.")
    entry = {"kind": "fact", "text": "Ate two helpings, then Uno until nine. Asked about the dog."}
    hub_carer.send("POST", f"{stay}/log-entries", entry, show=["kind", "text"], expect=201)
    for medicine in medicines:
        if medicine["as_needed"]:
            dose = {"medicine_id": medicine["id"], "outcome": "given"}
            shown = ["outcome", "given_at"]
            hub_carer.send("POST", f"{stay}/medication", dose, show=shown, expect=201)
    say(
        "8. The child goes home early, with a reason. The night is free again, both homes are told,"
    )
    print("    and the child's own words are asked for.")
    seen = hub_carer.send("GET", stay, show=["state"])
    why = {"reason": "child_wants_to_go_home"}
    shown = ["state", "bed_nights", "early_end_reason"]
    gone = hub_carer.send("POST", f"{stay}/end-early", why, seen=seen.etag, show=shown)
    _hand_over(carer, hub_carer, stay, "return", medicines)
    words = {"would_come_again": "yes", "own_words": "The dog slept on my feet."}
    shown = ["would_come_again", "own_words"]
    carer.send("POST", f"{stay}/debrief", words, show=shown, expect=201)
    hub_carer.send("POST", f"{stay}/close", seen=gone.etag, show=["state"])


def _stay_longer(
    carer: Person, hub_carer: Person, liaison_worker: Person, home: dict[str, Any]
) -> None:
    say("10. Five nights are more than a hub carer may decide alone: the beds are held meanwhile.")
    arrives_at = _free_evening(carer, home, nights=5)
    wish = _wish(home, arrives_at, arrives_at + timedelta(days=5, hours=-7))
    asked = carer.send(
        "POST", "/api/v1/respite-requests", wish, show=["id", "state", "nights"], expect=201
    )
    request = f"/api/v1/respite-requests/{asked.body['id']}"
    seen = hub_carer.send("GET", request, show=["state"])
    hub_carer.send("POST", f"{request}/accept", seen=seen.etag, show=["state"])
    say("11. The liaison worker finds it among her tasks and approves it, with a reason.")
    liaison_worker.send("GET", "/api/v1/tasks?limit=1", show=["words", "due_at"])
    held = liaison_worker.send("GET", request, show=["state", "nights"])
    reason = {"reason": "The carer is having an operation."}
    liaison_worker.send("POST", f"{request}/approve", reason, seen=held.etag, show=["state"])
    say("12. Plans change: the carer cancels, and the beds are free again.")
    _call_off(carer)


def _call_off(person: Person, reason: str = "no_longer_needed") -> None:
    newest = person.send("GET", "/api/v1/sleepovers?limit=1", show=["state", "bed_nights"])
    stay = f"/api/v1/sleepovers/{newest.body['items'][0]['id']}"
    current = person.send("GET", stay, show=["state"])
    why = {"reason": reason}
    person.send("POST", f"{stay}/cancel", why, seen=current.etag, show=["state", "bed_nights"])


def _need_a_bed_now(carer: Person, hub_carer: Person, home: dict[str, Any]) -> None:
    say("13. At night she is ill. One press asks the hub, and wakes the liaison worker and whoever")
    print("    is on call. Had nobody answered, all other hubs with a free bed would be asked.")
    plea = {
        "household_id": home["id"],
        "children": [home["children"][0]["id"]],
        "until": f"{_morning_after(datetime.now(UTC)):%Y-%m-%dT%H:%M:%SZ}",
        "reason": "carer_unwell",
    }
    carer.send("POST", "/api/v1/emergencies", plea, show=["state", "next_step_at"], expect=201)
    asks = "/api/v1/emergency-asks?is_open=true&limit=1"
    asked = hub_carer.send("GET", asks, show=["nights", "ages"])
    ask = f"/api/v1/emergency-asks/{asked.body['items'][0]['id']}"
    hub_carer.send("POST", f"{ask}/accept", show=["answer"])
    say("14. She rings: it is better after all. Nobody came, says the hub carer, and the bed is")
    print("    free again.")
    _call_off(hub_carer, "did_not_come")


def _hear_of_it(hub_carer: Person) -> None:
    say("15. The hub carer's phone says where it can be reached. Its push would say no more than")
    print(
        "    that there is news of a booking. She looks, and what she has seen is on every phone."
    )
    phone = {
        "kind": "fid",
        "address": uuid4().hex[:22],
        "platform": "android",
        "app_version": "1.4.0",
        "locale": "en-GB",
    }
    hub_carer.send("PUT", f"/api/v1/devices/{uuid4()}", phone, expect=204)
    hub_carer.send("GET", "/api/v1/devices?limit=1", show=["platform", "state", "words"])
    news = hub_carer.send(
        "GET", "/api/v1/notifications?limit=1", show=["words", "topic", "severity", "opened_at"]
    )
    newest = f"/api/v1/notifications/{news.body['items'][0]['id']}"
    hub_carer.send("POST", f"{newest}/opened", expect=204)
    hub_carer.send("GET", "/api/v1/notifications?limit=1", show=["words", "opened_at"])


def _switch_off(carer: Person) -> str:
    say("9. The carer's phone has everything she may see. Then its battery is empty.")
    return str(_catch_up(carer, "").body["cursor"])


def _switch_on(carer: Person, cursor: str) -> None:
    say("16. The carer's phone is on again. One call brings what has changed meanwhile.")
    changed = _catch_up(carer, cursor).body["changed"]
    for kind, objects in changed.items():
        for each in objects:
            print(f"      {kind:<17} {each.get('state') or each.get('words') or each.get('name')}")


def _catch_up(carer: Person, cursor: str) -> Answer:
    """Ask until there is no more; with a hub as small as the demo that is once."""
    while True:
        since = f"?cursor={cursor}" if cursor else ""
        found = carer.send("GET", f"/api/v1/sync{since}", show=["reset", "more"])
        cursor = found.body["cursor"]
        if not found.body["more"]:
            return found


def _wish(home: dict[str, Any], arrives_at: datetime, departs_at: datetime) -> dict[str, Any]:
    """What the carer sends to ask for her first child's stay."""
    return {
        "household_id": home["id"],
        "children": [home["children"][0]["id"]],
        "kind": "planned",
        "arrives_at": f"{arrives_at:%Y-%m-%dT%H:%M:%SZ}",
        "departs_at": f"{departs_at:%Y-%m-%dT%H:%M:%SZ}",
        "reason": "rest_for_carer",
    }


def _is_night() -> bool:
    """Whether it is a night of the hub's, 23:00 to 05:00 unless its settings say otherwise."""
    hour = datetime.now(LONDON).hour
    return hour >= 23 or hour < 5


def _london_day(days: int) -> date:
    return (datetime.now(LONDON) + timedelta(days=days)).date()


def _morning_after(arrives_at: datetime) -> datetime:
    """Ten o'clock in London on the day after the arrival."""
    day = arrives_at.astimezone(LONDON).date() + timedelta(days=1)
    return datetime.combine(day, datetime.min.time(), LONDON).replace(hour=10).astimezone(UTC)


def _demo_logins() -> dict[str, dict[str, str]]:
    path = DATA_DIR / "demo-accounts.json"
    if not path.exists():
        sys.exit(f"There are no demo logins at {path}. Start the hub first: make run")
    logins: dict[str, dict[str, str]] = json.loads(path.read_text())
    return logins


def _free_evening(carer: Person, home: dict[str, Any], nights: int) -> datetime:
    """The first evening, a week or more ahead, from which a bed is free for so many nights."""
    calendar = f"/api/v1/constellations/{home['constellation_id']}/bed-nights"
    first, end = _london_day(7), _london_day(60)
    found = carer.send("GET", f"{calendar}?from={first}&until={end}", show=["from", "until"]).body
    free: dict[str, set[str]] = {}
    for bed in found["bed_nights"]:
        if bed["state"] == "free":
            free.setdefault(bed["bed_id"], set()).add(bed["night"])
    for days in range(7, 60 - nights):
        wanted = {str(_london_day(days + more)) for more in range(nights)}
        if any(wanted <= had for had in free.values()):
            evening = datetime.now(UTC).replace(hour=17, minute=0, second=0, microsecond=0)
            return evening + timedelta(days=days)
    sys.exit("The hub is full for weeks. Start again with a fresh one: HUB_DATA_DIR=/tmp/hub")


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
