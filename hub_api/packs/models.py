"""The pack's sections, every version of them, and the child's medicines."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, EffectiveDated, HasId, Versioned, in_words
from hub_api.encryption import Ciphertext, EncryptedText
from hub_api.errors import Conflict, on_constraint


class Section(StrEnum):
    """The parts of a pack, in the order in which they are read (domain.md, section 3)."""

    PEOPLE_AND_PLACES_TO_AVOID = "people_and_places_to_avoid"
    ALLERGIES = "allergies"
    EMERGENCY_MEDICATION = "emergency_medication"
    MEDICATION = "medication"
    """What there is to know about giving them; the medicines themselves are rows of their own."""
    RISKS_TO_CHILD = "risks_to_child"
    RISKS_FROM_CHILD = "risks_from_child"
    CONTACTS = "contacts"
    HEALTH = "health"
    DIET = "diet"
    ROUTINE_AND_SLEEP = "routine_and_sleep"
    COMMUNICATION = "communication"
    FAITH_AND_CULTURE = "faith_and_culture"
    CARED_FOR_ALONGSIDE = "cared_for_alongside"
    PETS = "pets"
    SCHOOL_RUN = "school_run"
    FAMILY_TIME = "family_time"
    MISSING_PLAN = "missing_plan"
    CONSENTS = "consents"


class Says(StrEnum):
    """What a section says: something, or that there is nothing to tell."""

    DETAILS = "details"
    NOTHING_TO_TELL = "nothing_to_tell"


class PackSection(HasId, Base):
    """One version of one section of a child's pack; the newest counts, none is ever changed.

    To confirm that a section is still right writes its next version, with the same words.
    """

    __tablename__ = "pack_sections"
    __table_args__ = (
        sa.CheckConstraint(in_words("section", list(Section)), name="pack_section_known"),
        sa.CheckConstraint(in_words("says", list(Says)), name="pack_section_says_known"),
        sa.CheckConstraint(
            "(says = 'details') = (content is not null)", name="pack_section_says_what_it_holds"
        ),
        sa.CheckConstraint("version > 0", name="pack_section_version_counts"),
        sa.UniqueConstraint("child_id", "section", "version", name="uq_pack_section_version"),
        # A pack belongs to its child's constellation and moves with the child.
        sa.ForeignKeyConstraint(
            ["child_id", "constellation_id"],
            ["children.id", "children.constellation_id"],
            name="fk_pack_section_child",
            onupdate="CASCADE",
        ),
        sa.Index("ix_pack_sections_constellation_id", "constellation_id"),
    )

    child_id: Mapped[UUID]
    constellation_id: Mapped[UUID]
    section: Mapped[str]
    version: Mapped[int]
    says: Mapped[str]
    content: Mapped[Ciphertext | None] = mapped_column(EncryptedText())
    """`contents.Content` as JSON, sealed under the child's key."""
    confirmed_on: Mapped[date]
    """The London day on which somebody last said that it is right."""
    written_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    written_at: Mapped[datetime] = mapped_column(default=clock.now)


class Medicine(HasId, Versioned, EffectiveDated, Base):
    """A medicine of a child, from `starts_on` up to `ends_on`; another dose is another medicine.

    One that was written down wrongly ends on the day it starts, and so holds on none.
    """

    __tablename__ = "medicines"
    __table_args__ = (
        sa.CheckConstraint("ends_on >= starts_on", name="medicine_ends_after_start"),
        sa.CheckConstraint(
            "as_needed = (cardinality(times_of_day) = 0)",
            name="medicine_has_times_unless_as_needed",
        ),
        # What is given to a child points at both: another child's medicine can't be recorded.
        sa.UniqueConstraint("id", "child_id", name="uq_medicine_of_child"),
        sa.ForeignKeyConstraint(
            ["child_id", "constellation_id"],
            ["children.id", "children.constellation_id"],
            name="fk_medicine_child",
            onupdate="CASCADE",
        ),
        sa.Index("ix_medicines_child_id", "child_id"),
        sa.Index("ix_medicines_constellation_id", "constellation_id"),
    )

    child_id: Mapped[UUID]
    constellation_id: Mapped[UUID]
    details: Mapped[Ciphertext] = mapped_column(EncryptedText())
    """`contents.Prescription` as JSON, sealed under the child's key: name, dose, instructions."""
    times_of_day: Mapped[list[time]] = mapped_column(sa.ARRAY(sa.Time()))
    """When it is given, by the clock in London."""
    as_needed: Mapped[bool]
    """Given when the child needs it, and so at no time of day."""
    is_controlled: Mapped[bool]
    """A controlled drug: counted in the presence of two (NMS 6)."""
    ended_at: Mapped[datetime | None]
    """When somebody said that it ends, if anybody did: on the day it ends, what was given before
    that was right."""
    recorded_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)

    @classmethod
    def is_given(cls, today: sa.ColumnElement[date]) -> sa.ColumnElement[bool]:
        """The SQL condition that it is given now or will be."""
        return sa.or_(
            cls.ends_on.is_(None), sa.and_(cls.ends_on > today, cls.ends_on > cls.starts_on)
        )

    def end(self, on: date) -> None:
        """It isn't given from this day on. What was given stays on record, so that day can't be in
        the past; the day it starts takes back what was never right.

        Raises `Conflict`: over already, or a day that can't be.
        """
        today = clock.london_today()
        if self.ends_on is not None and self.ends_on <= max(today, self.starts_on):
            raise Conflict("This medicine has ended already.", code="wrong_state")
        if on < today:
            raise Conflict(
                "That day has already passed. Please choose another.", code="in_the_past"
            )
        self.ends_on, self.ended_at = on, clock.now()


on_constraint(
    "uq_pack_section_version",
    "written_meanwhile",
    "Somebody wrote this section a moment ago. Please look again.",
)
on_constraint(
    "ck_medicine_ends_after_start",
    "ends_too_early",
    "Please choose an end that is not before the start.",
)
for _table in ("pack_section", "medicine"):
    on_constraint(
        f"fk_{_table}_child",
        "moved_meanwhile",
        "This child has just moved to another constellation. Please look again.",
    )
