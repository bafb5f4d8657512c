"""Deciding on a request: the hub carer's yes, the liaison worker's, a no, and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api import changes
from hub_api.access import Role
from hub_api.errors import Forbidden
from hub_api.notifications.categories import Category
from hub_api.respite import overriding, policy, requests, telling
from hub_api.respite.changes import EmergencyEnds
from hub_api.respite.models import RequestKind, RequestState
from hub_api.sleepovers import beds, checks
from hub_api.sleepovers import service as sleepovers
from hub_api.sleepovers.service import Decision
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Row
    from hub_api.respite.models import DeclineReason, RespiteRequest, WithdrawReason
    from hub_api.sleepovers.beds import Plan
    from hub_api.sleepovers.facts import Facts, Stay


def accept_request(actor: Actor, request_id: UUID, seen_version: int) -> Row:
    """Say yes to all the children: a sleepover for each, with a bed for every night.

    A stay so long that the liaison worker decides too has its beds held and awaits approval.
    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: decided already, or a check
    blocks (`nights_taken` names the nights without a bed, `child_already_away` the child's).
    """
    request = requests.find(actor, request_id)
    if not policy.can_accept(actor, request):
        raise Forbidden
    requests.lock(request, seen_version)
    request.refuse_emergency()
    request.refuse_unless(RequestState.SUBMITTED)
    requests.refuse_once_begun(request)
    requests.refuse_other_hub_home(request)
    stay = requests.stay_of(request)
    found, facts = requests.examine_for_good(request)
    blocks = checks.blocking(found)
    if _only_approval_is_missing(blocks):
        request.await_approval()
        sleepovers.hold(requests.booking_of(request), plan_of(stay, facts))
        requests.keep(actor, request, Decision.HELD, found)
        requests.record(actor, request, "hold")
        telling.approval_is_needed(actor, request)
    else:
        request.accept()
        sleepovers.refuse_if(blocks)
        sleepovers.book(requests.booking_of(request), plan_of(stay, facts))
        requests.keep(actor, request, Decision.ACCEPTED, found)
        requests.record(actor, request, "accept")
        telling.tell(actor, telling.carers(request), Category.REQUEST_ACCEPTED, request)
    telling.settle_tasks(request, TaskKind.HUB_CARER_MISSING)
    return requests.get_request(actor, request.id)


def _only_approval_is_missing(blocks: list[checks.Check]) -> bool:
    return [(check.code, check.override) for check in blocks] == [("length", Role.LIAISON_WORKER)]


def plan_of(stay: Stay, facts: Facts) -> Plan:
    """A bed for each child on each night, which the checks have found to be there."""
    plan = beds.allocate(stay, facts)
    if plan is None:
        raise RuntimeError("The checks passed, yet the children don't fit into the beds.")
    return plan


def approve_request(actor: Actor, request_id: UUID, seen_version: int, reason: str) -> Row:
    """Approve a longer stay that the hub carer has said yes to: its children have their beds.

    The reason is kept, sealed, as what set `length` aside. Raises `NotFound`, `Forbidden`,
    `StaleVersion`, or `Conflict`: it does not await approval, or a check blocks.
    """
    request = requests.find(actor, request_id)
    if not policy.can_approve(actor, request):
        raise Forbidden
    requests.lock(request, seen_version)
    request.approve()
    requests.refuse_once_begun(request)
    overriding.add(actor, request, "length", reason, request.departs_at)
    found, facts = requests.examine_for_good(request)
    sleepovers.refuse_if(checks.blocking(found))
    # In beds that suit today: those that were held may share a room that no longer may be shared.
    sleepovers.release(request.id)
    sleepovers.book(requests.booking_of(request), plan_of(requests.stay_of(request), facts))
    requests.keep(actor, request, Decision.APPROVED, found)
    requests.record(actor, request, "approve")
    telling.settle_tasks(request)
    carers = telling.carers(request)
    telling.tell(actor, carers, Category.REQUEST_ACCEPTED, request)
    hub = {*telling.hub_carers(request)} - {*carers}
    telling.tell(actor, hub, Category.REQUEST_APPROVED, request)
    return requests.get_request(actor, request.id)


def decline_request(
    actor: Actor, request_id: UUID, seen_version: int, reason: DeclineReason
) -> Row:
    """Say no. Beds that were held are free again.

    Raises `NotFound`, `Forbidden` for anybody but the one who is to answer, `StaleVersion`, or
    `Conflict` when it was answered already.
    """
    request = requests.find(actor, request_id)
    requests.lock(request, seen_version)
    if not policy.can_decline(actor, request):
        raise Forbidden(
            "Somebody else is to answer this request: the hub carer first, and then the liaison "
            "worker where a longer stay needs approval."
        )
    request.refuse_emergency()
    told = telling.carers(request)
    if request.state == RequestState.AWAITING_APPROVAL:
        told += telling.hub_carers(request)
    request.decline(reason)
    _end(actor, request, Decision.DECLINED, "decline")
    telling.tell(actor, told, Category.REQUEST_DECLINED, request)
    return requests.get_request(actor, request.id)


def withdraw_request(
    actor: Actor, request_id: UUID, seen_version: int, reason: WithdrawReason
) -> Row:
    """Take a request back. Beds that were held are free again; nobody hears of a draft.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict` when it was answered already.
    """
    request = requests.find(actor, request_id)
    if not policy.can_ask(actor, request.household_id):
        raise Forbidden
    requests.lock(request, seen_version)
    before = RequestState(request.state)
    request.withdraw(reason)
    if before is RequestState.DRAFT:
        requests.record(actor, request, "withdraw", ["state", "withdraw_reason"])
        return requests.get_request(actor, request.id)
    _end(actor, request, Decision.WITHDRAWN, "withdraw")
    told = telling.hub_carers(request)
    if before is RequestState.AWAITING_APPROVAL:
        told += telling.liaison_workers(request)
    if request.kind == RequestKind.EMERGENCY:
        changes.announce(EmergencyEnds(request.id))  # it tells those who were asked
    else:
        telling.tell(actor, told, Category.REQUEST_WITHDRAWN, request)
    return requests.get_request(actor, request.id)


def _end(actor: Actor, request: RespiteRequest, decision: Decision, verb: str) -> None:
    """What every end without a stay has in common."""
    found, _ = requests.examine(request)
    sleepovers.release(request.id)
    requests.keep(actor, request, decision, found)
    requests.record(actor, request, verb, ["state", f"{verb}_reason"])
    telling.settle_tasks(request)
