"""The medication record of a stay: as prescribed, to the child it is prescribed to (NMS 6)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

from hub_api import clock, reads
from hub_api.care import counts, stays
from hub_api.care.medicine_models import DoseOutcome, MedicationRecord
from hub_api.errors import Conflict, NotFound
from hub_api.packs import prescribed
from hub_api.reads import Page

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.packs.prescribed import Prescribed
    from hub_api.reads import PageArgs, Row

EARLY = timedelta(hours=1)
"""How long before its time a dose may be given."""


class MedicationIn(TypedDict):
    """What is recorded: `schemas.MedicationIn`."""

    medicine_id: UUID
    due_at: datetime | None
    outcome: DoseOutcome
    why: str | None
    given_at: datetime | None


def record_medication(actor: Actor, sleepover_id: UUID, body: MedicationIn) -> Row:
    """Record what became of a dose during a stay.

    Raises `NotFound`, for a medicine that isn't this child's as well, `Forbidden`, or `Conflict`:
    not begun, closed, not prescribed on that day or for that time, recorded already, or a time that
    can't be.
    """
    stay = stays.to_write(actor, sleepover_id, *stays.THERE)
    medicine = prescribed.prescribed_to(stay.child_id, body["medicine_id"])
    if medicine is None:
        raise NotFound
    given_at = body["given_at"]
    if body["outcome"] == DoseOutcome.GIVEN:
        given_at = given_at or clock.now()
        stays.refuse_outside(stay, given_at)
    refuse_unprescribed(medicine, body["due_at"], given_at)
    if body["due_at"] is not None:
        _refuse_odd_due(stay, body["due_at"], given_at)
    record = stays.add(
        actor,
        stay,
        MedicationRecord,
        {MedicationRecord.why: body["why"]},
        medicine_id=medicine.id,
        due_at=body["due_at"],
        outcome=body["outcome"],
        given_at=given_at,
    )
    stays.note(actor, "medication:record", record)
    counts.look_into(stay)
    return get_record(actor, record.id)


def refuse_unprescribed(
    medicine: Prescribed, due_at: datetime | None, given_at: datetime | None
) -> None:
    """Raise `Conflict` unless the medicine is prescribed for then: at one of its times on one of
    its days or, where it is given as needed, at any time of one of its days."""
    at = due_at or given_at
    if at is not None and not medicine.holds_on(clock.london_date(at)):
        raise Conflict(
            "This medicine isn't prescribed for that day. Please look at the pack, and ring the "
            "child's carer or NHS 111 before you give it.",
            code="not_prescribed",
        )
    if medicine.as_needed:
        if due_at is not None or given_at is None:
            raise Conflict(
                "This medicine is given as needed, so it is due at no time. Please record when it "
                "was given.",
                code="not_due_then",
            )
        return
    day = clock.london_date(due_at) if due_at else None
    times = [clock.london_instant(day, at) for at in medicine.times_of_day] if day else []
    if due_at not in times:
        raise Conflict(
            "This medicine isn't prescribed for that time. Please choose one of the times in the "
            "pack.",
            code="not_due_then",
        )


def _refuse_odd_due(stay: stays.Stay, due_at: datetime, given_at: datetime | None) -> None:
    """A dose given may have been due a little later; one missed or refused was due by now."""
    latest = clock.now() if given_at is None else given_at + EARLY
    if due_at > latest:
        raise Conflict(
            "That dose is still to come. Please record it when it is due.", code="in_the_future"
        )
    if stay.arrived_at is not None and due_at < stay.arrived_at - EARLY:
        raise Conflict(
            "That dose was due before the child came to the hub. Please check the time.",
            code="before_arrival",
        )
    if stay.returned_at is not None and due_at > stay.returned_at + EARLY:
        raise Conflict(
            "That dose was due after the child went home. Please check the time.",
            code="after_return",
        )


def _records() -> reads.Select:
    return stays.of_stays(
        [
            MedicationRecord.id,
            MedicationRecord.sleepover_id,
            MedicationRecord.child_id,
            MedicationRecord.medicine_id,
            MedicationRecord.due_at,
            MedicationRecord.outcome,
            MedicationRecord.why,
            MedicationRecord.given_at,
            MedicationRecord.written_by,
            MedicationRecord.written_at,
        ],
        MedicationRecord,
    )


RECORDS = reads.Read(
    _records,
    key=MedicationRecord.id,
    sleepover_id=MedicationRecord.sleepover_id == stays.STAY,
)


def list_records(actor: Actor, sleepover_id: UUID, page: PageArgs) -> Page:
    """What medicines were given during a stay, newest first. Raises `NotFound`."""
    found = stays.page_of(RECORDS, actor, sleepover_id, page)
    return Page(stays.reveal(MedicationRecord.why, found.rows), found.next_key)


def get_record(actor: Actor, record_id: UUID) -> Row:
    """What became of one dose. Raises `NotFound`."""
    row = RECORDS.one(actor, record_id, **stays.window())
    return stays.reveal(MedicationRecord.why, [row])[0]
