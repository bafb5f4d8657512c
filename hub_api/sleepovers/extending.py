"""A stay that lasts longer than agreed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import db, nights
from hub_api.access import Role
from hub_api.constellations import service as constellations
from hub_api.errors import Conflict
from hub_api.households import service as households
from hub_api.notifications.categories import Category
from hub_api.sleepovers import (
    asked,
    beds,
    booking,
    checks,
    decisions,
    overrides,
    policy,
    queries,
    running,
)
from hub_api.sleepovers.facts import Stay
from hub_api.sleepovers.models import Decision, Sleepover
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Row
    from hub_api.sleepovers.checks import Check, Waiver
    from hub_api.sleepovers.facts import Facts


def extend_sleepover(
    actor: Actor, sleepover_id: UUID, seen_version: int, departs_at: datetime, reason: str | None
) -> Row:
    """Let a child stay until later. Every check is made again for the whole stay; the nights agreed
    keep their beds. Both homes are told.

    Beyond what a hub carer may accept alone it takes the liaison worker and a reason. Raises
    `NotFound`, `Forbidden`, `StaleVersion`, or `Conflict`: over already, not later, no reason where
    it takes one, or a check blocks.
    """
    sleepover = running.take(actor, sleepover_id, seen_version, policy.can_change)
    if sleepover.hosting_constellation_id is not None:
        raise Conflict(
            "The child is at another constellation's hub. Please ask for the further nights anew.",
            code="hosted_elsewhere",
        )
    sleepover.extend(departs_at)
    decisions.refuse_slip_of_the_finger(sleepover.arrives_at, departs_at)
    held = booking.nights_of(sleepover)
    stay = _stay(sleepover)
    households.hold_children(sleepover.household_id, stay.children)
    found, facts = decisions.examine(stay, _set_aside(actor, sleepover, reason))
    _refuse_without_reason(actor, sleepover, found)
    decisions.refuse_if(_set_aside_for_other_nights(found, held))
    decisions.refuse_if(checks.blocking(found))
    _add_nights(sleepover, stay, facts, held)
    if reason is not None and any(c.code == "length" and c.is_overridden for c in found):
        _keep_reason(actor, sleepover, reason)
    decisions.keep_decision(
        actor.account_id,
        sleepover.constellation_id,
        sleepover.request_id,
        Decision.EXTENDED,
        found,
    )
    tasks.settle(TaskKind.RETURN_LATE, sleepover.id)
    running.note(actor, sleepover, "extend", "departs_at", "bed_nights")
    running.tell_both(actor, sleepover, Category.SLEEPOVER_EXTENDED)
    return queries.get_sleepover(actor, sleepover.id)


def _stay(sleepover: Sleepover) -> Stay:
    return Stay(
        hub_home_id=sleepover.hub_home_id,
        children=(sleepover.child_id,),
        arrives_at=sleepover.arrives_at,
        departs_at=sleepover.departs_at,
        nights=tuple(nights.between(sleepover.arrives_at, sleepover.departs_at)),
        reason=asked.reason_of(sleepover.request_id),
        request_id=sleepover.request_id,
    )


def _set_aside(actor: Actor, sleepover: Sleepover, reason: str | None) -> dict[str, Waiver]:
    """What counts as set aside: what was for the request, but for its length, which is asked anew;
    that is set aside by a liaison worker who says why."""
    overridden = overrides.overrides_in_force(sleepover.request_id)
    overridden.pop("length", None)
    if reason is not None and _is_liaison_worker(actor, sleepover):
        overridden["length"] = checks.Waiver(Role.LIAISON_WORKER)
    return overridden


def _set_aside_for_other_nights(found: list[Check], held: dict[date, UUID]) -> list[Check]:
    """What was set aside for the nights agreed is not for those that come on top."""
    return [
        check
        for check in found
        if check.is_overridden and check.code != "length" and {*check.nights} - held.keys()
    ]


def _is_liaison_worker(actor: Actor, sleepover: Sleepover) -> bool:
    return sleepover.constellation_id in actor.constellations(Role.LIAISON_WORKER)


def _refuse_without_reason(actor: Actor, sleepover: Sleepover, found: list[Check]) -> None:
    blocks = checks.blocking(found)
    could_be = any(c.code == "length" and c.override is Role.LIAISON_WORKER for c in blocks)
    if could_be and _is_liaison_worker(actor, sleepover):
        raise Conflict(
            "A stay this long needs a reason. Please say in a few words why it is right for the "
            "child.",
            code="reason_needed",
        )


def _keep_reason(actor: Actor, sleepover: Sleepover, reason: str) -> None:
    """Sealed under the keys of all the children of the request, whose override it is."""
    child_ids = db.session().scalars(
        sa.select(Sleepover.child_id).where(Sleepover.request_id == sleepover.request_id)
    )
    overrides.set_aside(
        overrides.SetAside(
            constellation_id=sleepover.constellation_id,
            request_id=sleepover.request_id,
            code="length",
            reason=reason,
            about=[*child_ids],
            given_by=actor.account_id,
            expires_at=sleepover.departs_at,
        )
    )


# --- the nights ------------------------------------------------------------------------------


def _add_nights(sleepover: Sleepover, stay: Stay, facts: Facts, held: dict[date, UUID]) -> None:
    further = [night for night in stay.nights if night not in held]
    if not further:
        return
    serving = constellations.serving_hub_home(
        sleepover.constellation_id, further[0], further[-1], sleepover.household_id
    )
    if serving != sleepover.hub_home_id:
        raise Conflict(
            "Another hub home looks after your constellation by then. Please ask for a new "
            "sleepover there.",
            code="other_hub_home",
        )
    booking.add_nights(sleepover, _beds_for(stay, facts, further, held))


def _beds_for(
    stay: Stay, facts: Facts, further: list[date], held: dict[date, UUID]
) -> dict[date, UUID]:
    """A bed for each further night: the child's own for as long as it is free, then as few others
    as can be. Raises `Conflict` when there is no way."""
    given: dict[date, UUID] = {}
    bed = held[max(held)] if held else None
    for position, night in enumerate(further):
        own = replace(facts, beds=tuple(b for b in facts.beds if b.id == bed))
        if beds.allocate(replace(stay, nights=(night,)), own) is None:
            plan = beds.allocate(replace(stay, nights=tuple(further[position:])), facts)
            if plan is None:
                raise Conflict(
                    "There is no bed for the nights that come on top. Please choose an earlier "
                    "departure.",
                    code="nights_taken",
                    nights=further,
                )
            bed = plan[stay.children[0]][night]
        if bed is not None:
            given[night] = bed
    return given
