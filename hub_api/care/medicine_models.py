"""What medicines a child was given during a stay, and how many went along and came back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api.care.models import OfAStay, of_a_stay
from hub_api.db import Base, in_words
from hub_api.encryption import Ciphertext, EncryptedText
from hub_api.errors import on_constraint


class DoseOutcome(StrEnum):
    """What became of a dose."""

    GIVEN = "given"
    MISSED = "missed"
    REFUSED = "refused"
    RECORDED_IN_ERROR = "recorded_in_error"
    """There was no such dose: says a correction alone."""


class MedicationRecord(OfAStay, Base):
    """One dose of one medicine: given, missed or refused (NMS 6). Never changed: what was wrong is
    corrected by another record of the same dose, which counts from then on. After a record in
    error, and for a dose that is taken after all, there is another attempt.

    The medicine is this child's: the database knows it only together with the child.
    """

    __tablename__ = "medication_records"
    __table_args__ = (
        sa.CheckConstraint(in_words("outcome", list(DoseOutcome)), name="medication_outcome_known"),
        sa.CheckConstraint(
            "(outcome = 'given') = (given_at is not null)", name="medication_given_at_some_time"
        ),
        sa.CheckConstraint(
            "outcome = 'given' or why is not null", name="medication_not_given_for_a_reason"
        ),
        sa.CheckConstraint(
            "corrects is null or why is not null", name="medication_corrected_for_a_reason"
        ),
        sa.CheckConstraint(
            "outcome <> 'recorded_in_error' or corrects is not null",
            name="medication_in_error_is_a_correction",
        ),
        sa.CheckConstraint("attempt > 0", name="medication_attempt_counts"),
        sa.Index(
            "uq_medication_once",
            "medicine_id",
            "due_at",
            "attempt",
            unique=True,
            postgresql_where=sa.text("corrects is null"),
        ),
        sa.UniqueConstraint("corrects", name="uq_medication_corrected_once"),
        sa.UniqueConstraint("id", "sleepover_id", "medicine_id", name="uq_medication_of_stay"),
        sa.ForeignKeyConstraint(
            ["corrects", "sleepover_id", "medicine_id"],
            [
                "medication_records.id",
                "medication_records.sleepover_id",
                "medication_records.medicine_id",
            ],
            name="fk_medication_record_corrects",
        ),
        of_a_stay("medication_record"),
        sa.ForeignKeyConstraint(
            ["medicine_id", "child_id"],
            ["medicines.id", "medicines.child_id"],
            name="fk_medication_record_medicine",
        ),
        sa.Index("ix_medication_records_sleepover_id_id", "sleepover_id", "id"),
    )

    medicine_id: Mapped[UUID]
    due_at: Mapped[datetime | None]
    """The time prescribed; none for what is given as needed."""
    corrects: Mapped[UUID | None]
    """The record of the same medicine in the same stay that this one puts right."""
    attempt: Mapped[int] = mapped_column(default=1, server_default="1")
    """1 for the first record of a dose that is due; a correction has that of what it corrects."""
    outcome: Mapped[str]
    why: Mapped[Ciphertext | None] = mapped_column(EncryptedText())
    """Why it wasn't given, or why the record it corrects was wrong."""
    given_at: Mapped[datetime | None]


class MedicineCount(Base):
    """How many doses of a medicine were counted as a child was handed over, or went home."""

    __tablename__ = "medicine_counts"
    __table_args__ = (
        sa.CheckConstraint("counted between 0 and 10000", name="medicine_count_is_a_count"),
        sa.ForeignKeyConstraint(
            ["handover_id", "child_id", "constellation_id"],
            ["handovers.id", "handovers.child_id", "handovers.constellation_id"],
            name="fk_medicine_count_handover",
        ),
        sa.ForeignKeyConstraint(
            ["medicine_id", "child_id"],
            ["medicines.id", "medicines.child_id"],
            name="fk_medicine_count_medicine",
        ),
        sa.PrimaryKeyConstraint("handover_id", "medicine_id", name="uq_medicine_counted_once"),
    )

    handover_id: Mapped[UUID]
    medicine_id: Mapped[UUID]
    child_id: Mapped[UUID]
    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    counted: Mapped[int]


on_constraint(
    "uq_medication_once",
    "already_recorded",
    "Somebody has recorded this dose already. Please look before you give it again, and correct "
    "that record if it is wrong.",
)
on_constraint(
    "uq_medication_corrected_once",
    "already_corrected",
    "Somebody has corrected this already. Please look at the newer record.",
)
