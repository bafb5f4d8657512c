"""Whom an emergency is put to, one step after the other: the own hub, all others, the telephone.

Each step is taken once. The row of the emergency is locked first, and whoever finds that it has
come further, or is over, does nothing: a job that runs late, or twice, changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api import clock, db, settings
from hub_api.audit import service as audit
from hub_api.emergencies import telling
from hub_api.emergencies.models import Emergency, EmergencyAnswer, EmergencyAsk, Step
from hub_api.tasks import service as tasks
from hub_api.tasks.kinds import TaskKind

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


def ask_hub(emergency: Emergency, hub_home_id: UUID, answers: UUID) -> EmergencyAsk:
    """Put an emergency to a hub home; `answers` is the constellation of its hub carers."""
    ask = EmergencyAsk(
        emergency_id=emergency.id,
        constellation_id=emergency.constellation_id,
        hosting_constellation_id=answers,
        hub_home_id=hub_home_id,
        step=emergency.step,
        arrives_at=emergency.arrives_at,
        departs_at=emergency.departs_at,
        nights=emergency.nights,
        ages=emergency.ages,
    )
    db.session().add(ask)
    db.session().flush()
    telling.asked(ask)
    return ask


def move_on(emergency: Emergency) -> None:
    """Take the next step; the caller has locked the emergency, and it is looking for a bed."""
    if emergency.step == Step.OWN_HUB and _ask_others(emergency):
        _record(emergency)
        return
    emergency.step, emergency.next_step_at = Step.RING, None
    db.session().flush()
    tasks.raise_task(
        TaskKind.EMERGENCY_UNPLACED,
        constellation_id=emergency.constellation_id,
        subject_id=emergency.id,
    )
    telling.unplaced(emergency)
    _record(emergency)


def _ask_others(emergency: Emergency) -> bool:
    """Ask every other hub with a free bed for each child on every night; False when none has.

    The database looks for them, and tells which hub homes and whose they are, and nothing else.
    """
    found = db.session().execute(_HUB_HOMES_WITH_BEDS, {"emergency": emergency.id}).all()
    if found:
        emergency.step, emergency.next_step_at = Step.OTHER_HUBS, next_step_at()
        db.session().flush()
    for hub in found:
        ask_hub(emergency, hub.hub_home_id, hub.constellation_id)
    return bool(found)


_HUB_HOMES_WITH_BEDS = sa.text(
    "select hub_home_id, constellation_id from hub_homes_with_beds(:emergency) order by hub_home_id"
).bindparams(sa.bindparam("emergency", type_=sa.Uuid()))


def _record(emergency: Emergency) -> None:
    audit.record(
        "emergency:move_on",
        subject_id=emergency.id,
        constellation_id=emergency.constellation_id,
        changed=["step"],
    )


def move_on_when_all_said_no(emergency: Emergency) -> None:
    """Nobody is waited for who has answered already."""
    waits = sa.select(EmergencyAsk.id).where(
        EmergencyAsk.emergency_id == emergency.id, EmergencyAsk.answer.is_(None)
    )
    if emergency.step < Step.RING and db.session().scalar(waits.limit(1)) is None:
        move_on(emergency)


def next_step_at() -> datetime:
    """When those who are asked now have had their time."""
    return clock.now() + settings.current().emergencies.answer_within


# --- at the end --------------------------------------------------------------------------------


def settle(emergency: Emergency, *but: UUID) -> None:
    """Tell everybody who is still asked that there is nothing left to answer."""
    for ask in open_asks(emergency.id):
        ask.say(EmergencyAnswer.SETTLED)
        telling.settled(ask, *but)
    tasks.settle(TaskKind.EMERGENCY_UNPLACED, emergency.id)
    db.session().flush()


def open_asks(emergency_id: UUID) -> list[EmergencyAsk]:
    found = (
        sa.select(EmergencyAsk)
        .where(EmergencyAsk.emergency_id == emergency_id, EmergencyAsk.answer.is_(None))
        .order_by(EmergencyAsk.id)
        .execution_options(populate_existing=True)
    )
    return [*db.session().scalars(found)]


# --- the clock ---------------------------------------------------------------------------------


def due() -> list[tuple[UUID, int]]:
    """The emergencies whose next step is due, each with the step it is at, longest due first."""
    found = (
        sa.select(Emergency.id, Emergency.step)
        .where(Emergency.next_step_at <= clock.now())
        .order_by(Emergency.next_step_at, Emergency.id)
    )
    return [(row.id, row.step) for row in db.session().execute(found)]


def escalate(emergency_id: UUID, seen_step: int) -> bool:
    """Take the next step of an emergency, if it is still at this one and still due.

    False when somebody said yes, or the step was taken meanwhile. Only the worker may.
    """
    emergency = db.session().get_one(Emergency, emergency_id)
    db.lock(emergency)
    is_due = emergency.next_step_at is not None and emergency.next_step_at <= clock.now()
    if emergency.step != seen_step or not is_due:
        return False
    move_on(emergency)
    return True
