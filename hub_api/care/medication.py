"""The medication record of a stay: as prescribed, to the child it is prescribed to (NMS 6)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

from hub_api import clock, reads
from hub_api.care import corrections, counts, doses, stays
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
"""How long before its time a dose may be given: our assumption. It only keeps out slips, and so
can't be set; what is prescribed is in the pack."""

LATE = timedelta(hours=12)
"""How long after its time a dose may still be given: as wide as can be, for what was given must
stay on record. Beyond that the next one may be nearer, so a pharmacist says what to do."""


class MedicationIn(TypedDict):
    """What is recorded: `schemas.MedicationIn`."""

    medicine_id: UUID
    due_at: datetime | None
    outcome: DoseOutcome
    why: str | None
    given_at: datetime | None
    corrects: UUID | None


def record_medication(actor: Actor, sleepover_id: UUID, body: MedicationIn) -> Row:
    """Record what became of a dose during a stay, or put a record of it right: both stay. After a
    record in error a dose is recorded anew, and one that was missed or refused may be given later.

    A correction may come once the stay is closed. Raises `NotFound`, for a medicine that isn't this
    child's and a record of another stay as well, `Forbidden`, or `Conflict`: not begun, closed, not
    prescribed then or for that time, recorded or corrected already, a correction of another dose,
    given too late, or a time that can't be.
    """
    late = () if body["corrects"] is None else ("closed",)
    stay = stays.hold(stays.to_write(actor, sleepover_id))
    stays.refuse_unless(stay, *stays.THERE, *late)
    medicine = prescribed.prescribed_to(stay.child_id, body["medicine_id"])
    if medicine is None:
        raise NotFound
    attempt = _attempt(stay, body)
    given_at = body["given_at"]
    if body["outcome"] == DoseOutcome.GIVEN:
        given_at = given_at or clock.now()
        _refuse_away(stay, given_at)
    if body["outcome"] != DoseOutcome.RECORDED_IN_ERROR:
        if body["corrects"] is None:
            _refuse_other_days(medicine, body["due_at"], given_at)
        refuse_other_times(medicine, body["due_at"], given_at)
        _refuse_odd_due(stay, body["due_at"], given_at)
    record = stays.add(
        actor,
        stay,
        MedicationRecord,
        {MedicationRecord.why: body["why"]},
        medicine_id=medicine.id,
        due_at=body["due_at"],
        corrects=body["corrects"],
        attempt=attempt,
        outcome=body["outcome"],
        given_at=given_at,
    )
    stays.note(actor, f"medication:{'correct' if body['corrects'] else 'record'}", record)
    counts.look_into(stay)
    return get_record(actor, record.id)


def _attempt(stay: stays.Stay, body: MedicationIn) -> int:
    dose = (stay, body["medicine_id"], body["due_at"], body["outcome"])
    if body["corrects"] is None:
        return doses.next_attempt(*dose)
    return doses.attempt_of(*dose, body["corrects"])


def _refuse_away(stay: stays.Stay, given_at: datetime) -> None:
    """A dose is given while the child is there."""
    stays.refuse_outside(stay, given_at)
    if stay.returned_at is not None and given_at > stay.returned_at:
        raise Conflict(
            "The child had gone home by then. Please check the time.", code="after_return"
        )


def _refuse_other_days(
    medicine: Prescribed, due_at: datetime | None, given_at: datetime | None
) -> None:
    """Raise `Conflict` unless the medicine was prescribed when the dose was due, and when it was
    given. A correction says what became of a dose that is on record, also of a medicine that was
    stopped since."""
    for at in (due_at, given_at):
        if at is not None and not medicine.holds_at(at):
            raise Conflict(
                "This medicine isn't prescribed for then. Please look at the pack, and ring the "
                "child's carer or NHS 111 before you give it.",
                code="not_prescribed",
            )


def refuse_other_times(
    medicine: Prescribed, due_at: datetime | None, given_at: datetime | None
) -> None:
    """Raise `Conflict` unless the dose was due at one of the medicine's times of the day or, where
    it is given as needed, at none."""
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


def _refuse_odd_due(stay: stays.Stay, due_at: datetime | None, given_at: datetime | None) -> None:
    """A dose given may have been due a little later or some hours before; one missed or refused
    was due by now."""
    if due_at is None:
        return
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
    if given_at is not None and given_at > due_at + LATE:
        raise Conflict(
            "That dose was due more than 12 hours before. Please don't give it now: ring whoever "
            "prescribed it, a pharmacist or NHS 111, and record it as missed with the reason. If "
            "it was given all the same, please say so, and when, in the reason.",
            code="too_late",
        )


def _records() -> reads.Select:
    return stays.of_stays(
        [
            MedicationRecord.id,
            MedicationRecord.sleepover_id,
            MedicationRecord.child_id,
            MedicationRecord.medicine_id,
            MedicationRecord.due_at,
            MedicationRecord.corrects,
            corrections.corrected_by(MedicationRecord),
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
