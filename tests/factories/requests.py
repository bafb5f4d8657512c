"""Respite requests in every state, as people bring them there."""

from typing import Any

from hub_api.respite.jobs import expire_requests
from tests.phone import Phone, in_days

LONG = 5
"""Nights for which the liaison worker decides too."""
WHY = "Mum is in hospital until Thursday."


def path_of(request: dict[str, Any]) -> str:
    return f"/respite-requests/{request['id']}"


def decide(phone: Phone, request: dict[str, Any], verb: str, body: Any = None) -> Any:
    """Take a step on the newest version of a request."""
    return phone.post_seen(path_of(request), body, verb=verb)


def change(phone: Phone, request: dict[str, Any], **changes: Any) -> Any:
    """Change the newest version of a request."""
    etag = phone.get(path_of(request)).headers.get("ETag", '"1"')
    return phone.send("PATCH", path_of(request), changes, If_Match=etag)


def stay(days: int, nights: int = 1) -> dict[str, str]:
    """The dates of a stay so many days ahead."""
    return {"arrives_at": in_days(days), "departs_at": in_days(days + nights, hour=10)}


def liaison(world: Any) -> Phone:
    return world.phone(world.here.liaison_worker)


def held(world: Any, **changes: Any) -> dict[str, Any]:
    """A longer stay that the hub carer said yes to."""
    request = world.asked(**{"nights": LONG, **changes})
    answer = decide(world.hub_carer, request, "accept")
    assert answer.json["state"] == "awaiting_approval", answer.json
    return answer.json


def in_state(world: Any, state: str, overdue: Any = None, **changes: Any) -> dict[str, Any]:
    """A request of the family here in a state; `overdue` makes one's first night over."""
    if state == "draft":
        return world.asked(draft=True, **changes)
    if state == "awaiting_approval":
        return held(world, **changes)
    request = world.asked(**changes)
    steps = {
        "accepted": (world.hub_carer, "accept", None),
        "declined": (world.hub_carer, "decline", {"reason": "hub_unable"}),
        "withdrawn": (world.carer, "withdraw", {"reason": "no_longer_needed"}),
    }
    if state == "expired":
        overdue(request)
        expire_requests(0)
    elif state in steps:
        phone, verb, body = steps[state]
        assert decide(phone, request, verb, body).status_code == 200
    found = world.carer.get(path_of(request)).json
    assert found["state"] == state
    return found
