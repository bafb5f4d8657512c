"""What every step on a request shares: finding and locking it, its stay, what is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from hub_api import child_keys, clock, db, nights, reads, settings
from hub_api.audit import service as audit
from hub_api.constellations import service as constellations
from hub_api.encryption import Ciphertext
from hub_api.errors import Conflict, Forbidden
from hub_api.households import service as households
from hub_api.reads import ASKING
from hub_api.respite import policy, queries
from hub_api.respite.models import WAITING, RequestedChild, RespiteRequest
from hub_api.sleepovers import service as sleepovers
from hub_api.sleepovers.facts import Stay

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Row
    from hub_api.sleepovers.checks import Check
    from hub_api.sleepovers.facts import Facts
    from hub_api.sleepovers.service import Decision


# --- finding and locking ---------------------------------------------------------------------


def find(actor: Actor, request_id: UUID) -> RespiteRequest:
    """A request the actor may see, to act on. Raises `NotFound`."""
    found = sa.select(RespiteRequest).where(
        RespiteRequest.id == request_id, policy.visible_to(ASKING)
    )
    return reads.find(actor, found)


def children_to_decide_on(actor: Actor, request_id: UUID) -> tuple[UUID, list[UUID]]:
    """The constellation and children of a request that waits, for the hub carer who decides on it.

    Raises `NotFound`, `Forbidden`, and `Conflict` once it is answered.
    """
    request = find(actor, request_id)
    if not policy.can_accept(actor, request):
        raise Forbidden
    request.refuse_unless(*WAITING)
    read_children(request)
    return request.constellation_id, child_ids(request)


def lock(request: RespiteRequest, seen_version: int, *hub_homes: UUID) -> None:
    """Lock the request's hub home, any others, and then the request as it was seen.

    Raises `StaleVersion`, also when the request has gone to another hub home meanwhile.
    """
    for hub_home_id in sorted({request.hub_home_id, *hub_homes}):
        constellations.lock_hub_home(hub_home_id)
    db.lock_seen(request, seen_version)
    read_children(request)


def read_children(request: RespiteRequest) -> None:
    """Whom it asks for, read anew under its lock, in one statement."""
    found = (
        sa.select(RequestedChild)
        .where(RequestedChild.request_id == request.id)
        .order_by(RequestedChild.child_id)
        .execution_options(populate_existing=True)
    )
    set_committed_value(request, "children", [*db.session().scalars(found)])


# --- the stay that is asked for ---------------------------------------------------------------


def child_ids(request: RespiteRequest) -> list[UUID]:
    """Whom it asks for, in order."""
    return sorted(child.child_id for child in request.children)


def examine(request: RespiteRequest) -> tuple[list[Check], Facts]:
    """Every check of what is asked for, with what was set aside, and the facts behind them."""
    return sleepovers.examine(stay_of(request), sleepovers.overrides_in_force(request.id))


def examine_for_good(request: RespiteRequest) -> tuple[list[Check], Facts]:
    """The same for whoever goes by it: its children stay as they are until the transaction ends."""
    households.hold_children(request.household_id, child_ids(request))
    return examine(request)


def stay_of(request: RespiteRequest, children: Iterable[UUID] | None = None) -> Stay:
    """What the checks judge: its children, or those of them who still come."""
    return Stay(
        hub_home_id=request.hub_home_id,
        children=tuple(child_ids(request) if children is None else children),
        arrives_at=request.arrives_at,
        departs_at=request.departs_at,
        nights=tuple(request.nights),
        reason=request.reason,
        request_id=request.id,
    )


def booking_of(request: RespiteRequest) -> sleepovers.Booking:
    return sleepovers.Booking(
        constellation_id=request.constellation_id,
        household_id=request.household_id,
        hub_home_id=request.hub_home_id,
        request_id=request.id,
        arrives_at=request.arrives_at,
        departs_at=request.departs_at,
    )


def nights_of(arrives_at: datetime, departs_at: datetime) -> list[date]:
    """The nights a stay would hold. Raises `Conflict` where there can't be such a stay."""
    rules = settings.current()
    if arrives_at > clock.now() + rules.furthest_ahead:
        raise Conflict(
            f"You can ask up to {rules.furthest_ahead.days} days ahead. Please choose an "
            "earlier date.",
            code="too_far_ahead",
        )
    sleepovers.refuse_slip_of_the_finger(arrives_at, departs_at)
    held = nights.between(arrives_at, departs_at)
    if not held:
        raise Conflict(
            "A sleepover needs at least one night. The hub can't book day care yet; please ring "
            "your hub carer.",
            code="no_nights",
        )
    return held


def too_late_after(first_night: date) -> datetime:
    """The end of the first night: no answer is of use from then on."""
    return nights.ends_at(first_night)


# --- refusals --------------------------------------------------------------------------------


def refuse_past(instant: datetime) -> None:
    if instant <= clock.now():
        raise Conflict("That time has already passed. Please choose another.", code="in_the_past")


def refuse_once_begun(request: RespiteRequest) -> None:
    """A yes may come a little late, on the evening itself, but not after the first night."""
    if request.expires_at <= clock.now():
        raise Conflict(
            "The first night of this stay is over, so it can't be accepted any more. The carer can "
            "ask again.",
            code="in_the_past",
        )


def serving_hub_home(request: RespiteRequest, on: Sequence[date]) -> UUID:
    """The hub home that serves its household on all of these nights. Raises `Conflict`."""
    return constellations.serving_hub_home(
        request.constellation_id, on[0], on[-1], request.household_id
    )


def hold_hub_home(request: RespiteRequest) -> UUID:
    """The same for a request that is sent to it: none of these nights is taken from it before all
    can see the request. Raises `Conflict`, `Busy`."""
    on = request.nights
    return constellations.hold_serving_hub_home(
        request.constellation_id, on[0], on[-1], request.household_id
    )


def refuse_other_hub_home(request: RespiteRequest) -> None:
    """Raise `Conflict` when another hub home serves by then; the caller holds the mutex."""
    if serving_hub_home(request, request.nights) != request.hub_home_id:
        raise Conflict(
            "Another hub home looks after this constellation by then. Please ask the carer to send "
            "the request again.",
            code="other_hub_home",
        )


# --- what is kept ----------------------------------------------------------------------------


def keep(
    actor: Actor | None,
    request: RespiteRequest,
    decision: Decision,
    found: Sequence[Check],
) -> None:
    """Keep a decision with its checks; `actor` is None when time decided."""
    sleepovers.keep_decision(
        actor.account_id if actor else None, request.constellation_id, request.id, decision, found
    )


def record(
    actor: Actor | None,
    request: RespiteRequest,
    verb: str,
    changed: Sequence[str] = ("state",),
) -> None:
    """Write what was done to the audit trail."""
    audit.record(
        f"respite_request:{verb}",
        actor_id=actor.account_id if actor else None,
        subject_id=request.id,
        constellation_id=request.constellation_id,
        changed=changed,
    )


def get_request(actor: Actor, request_id: UUID) -> Row:
    """One respite request, with its note for those who may read it. Raises `NotFound`."""
    row = queries.DETAILS.one(actor, request_id)
    about, sealed = row.pop("child_ids"), row.pop("note")
    may_read = policy.can_read_note(actor, row["household_id"], row["constellation_id"])
    note = Ciphertext(sealed) if sealed is not None and may_read else None
    shown = child_keys.reveal(RespiteRequest.note, request_id, about, note)
    return {**row, "note": shown}
