"""Changing a request: other dates, children, reason or note, with every check again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from hub_api import child_keys, db
from hub_api.errors import Busy, Conflict, Forbidden, Invalid
from hub_api.households import service as households
from hub_api.notifications.categories import Category
from hub_api.respite import overriding, policy, requests, telling
from hub_api.respite.deciding import plan_of
from hub_api.respite.models import WAITING, RequestedChild, RequestState, RespiteRequest
from hub_api.sleepovers import checks
from hub_api.sleepovers import service as sleepovers
from hub_api.sleepovers.service import Decision
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.encryption import Ciphertext
    from hub_api.reads import Row
    from hub_api.respite.models import RequestReason


class ChangeIn(TypedDict, total=False):
    """What is to be otherwise: `schemas.RespiteRequestChangeIn`."""

    arrives_at: datetime
    departs_at: datetime
    children: list[UUID]
    reason: RequestReason
    note: str | None
    approval_reason: str


DATES = frozenset({"arrives_at", "departs_at"})


def change_request(actor: Actor, request_id: UUID, seen_version: int, changes: ChangeIn) -> Row:
    """Change a request that waits or, by those who run the hub, the dates of an accepted one.

    Beds that were held are free again, what was set aside for other dates or children no longer
    is, and the hub is asked anew. Raises `NotFound`, `Forbidden`, `StaleVersion`, `Invalid`, or
    `Conflict`: decided already, begun already, or a check blocks; then all stays as it was.
    """
    request = requests.find(actor, request_id)
    if policy.can_ask(actor, request.household_id) or policy.can_reschedule(actor, request):
        request.refuse_emergency()
    if request.state == RequestState.ACCEPTED:
        _reschedule(actor, request, seen_version, changes)
    else:
        _change(actor, request, seen_version, changes)
    return requests.get_request(actor, request.id)


# --- while it waits --------------------------------------------------------------------------


def _change(actor: Actor, request: RespiteRequest, seen_version: int, changes: ChangeIn) -> None:
    if not policy.can_ask(actor, request.household_id):
        raise Forbidden
    if "approval_reason" in changes:
        raise Invalid(errors={"approval_reason": ["This is for a stay that was accepted."]})
    nights, hub_home_id = _nights_and_hub(request, changes)
    requests.lock(request, seen_version, hub_home_id)
    was_held = request.state == RequestState.AWAITING_APPROVAL
    changed = _differences(request, changes)
    if not changed:
        request.refuse_unless(RequestState.DRAFT, *WAITING)
        return
    if {*changed} & DATES and requests.serving_hub_home(request, nights) != hub_home_id:
        raise Busy  # another was appointed while this waited for its mutex
    request.change()
    if was_held:
        sleepovers.release(request.id)
        telling.settle_tasks(request, TaskKind.APPROVAL_NEEDED)
    note = _note_anew(request, changes)
    _set_dates(request, changes, nights, hub_home_id)
    _set_children(request, changes)
    request.reason, request.note = changes.get("reason", request.reason), note
    _touch(request)
    if request.state == RequestState.SUBMITTED:
        _check_again(actor, request, changed)
    requests.record(actor, request, "change", [*changed, *(["state"] if was_held else [])])


def _check_again(actor: Actor, request: RespiteRequest, changed: list[str]) -> None:
    """For a request that was sent: its checks, the snapshot, and the hub is told."""
    if {*changed} & (DATES | {"children"}):
        sleepovers.end_overrides(request.id)
    found, _ = requests.examine_for_good(request)
    sleepovers.refuse_if([check for check in found if checks.refuses_asking(check)])
    requests.keep(actor, request, Decision.CHANGED, found)
    telling.tell(actor, telling.hub_carers(request), Category.REQUEST_CHANGED, request)


def _differences(request: RespiteRequest, changes: ChangeIn) -> list[str]:
    """The names of the fields that are not as they were. A note that is sent counts as new, and
    what approves a change is none itself."""
    was: dict[str, Any] = {
        "arrives_at": request.arrives_at,
        "departs_at": request.departs_at,
        "children": requests.child_ids(request),
        "reason": request.reason,
    }
    wanted: dict[str, Any] = {**changes}
    if "children" in changes:
        wanted["children"] = sorted(changes["children"])
    wanted.pop("approval_reason", None)
    return [name for name in wanted if name == "note" or wanted[name] != was[name]]


def _note_anew(request: RespiteRequest, changes: ChangeIn) -> Ciphertext | None:
    """The note as it is to be stored: under the keys of the children it will be about."""
    about = changes.get("children", requests.child_ids(request))
    if "note" in changes:
        text = changes["note"]
    elif "children" in changes:
        text = child_keys.reveal(
            RespiteRequest.note, request.id, requests.child_ids(request), request.note
        )
    else:
        return request.note
    if text is None:
        return None
    return child_keys.protect(RespiteRequest.note, request.id, about, text)


def _set_children(request: RespiteRequest, changes: ChangeIn) -> None:
    if "children" not in changes:
        return
    wanted, session = {*changes["children"]}, db.session()
    households.refuse_other_children(request.household_id, sorted(wanted))
    here = request.constellation_id
    for child in request.children:
        if child.child_id not in wanted:
            session.delete(child)
    session.add_all(
        RequestedChild(request_id=request.id, child_id=child_id, constellation_id=here)
        for child_id in sorted(wanted - {*requests.child_ids(request)})
    )
    session.flush()
    session.refresh(request, ["children"])


def _touch(request: RespiteRequest) -> None:
    """Raise the version, also when nothing but the children has changed."""
    request.version += 1
    db.session().flush()


# --- dates -----------------------------------------------------------------------------------


def _nights_and_hub(request: RespiteRequest, changes: ChangeIn) -> tuple[list[date], UUID]:
    """The nights of the changed stay, and the hub home that serves on the first of them."""
    arrives_at = changes.get("arrives_at", request.arrives_at)
    departs_at = changes.get("departs_at", request.departs_at)
    if (arrives_at, departs_at) == (request.arrives_at, request.departs_at):
        return request.nights, request.hub_home_id
    if departs_at <= arrives_at:
        raise Invalid(errors={"departs_at": ["Please choose a time after the arrival."]})
    if arrives_at != request.arrives_at:
        requests.refuse_past(arrives_at)
    nights = requests.nights_of(arrives_at, departs_at)
    return nights, requests.serving_hub_home(request, nights)


def _set_dates(
    request: RespiteRequest, changes: ChangeIn, nights: list[date], hub_home_id: UUID
) -> None:
    request.arrives_at = changes.get("arrives_at", request.arrives_at)
    request.departs_at = changes.get("departs_at", request.departs_at)
    request.nights, request.hub_home_id = nights, hub_home_id
    request.expires_at = requests.too_late_after(nights[0])


# --- once it is accepted ---------------------------------------------------------------------


def _reschedule(
    actor: Actor, request: RespiteRequest, seen_version: int, changes: ChangeIn
) -> None:
    """Other dates for an accepted stay: old nights freed and new ones booked, or neither."""
    _refuse_rescheduling(actor, request, changes)
    nights, hub_home_id = _nights_and_hub(request, changes)
    requests.lock(request, seen_version, hub_home_id)
    request.reschedule()
    children = sleepovers.children_to_come(request.id)
    changed = [name for name in _differences(request, changes) if name in DATES]
    if sleepovers.is_extended(requests.booking_of(request)):
        _refuse_unsaid_departure(changes)
        changed = sorted({*changed, "departs_at"})
    if not changed:
        return
    _set_dates(request, changes, nights, hub_home_id)
    db.session().flush()
    sleepovers.end_overrides(request.id)
    if "approval_reason" in changes:
        overriding.add(actor, request, "length", changes["approval_reason"], request.departs_at)
    requests.refuse_other_hub_home(request)
    households.hold_children(request.household_id, children)
    stay = requests.stay_of(request, children)
    found, facts = sleepovers.examine(stay, sleepovers.overrides_in_force(request.id))
    sleepovers.refuse_if(checks.blocking(found))
    sleepovers.rebook(requests.booking_of(request), plan_of(stay, facts))
    requests.keep(actor, request, Decision.CHANGED, found)
    requests.record(actor, request, "change", [*changed, "bed_nights"])
    told = {*telling.carers(request), *telling.hub_carers(request)}
    telling.tell(actor, told, Category.REQUEST_CHANGED, request)


def _refuse_unsaid_departure(changes: ChangeIn) -> None:
    """Raise `Conflict` where the nights by which a stay was extended would be lost unnoticed."""
    if "departs_at" not in changes:
        raise Conflict(
            "One of these sleepovers was extended, so please say when everybody goes home, too.",
            code="was_extended",
        )


def _refuse_rescheduling(actor: Actor, request: RespiteRequest, changes: ChangeIn) -> None:
    if not policy.can_reschedule(actor, request):
        raise Forbidden(
            "This request has been accepted. Please ask your hub carer to change the dates."
        )
    if "approval_reason" in changes and not policy.can_approve(actor, request):
        raise Forbidden("Only the liaison worker can approve a longer stay.")
    words = ["This can't change any more once the request is accepted; its dates can."]
    fixed = {*changes} - DATES - {"approval_reason"}
    if fixed:
        raise Invalid(errors=dict.fromkeys(sorted(fixed), words))
