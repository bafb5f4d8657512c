"""Asking for sleepovers and deciding on the asking, told in the domain's words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db, reads, settings
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.audit import service as audit
from hub_api.constellations import service as constellations
from hub_api.encryption import Ciphertext
from hub_api.errors import Conflict, Forbidden
from hub_api.households import service as households
from hub_api.notifications import service as notifications
from hub_api.notifications.categories import Category
from hub_api.reads import ASKING
from hub_api.respite import policy, queries
from hub_api.respite.models import RequestedChild, RespiteRequest
from hub_api.sleepovers import beds, checks
from hub_api.sleepovers import service as sleepovers
from hub_api.sleepovers.facts import Stay
from hub_api.sleepovers.models import Decision
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Page, PageArgs, Row
    from hub_api.respite.models import RequestKind, RequestReason


LONGEST_ASKED = timedelta(days=60)
"""Beyond this the departure is a slip of the finger; `length` judges everything shorter."""


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
    household_id, child_ids = body["household_id"], sorted(body["children"])
    constellation_id = households.constellation_of(actor, household_id)
    if not policy.can_ask(actor, household_id):
        raise Forbidden
    households.refuse_other_children(household_id, child_ids)
    nights = _nights_of(body["arrives_at"], body["departs_at"])
    request_id = uuid7()
    request = RespiteRequest(
        id=request_id,
        constellation_id=constellation_id,
        household_id=household_id,
        hub_home_id=constellations.serving_hub_home(constellation_id, nights[0]),
        asked_by=actor.account_id,
        kind=body["kind"],
        reason=body["reason"],
        arrives_at=body["arrives_at"],
        departs_at=body["departs_at"],
        nights=nights,
        expires_at=_too_late_after(nights[0]),
        note=_seal_note(request_id, body),
        children=[
            RequestedChild(child_id=child_id, constellation_id=constellation_id)
            for child_id in child_ids
        ],
    )
    db.session().add(request)
    db.session().flush()
    _audit(actor, request, "create")
    if not body["draft"]:
        _submit(actor, request)
    return get_request(actor, request.id)


def submit_request(actor: Actor, request_id: UUID, seen_version: int) -> Row:
    """Send a saved draft to the hub.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict` when it was sent already or the
    stay is not possible.
    """
    request = _find(actor, request_id)
    if not policy.can_ask(actor, request.household_id):
        raise Forbidden
    _lock(request, seen_version)
    _submit(actor, request)
    return get_request(actor, request.id)


def _submit(actor: Actor, request: RespiteRequest) -> None:
    request.submit()
    _refuse_past(request.arrives_at)
    found, _ = sleepovers.examine(_stay(request))
    _refuse_if([check for check in found if checks.refuses_asking(check)])
    _keep(actor, request, Decision.SUBMITTED, found)
    _tell_the_hub(request)


def _tell_the_hub(request: RespiteRequest) -> None:
    """The hub carers; while there are none, the liaison workers, with a task to find one.

    So no request lands on nobody: without a liaison worker the programme manager has the task.
    """
    place = request.constellation_id
    told = accounts.accounts_holding(Role.HUB_CARER, constellation_id=place)
    if not told:
        told = accounts.accounts_holding(Role.LIAISON_WORKER, constellation_id=place)
        tasks.raise_task(
            TaskKind.HUB_CARER_MISSING,
            constellation_id=place,
            subject_id=request.id,
            no_later_than=request.arrives_at,
        )
    notifications.notify(told, Category.REQUEST_SUBMITTED, request.id)


def accept_request(actor: Actor, request_id: UUID, seen_version: int) -> Row:
    """Say yes: one sleepover for each child, with a bed for every night.

    Raises `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: decided already, or a check
    blocks (`nights_taken` names the nights without a bed, `child_already_away` the child's).
    """
    request = _find(actor, request_id)
    if not policy.can_decide(actor, request):
        raise Forbidden
    constellations.lock_hub_home(request.hub_home_id)
    _lock(request, seen_version)
    request.accept()
    _refuse_once_begun(request)
    stay = _stay(request)
    found, facts = sleepovers.examine(stay)
    _refuse_if(checks.blocking(found))
    plan = beds.allocate(stay, facts)
    if plan is None:
        raise RuntimeError("The checks passed, yet the children don't fit into the beds.")
    sleepovers.book(_booking(request), plan)
    _keep(actor, request, Decision.ACCEPTED, found)
    tasks.settle(TaskKind.HUB_CARER_MISSING, request.id)
    carers = accounts.accounts_holding(Role.SATELLITE_CARER, household_id=request.household_id)
    notifications.notify(carers, Category.REQUEST_ACCEPTED, request.id)
    return get_request(actor, request.id)


def _booking(request: RespiteRequest) -> sleepovers.Booking:
    return sleepovers.Booking(
        constellation_id=request.constellation_id,
        household_id=request.household_id,
        hub_home_id=request.hub_home_id,
        request_id=request.id,
        arrives_at=request.arrives_at,
        departs_at=request.departs_at,
    )


def _stay(request: RespiteRequest) -> Stay:
    return Stay(
        hub_home_id=request.hub_home_id,
        children=tuple(child.child_id for child in request.children),
        arrives_at=request.arrives_at,
        departs_at=request.departs_at,
        nights=tuple(request.nights),
        reason=request.reason,
        request_id=request.id,
    )


def _refuse_if(blocks: list[checks.Check]) -> None:
    if blocks:
        raise Conflict(
            " ".join(check.sentence for check in blocks),
            code=blocks[0].problem,
            nights=sorted({night for check in blocks for night in check.nights}),
            checks=[check.as_json() for check in blocks],
        )


def _nights_of(arrives_at: datetime, departs_at: datetime) -> list[date]:
    rules = settings.current()
    _refuse_past(arrives_at)
    if arrives_at > clock.now() + rules.furthest_ahead:
        raise Conflict(
            f"You can ask up to {rules.furthest_ahead.days} days ahead. Please choose an "
            "earlier date.",
            code="too_far_ahead",
        )
    if departs_at - arrives_at > LONGEST_ASKED:
        raise Conflict(
            "That is longer than a sleepover can be. Please check the day of departure.",
            code="stay_too_long",
        )
    nights = clock.nights(arrives_at, departs_at, rules.night_starts, rules.night_ends)
    if not nights:
        raise Conflict(
            "A sleepover needs at least one night. The hub can't book day care yet; please ring "
            "your hub carer.",
            code="no_nights",
        )
    return nights


def _refuse_past(instant: datetime) -> None:
    if instant <= clock.now():
        raise Conflict("That time has already passed. Please choose another.", code="in_the_past")


def _too_late_after(first_night: date) -> datetime:
    return clock.london_instant(first_night + timedelta(days=1), settings.current().night_ends)


def _refuse_once_begun(request: RespiteRequest) -> None:
    """A yes may come a little late, on the evening itself, but not after the first night."""
    if request.expires_at <= clock.now():
        raise Conflict(
            "The first night of this stay is over, so it can't be accepted any more. The carer can "
            "ask again.",
            code="in_the_past",
        )


def _keep(
    actor: Actor, request: RespiteRequest, decision: Decision, found: list[checks.Check]
) -> None:
    sleepovers.keep_decision(
        actor.account_id, request.constellation_id, request.id, decision, found
    )
    _audit(actor, request, "submit" if decision is Decision.SUBMITTED else "accept")


def _audit(actor: Actor, request: RespiteRequest, verb: str) -> None:
    audit.record(
        f"respite_request:{verb}",
        actor_id=actor.account_id,
        subject_id=request.id,
        constellation_id=request.constellation_id,
        changed=["state"],
    )


def _find(actor: Actor, request_id: UUID) -> RespiteRequest:
    found = sa.select(RespiteRequest).where(
        RespiteRequest.id == request_id, policy.visible_to(ASKING)
    )
    return reads.find(actor, found)


def _lock(request: RespiteRequest, seen_version: int) -> None:
    db.lock_seen(request, seen_version)
    db.session().refresh(request, ["children"])


def list_requests(actor: Actor, page: PageArgs) -> Page:
    """The respite requests the actor may see, newest first."""
    return queries.REQUESTS.page(actor, page)


def get_request(actor: Actor, request_id: UUID) -> Row:
    """One respite request, with its note for those who may read it. Raises `NotFound`."""
    row = queries.DETAILS.one(actor, request_id)
    child_ids, sealed = row.pop("child_ids"), row.pop("note")
    may_read = policy.can_read_note(actor, row["household_id"], row["constellation_id"])
    note = Ciphertext(sealed) if sealed is not None and may_read else None
    shown = child_keys.reveal(RespiteRequest.note, request_id, child_ids, note)
    return {**row, "note": shown}


def _seal_note(request_id: UUID, body: RequestIn) -> Ciphertext | None:
    if body["note"] is None:
        return None
    return child_keys.protect(RespiteRequest.note, request_id, body["children"], body["note"])
