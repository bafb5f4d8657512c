"""What is written about a stay: its log, incidents, and a child who is missing."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from hub_api import clock
from hub_api.db import Base, HasId, Versioned, in_words
from hub_api.encryption import Ciphertext, EncryptedText
from hub_api.errors import Conflict, on_constraint

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class StayEntryKind(StrEnum):
    """What somebody writes: what they saw, what they think, or what another told them (NMS 26)."""

    FACT = "fact"
    OPINION = "opinion"
    THIRD_PARTY = "third_party"


class IncidentKind(StrEnum):
    """What can happen during a stay: the events of Schedule 7 first, then the rest."""

    DEATH = "death"
    SERIOUS_ILLNESS = "serious_illness"
    SERIOUS_ACCIDENT = "serious_accident"
    INFECTIOUS_DISEASE = "infectious_disease"
    SERIOUS_OFFENCE_ALLEGED = "serious_offence_alleged"
    EXPLOITATION = "exploitation"
    POLICE_CALLED = "police_called"
    ABSCONDED = "absconded"
    SERIOUS_COMPLAINT = "serious_complaint"
    CHILD_PROTECTION_ENQUIRY = "child_protection_enquiry"
    ACCIDENT = "accident"
    ILLNESS = "illness"
    MEDICINE_ERROR = "medicine_error"
    PHYSICAL_INTERVENTION = "physical_intervention"
    CONFLICT = "conflict"
    DAMAGE = "damage"
    OTHER = "other"


NOTIFIABLE = frozenset(
    {
        IncidentKind.DEATH,
        IncidentKind.SERIOUS_ILLNESS,
        IncidentKind.SERIOUS_ACCIDENT,
        IncidentKind.INFECTIOUS_DISEASE,
        IncidentKind.SERIOUS_OFFENCE_ALLEGED,
        IncidentKind.EXPLOITATION,
        IncidentKind.POLICE_CALLED,
        IncidentKind.ABSCONDED,
        IncidentKind.SERIOUS_COMPLAINT,
        IncidentKind.CHILD_PROTECTION_ENQUIRY,
    }
)
"""Events that the fostering service must tell others of (Fostering Services (England) Regulations
2011, reg 36 and Sch 7; NMS 29)."""


ABOUT_CARERS = frozenset(
    {
        IncidentKind.SERIOUS_OFFENCE_ALLEGED,
        IncidentKind.SERIOUS_COMPLAINT,
        IncidentKind.CHILD_PROTECTION_ENQUIRY,
    }
)
"""Events that may be about those who look after the child. Written by somebody who is not of the
hub, they are hidden from it: whoever is looked into must not learn of it first (security.md)."""


class MustKnow(StrEnum):
    """Whom the fostering service has told of an event of Schedule 7."""

    OFSTED = "ofsted"
    RESPONSIBLE_AUTHORITY = "responsible_authority"
    LOCAL_AUTHORITY = "local_authority"
    POLICE = "police"
    HEALTH_AUTHORITY = "health_authority"
    DISCLOSURE_AND_BARRING_SERVICE = "disclosure_and_barring_service"


class ToldWhom(StrEnum):
    """The times at which those were told who look for a child, by column (NMS 5)."""

    POLICE = "police_at"
    EDT = "edt_at"
    SOCIAL_WORKER = "social_worker_at"


class OfAStay(HasId):
    """A row about one stay of one child; the database knows that the two, and the constellation
    that the stay is of, belong together."""

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    sleepover_id: Mapped[UUID]
    child_id: Mapped[UUID]
    written_at: Mapped[datetime] = mapped_column(default=clock.now, sort_order=9)

    @declared_attr
    def written_by(self) -> Mapped[UUID]:
        return mapped_column(sa.ForeignKey("accounts.id"), sort_order=8)


def of_a_stay(name: str) -> sa.ForeignKeyConstraint:
    """The stay, its child and its constellation, known to the database together."""
    return sa.ForeignKeyConstraint(
        ["sleepover_id", "child_id", "constellation_id"],
        ["sleepovers.id", "sleepovers.child_id", "sleepovers.constellation_id"],
        name=f"fk_{name}_sleepover",
    )


class StayEntry(OfAStay, Base):
    """One entry of a stay's log. It is never changed: what was wrong, or is to be added, is another
    entry that points at it."""

    __tablename__ = "stay_entries"
    __table_args__ = (
        sa.CheckConstraint(in_words("kind", list(StayEntryKind)), name="stay_entry_kind_known"),
        of_a_stay("stay_entry"),
        sa.UniqueConstraint("id", "sleepover_id", name="uq_stay_entry_of_sleepover"),
        sa.ForeignKeyConstraint(
            ["adds_to", "sleepover_id"],
            ["stay_entries.id", "stay_entries.sleepover_id"],
            name="fk_stay_entry_adds_to",
        ),
        sa.Index("ix_stay_entries_sleepover_id_id", "sleepover_id", "id"),
    )

    adds_to: Mapped[UUID | None]
    """The entry of the same stay that this one corrects or adds to."""
    kind: Mapped[str]
    text: Mapped[Ciphertext] = mapped_column(EncryptedText())
    happened_at: Mapped[datetime]


class Incident(OfAStay, Versioned, Base):
    """Something that happened to a child during a stay, and whether others were told of it."""

    __tablename__ = "incidents"
    __table_args__ = (
        sa.CheckConstraint(in_words("kind", list(IncidentKind)), name="incident_kind_known"),
        sa.CheckConstraint(
            "(notified_at is null) = (notified_by is null)"
            " and (notified_at is null) = (notified_to is null)",
            name="incident_notified_by_somebody",
        ),
        sa.CheckConstraint(
            "notified_at is null or notify_by is not null", name="incident_notified_when_due"
        ),
        sa.CheckConstraint(
            f"notified_to <@ array{[str(body) for body in MustKnow]}"
            " and cardinality(notified_to) > 0",
            name="incident_notified_to_known",
        ),
        of_a_stay("incident"),
        sa.Index("ix_incidents_sleepover_id_id", "sleepover_id", "id"),
    )

    kind: Mapped[str]
    account: Mapped[Ciphertext] = mapped_column(EncryptedText())
    happened_at: Mapped[datetime]
    notify_by: Mapped[datetime | None]
    """When others must have been told at the latest; none where nobody has to be."""
    notified_at: Mapped[datetime | None]
    notified_to: Mapped[list[str] | None] = mapped_column(postgresql.ARRAY(sa.Text()))
    notified_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    hidden_from: Mapped[list[UUID] | None] = mapped_column(postgresql.ARRAY(sa.Uuid()))
    """Accounts and households that must not see it, as of a concern (migration 0031)."""

    def notify(self, at: datetime, to: Collection[MustKnow], by: UUID) -> None:
        """Others were told. Raises `Conflict` when nobody had to be, or it is on record."""
        if self.notify_by is None:
            raise Conflict(
                "Nobody outside has to be told of this kind of event.", code="nothing_to_notify"
            )
        if self.notified_at is not None:
            raise Conflict("Somebody has recorded this already.", code="wrong_state")
        if at < self.happened_at:
            raise Conflict(
                "That is before it happened. Please check the time.", code="before_incident"
            )
        self.notified_at, self.notified_to = at, sorted(set(to))
        self.notified_by = by


MISSED_EARLIER = timedelta(days=3)
"""So much earlier another report may say that a child was missed; more is a slip of the finger."""


class MissingEpisode(OfAStay, Versioned, Base):
    """A child who is not where they should be, from the report to the return interview.

    Whoever is told of it is noted with the instant: police, the emergency duty team, and the
    child's social worker (NMS 5).
    """

    __tablename__ = "missing_episodes"
    __table_args__ = (
        sa.CheckConstraint(
            "returned_at >= noticed_at", name="missing_episode_returns_after_it_was_noticed"
        ),
        sa.CheckConstraint(
            "(returned_at is null) = (interview_due_at is null)",
            name="missing_episode_interview_after_return",
        ),
        sa.CheckConstraint(
            "interview_held_at >= returned_at", name="missing_episode_interview_held_after_return"
        ),
        of_a_stay("missing_episode"),
        sa.Index(
            "uq_missing_episode_open",
            "sleepover_id",
            unique=True,
            postgresql_where=sa.text("returned_at is null"),
        ),
        sa.Index("ix_missing_episodes_sleepover_id_id", "sleepover_id", "id"),
        sa.Index("ix_missing_episodes_child_id", "child_id"),
    )

    agreed_at: Mapped[datetime | None]
    """When the child was to be back, where that was agreed."""
    noticed_at: Mapped[datetime]
    """When the child was found to be missing."""
    circumstances: Mapped[Ciphertext | None] = mapped_column(EncryptedText())
    police_at: Mapped[datetime | None]
    edt_at: Mapped[datetime | None]
    social_worker_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    interview_due_at: Mapped[datetime | None]
    interview_held_at: Mapped[datetime | None]

    def notice(self, noticed_at: datetime | None, agreed_at: datetime | None) -> list[str]:
        """Note what another report says: of two instants at which the child was missed the earlier
        one stands, unless it is days before; the time agreed, where none was known. Returns what is
        new."""
        changed = []
        so_far = self.noticed_at
        if noticed_at is not None and so_far - MISSED_EARLIER <= noticed_at < so_far:
            self.noticed_at = noticed_at
            changed.append("noticed_at")
        if agreed_at is not None and self.agreed_at is None:
            self.agreed_at = agreed_at
            changed.append("agreed_at")
        return changed

    def tell(self, **told: datetime | None) -> list[str]:
        """Note who was told, by column; of two instants the earlier one stands, so that nobody at
        three in the morning is refused for saying it twice. Returns what is new."""
        changed = []
        for column, at in told.items():
            before = getattr(self, column)
            if at is not None and (before is None or at < before):
                setattr(self, column, at)
                changed.append(column)
        return changed

    def correct(self, told: Mapping[str, datetime | None]) -> dict[str, datetime]:
        """Put these times in the place of what is on record: the later one as well, or none where
        nobody was told. Returns what was wrong, by column."""
        wrong = {}
        for column, at in told.items():
            before = getattr(self, column)
            if before is not None and before != at:
                wrong[column] = before
                setattr(self, column, at)
        return wrong

    def is_known_to_all(self) -> bool:
        """Whether all three were told who must be."""
        return None not in (self.police_at, self.edt_at, self.social_worker_at)

    def come_back(self, at: datetime, interview_due_at: datetime) -> None:
        """The child is back. Raises `Conflict` when that is known, or the time can't be."""
        if self.returned_at is not None:
            raise Conflict("It is on record already that the child is back.", code="wrong_state")
        if at < self.noticed_at:
            raise Conflict(
                "That is before the child was missed. Please check the time.", code="too_early"
            )
        self.returned_at, self.interview_due_at = at, interview_due_at

    def hold_interview(self, at: datetime) -> None:
        """Somebody has talked with the child about it. Raises `Conflict` before the return, or
        when it is on record."""
        if self.returned_at is None:
            raise Conflict(
                "The child isn't back yet. Please record the return first.", code="wrong_state"
            )
        if self.interview_held_at is not None:
            raise Conflict("The interview is on record already.", code="wrong_state")
        if at < self.returned_at:
            raise Conflict(
                "That is before the child was back. Please check the time.", code="too_early"
            )
        self.interview_held_at = at


class MissingAsk(Base):
    """Both homes were asked where a child is, once for each time agreed (`backstop.py`)."""

    __tablename__ = "missing_asks"
    __table_args__ = (sa.PrimaryKeyConstraint("sleepover_id", "agreed_at", name="uq_missing_ask"),)

    sleepover_id: Mapped[UUID] = mapped_column(sa.ForeignKey("sleepovers.id"))
    agreed_at: Mapped[datetime]
    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)


on_constraint(
    "fk_stay_entry_adds_to",
    "other_stay",
    "That entry belongs to another stay. Please look again.",
)
