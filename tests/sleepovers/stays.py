"""Stays as the people of the world here run them, at a time of one's choosing."""

from datetime import datetime, timedelta
from typing import Any

import time_machine

from tests.conftest import World
from tests.phone import in_days


def arrival(stay: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(stay["arrives_at"])


def departure(stay: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(stay["departs_at"])


def act(
    world: World,
    stay: dict[str, Any],
    verb: str,
    body: dict[str, Any] | None = None,
    *,
    at: datetime,
    by: str = "hub_carer",
) -> Any:
    """Somebody here does something to a stay at this instant, having looked at it."""
    account = world.here.family.carer if by == "carer" else getattr(world.here, by)
    sent = body if body is not None or verb == "close" else {}
    with time_machine.travel(at, tick=False):
        return world.phone(account).post_seen(f"/sleepovers/{stay['id']}", sent, verb=verb)


def begun(world: World, **changes: Any) -> dict[str, Any]:
    """A stay whose child came when agreed."""
    stay = world.booked(**changes)
    answer = act(world, stay, "handover", at=arrival(stay))
    assert answer.status_code == 200, answer.json
    return answer.json


def brought_to(world: World, state: str, days: int = 7, **changes: Any) -> dict[str, Any]:
    """A stay of two nights in this state, as of its last change."""
    when = {"arrives_at": in_days(days), "departs_at": in_days(days + 2, hour=10)}
    stay = world.booked(**when, **changes)
    leaving = departure(stay)
    steps = {
        "confirmed": [],
        "cancelled": [("cancel", {"reason": "child_unwell"}, arrival(stay) - timedelta(days=1))],
        "in_stay": [("handover", {}, arrival(stay))],
        "returned": [("handover", {}, arrival(stay)), ("return", {}, leaving)],
        "closed": [
            ("handover", {}, arrival(stay)),
            ("return", {}, leaving),
            ("close", None, leaving),
        ],
    }
    for verb, body, at in steps[state]:
        answer = act(world, stay, verb, body, at=at)
        assert answer.status_code == 200, answer.json
        stay = answer.json
    return stay


def nights(stay: dict[str, Any]) -> list[str]:
    return [held["night"] for held in stay["bed_nights"]]
