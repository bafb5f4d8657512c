"""Asking for sleepovers: trying it out, saving a draft, sending it to the hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from uuid_utils.compat import uuid7

from hub_api import child_keys, db
from hub_api.access import Role
from hub_api.constellations import service as constellations
from hub_api.errors import Forbidden, Invalid
from hub_api.households import service as households
from hub_api.respite import policy, requests, telling
from hub_api.respite.models import RequestedChild, RequestKind, RespiteRequest
from hub_api.sleepovers import checks
from hub_api.sleepovers import service as sleepovers
from hub_api.sleepovers.facts import Stay
from hub_api.sleepovers.service import Decision

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.encryption import Ciphertext
    from hub_api.reads import Row
    from hub_api.respite.models import RequestReason


class RequestIn(TypedDict):
    """What a carer sends: `schemas.RespiteRequestIn`."""

    household_id: UUID
    children: list[UUID]
    kind: RequestKind
    arrives_at: datetime
    departs_at: datetime
    reason: RequestReason
    note: str | None
    draft: bool


def ask(actor: Actor, body: RequestIn) -> Row:
    """Save a request and, unless it is a draft, send it to the hub.

    Raises `NotFound` for a household or child that is not the actor's to see, `Forbidden` for one
    they may only see, and `Conflict` where the stay is not possible, or for a note about a child
    whose texts were erased.
    """
    constellation_id, nights, hub_home_id = _whereabouts(actor, body)
    request_id = uuid7()
    request = RespiteRequest(
        id=request_id,
        constellation_id=constellation_id,
        household_id=body["household_id"],
        hub_home_id=hub_home_id,
        asked_by=actor.account_id,
        kind=body["kind"],
        reason=body["reason"],
        arrives_at=body["arrives_at"],
        departs_at=body["departs_at"],
        nights=nights,
        expires_at=requests.too_late_after(nights[0]),
        note=_seal_note(request_id, body),
        children=[
            RequestedChild(child_id=child_id, constellation_id=constellation_id)
            for child_id in sorted(body["children"])
        ],
    )
    db.session().add(request)
    db.session().flush()
    requests.record(actor, request, "create")
    if not body["draft"]:
        _submit(actor, request)
    return requests.get_request(actor, request.id)


def try_asking(actor: Actor, body: RequestIn) -> dict[str, Any]:
    """What would come of asking; nothing is saved. Raises what `ask()` raises.

    A stay whose checks refuse the asking is answered too, with `can_be_asked` false.
    """
    _, nights, hub_home_id = _whereabouts(actor, body)
    if body["note"] is not None:
        child_keys.refuse_erased(body["children"])
    stay = Stay(
        hub_home_id=hub_home_id,
        children=tuple(sorted(body["children"])),
        arrives_at=body["arrives_at"],
        departs_at=body["departs_at"],
        nights=tuple(nights),
        reason=body["reason"],
    )
    found, _ = sleepovers.examine(stay)
    can_be_asked = not any(checks.refuses_asking(check) for check in found)
    return {
        "nights": nights,
        "checks": [check.as_json() for check in found],
        "can_be_asked": can_be_asked,
        "decided_by": _decided_by(found) if can_be_asked else None,
    }


def _decided_by(found: list[checks.Check]) -> Role:
    """Who has the last word on a stay so long."""
    needs_approval = any(check.code == "length" for check in checks.blocking(found))
    return Role.LIAISON_WORKER if needs_approval else Role.HUB_CARER


def _whereabouts(actor: Actor, body: RequestIn) -> tuple[UUID, list[date], UUID]:
    """The constellation, nights and hub home of what is asked for. Raises as `ask()`."""
    if body["kind"] == RequestKind.EMERGENCY:
        words = ["Please ask for an emergency as one: it needs less, and wakes people."]
        raise Invalid(errors={"kind": words})
    household_id = body["household_id"]
    constellation_id = households.constellation_of(actor, household_id)
    if not policy.can_ask(actor, household_id):
        raise Forbidden
    households.refuse_other_children(household_id, sorted(body["children"]))
    requests.refuse_past(body["arrives_at"])
    nights = requests.nights_of(body["arrives_at"], body["departs_at"])
    hub_home_id = constellations.serving_hub_home(
        constellation_id, nights[0], nights[-1], household_id
    )
    return constellation_id, nights, hub_home_id


def submit_request(actor: Actor, request_id: UUID, seen_version: int) -> Row:
    """Send a saved draft to the hub.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict` when it was sent already or the
    stay is not possible.
    """
    request = requests.find(actor, request_id)
    if not policy.can_ask(actor, request.household_id):
        raise Forbidden
    db.lock_seen(request, seen_version)
    requests.read_children(request)
    households.hold_children(request.household_id, requests.child_ids(request))
    _submit(actor, request)
    return requests.get_request(actor, request.id)


def _submit(actor: Actor, request: RespiteRequest) -> None:
    request.submit()
    requests.refuse_past(request.arrives_at)
    # By now it may be another than when the draft was saved.
    request.hub_home_id = requests.hold_hub_home(request)
    found, _ = sleepovers.examine(requests.stay_of(request))
    sleepovers.refuse_if([check for check in found if checks.refuses_asking(check)])
    requests.keep(actor, request, Decision.SUBMITTED, found)
    requests.record(actor, request, "submit")
    telling.the_hub_of_a_new_request(request)


def _seal_note(request_id: UUID, body: RequestIn) -> Ciphertext | None:
    if body["note"] is None:
        return None
    return child_keys.protect(RespiteRequest.note, request_id, body["children"], body["note"])
