"""A request that can't wait: asked for with the least, and placed where somebody says yes.

Whom to ask, and when the next, is the slice `emergencies`; the checks and the beds are those of any
stay, but for what an emergency sets aside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uuid_utils.compat import uuid7

from hub_api import child_keys, clock, db
from hub_api.constellations import service as constellations
from hub_api.errors import Forbidden
from hub_api.households import service as households
from hub_api.respite import policy, requests
from hub_api.respite.deciding import plan_of
from hub_api.respite.models import (
    RequestedChild,
    RequestKind,
    RequestReason,
    RequestState,
    RespiteRequest,
)
from hub_api.sleepovers import checks
from hub_api.sleepovers import service as sleepovers
from hub_api.sleepovers.checks import Check, Outcome
from hub_api.sleepovers.service import Decision

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.sleepovers.facts import Facts


@dataclass(frozen=True, slots=True)
class Plea:
    """What somebody says in an emergency: who, until when, why."""

    household_id: UUID
    children: Sequence[UUID]
    until: datetime
    reason: RequestReason
    note: str | None


@dataclass(frozen=True, slots=True)
class Sought:
    """A bed that is looked for: `ages` are those of the children today, in no order of theirs."""

    request_id: UUID
    constellation_id: UUID
    hub_home_id: UUID
    arrives_at: datetime
    departs_at: datetime
    nights: Sequence[date]
    ages: Sequence[int]
    is_own_hub_full: bool


def ask_in_emergency(actor: Actor, plea: Plea) -> Sought:
    """Send a request whose children come now.

    Raises `NotFound` for a household or child that is not the actor's to see, `Forbidden` for one
    they may only see, and `Conflict` where there can't be such a stay: no night, too long, a child
    who is away already.
    """
    constellation_id = households.constellation_of(actor, plea.household_id)
    if not policy.can_ask_in_emergency(actor, plea.household_id, constellation_id):
        raise Forbidden
    households.refuse_other_children(plea.household_id, sorted(plea.children))
    requests.refuse_past(plea.until)
    request = _request(actor, plea, constellation_id)
    db.session().add(request)
    db.session().flush()
    requests.record(actor, request, "create")
    request.submit()
    found, facts = sleepovers.examine(requests.stay_of(request))
    sleepovers.refuse_if([check for check in found if checks.refuses_asking(check)])
    requests.keep(actor, request, Decision.SUBMITTED, found)
    requests.record(actor, request, "submit")
    return _sought(request, found, facts)


def _request(actor: Actor, plea: Plea, constellation_id: UUID) -> RespiteRequest:
    request_id, now = uuid7(), clock.now()
    nights = requests.nights_of(now, plea.until)
    note = None
    if plea.note is not None:
        note = child_keys.protect(RespiteRequest.note, request_id, plea.children, plea.note)
    return RespiteRequest(
        id=request_id,
        constellation_id=constellation_id,
        household_id=plea.household_id,
        hub_home_id=constellations.serving_hub_home(
            constellation_id, nights[0], nights[-1], plea.household_id
        ),
        asked_by=actor.account_id,
        kind=RequestKind.EMERGENCY,
        reason=plea.reason,
        arrives_at=now,
        departs_at=plea.until,
        nights=nights,
        expires_at=plea.until,
        note=note,
        children=[
            RequestedChild(child_id=child_id, constellation_id=constellation_id)
            for child_id in sorted(plea.children)
        ],
    )


def _sought(request: RespiteRequest, found: Sequence[Check], facts: Facts) -> Sought:
    today = clock.london_today()
    return Sought(
        request_id=request.id,
        constellation_id=request.constellation_id,
        hub_home_id=request.hub_home_id,
        arrives_at=request.arrives_at,
        departs_at=request.departs_at,
        nights=request.nights,
        ages=sorted(facts.children[child].age_on(today) for child in requests.child_ids(request)),
        is_own_hub_full=any(c.code == "guest_bed" for c in checks.blocking(found)),
    )


def place_in_emergency(
    actor: Actor,
    request_id: UUID,
    hub_home_id: UUID,
    set_aside: Collection[str],
    hosted_by: UUID | None,
) -> bool:
    """Book the children of an emergency into a hub home whose mutex the caller holds.

    `set_aside` are the codes of the checks that do not count this once; `hosted_by` is the
    constellation of the hub, when it is another than the children's. False when somebody else
    has been faster, or it was taken back. Raises `Conflict` where a check blocks.
    """
    request = db.session().get_one(RespiteRequest, request_id)
    db.lock(request)
    requests.read_children(request)
    if request.state != RequestState.SUBMITTED:
        return False
    request.hub_home_id = hub_home_id
    households.hold_children(request.household_id, requests.child_ids(request))
    judged, facts = sleepovers.examine(requests.stay_of(request))
    aside = {*set_aside}
    if any(checks.is_for_the_court(facts.children[id_]) for id_ in requests.child_ids(request)):
        aside -= {"consent"}
    found = [_set_aside(check, aside) for check in judged]
    sleepovers.refuse_if(checks.blocking(found))
    request.accept()
    plan = plan_of(requests.stay_of(request), facts)
    booking = replace(requests.booking_of(request), hosting_constellation_id=hosted_by)
    sleepovers.book(booking, plan)
    # Placed first; the stay is in doubt until the consent that it takes is on record.
    sleepovers.look_for_consent(requests.child_ids(request))
    requests.keep(actor, request, Decision.ACCEPTED, found)
    requests.record(actor, request, "accept")
    return True


def _set_aside(check: Check, codes: Collection[str]) -> Check:
    if check.outcome is not Outcome.BLOCK or check.code not in codes:
        return check
    return replace(check, outcome=Outcome.WARN, is_overridden=True)
