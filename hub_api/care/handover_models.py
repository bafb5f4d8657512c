"""The child handed over and brought home, as both homes confirm it, and the debrief."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api.care.models import OfAStay, of_a_stay
from hub_api.db import Base, Versioned, in_words
from hub_api.encryption import Ciphertext, EncryptedText
from hub_api.errors import on_constraint


class HandoverKind(StrEnum):
    """Which way the child goes."""

    HANDOVER = "handover"
    """From home to the hub."""
    RETURN = "return"
    """From the hub home again."""


class Side(StrEnum):
    """One of the two homes."""

    FAMILY = "family"
    HUB = "hub"


class WouldComeAgain(StrEnum):
    """What the child says to "would you come again?"."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class Handover(OfAStay, Versioned, Base):
    """What went with the child, where and when. Whoever writes it has confirmed it with that; the
    other home confirms it, too. What was wrong in it is corrected by another record, which both
    confirm anew."""

    __tablename__ = "handovers"
    __table_args__ = (
        sa.CheckConstraint(in_words("kind", list(HandoverKind)), name="handover_kind_known"),
        sa.CheckConstraint(
            "(family_confirmed_at is null) = (family_confirmed_by is null)"
            " and (hub_confirmed_at is null) = (hub_confirmed_by is null)",
            name="handover_confirmed_by_somebody",
        ),
        sa.CheckConstraint(
            "num_nonnulls(family_confirmed_at, hub_confirmed_at) > 0",
            name="handover_confirmed_by_its_writer",
        ),
        of_a_stay("handover"),
        sa.UniqueConstraint(
            "id", "child_id", "constellation_id", name="uq_handover_of_constellation"
        ),
        sa.CheckConstraint(
            "corrects is null or details is not null", name="handover_corrected_for_a_reason"
        ),
        sa.Index(
            "uq_handover_once",
            "sleepover_id",
            "kind",
            unique=True,
            postgresql_where=sa.text("corrects is null"),
        ),
        sa.UniqueConstraint("corrects", name="uq_handover_corrected_once"),
        sa.UniqueConstraint("id", "sleepover_id", "kind", name="uq_handover_of_stay"),
        sa.ForeignKeyConstraint(
            ["corrects", "sleepover_id", "kind"],
            ["handovers.id", "handovers.sleepover_id", "handovers.kind"],
            name="fk_handover_corrects",
        ),
    )

    kind: Mapped[str]
    corrects: Mapped[UUID | None]
    """The record of the same way, in the same stay, that this one puts right."""
    happened_at: Mapped[datetime]
    details: Mapped[Ciphertext | None] = mapped_column(EncryptedText())
    """Place, belongings, when and where the child is to be collected, a note, and why another
    record is corrected, as one JSON object, sealed under the child's key."""
    family_confirmed_at: Mapped[datetime | None]
    family_confirmed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    hub_confirmed_at: Mapped[datetime | None]
    hub_confirmed_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))

    def is_confirmed_by(self, side: Side) -> bool:
        """Whether this home has confirmed it."""
        return getattr(self, f"{side}_confirmed_at") is not None

    def is_written_by(self, side: Side) -> bool:
        """Whether this home wrote it down."""
        by: UUID | None = getattr(self, f"{side}_confirmed_by")
        return by == self.written_by

    def confirm(self, side: Side, at: datetime, by: UUID) -> None:
        """This home says that it is right."""
        setattr(self, f"{side}_confirmed_at", at)
        setattr(self, f"{side}_confirmed_by", by)


class Debrief(OfAStay, Base):
    """The child's own words after a stay. Never changed."""

    __tablename__ = "debriefs"
    __table_args__ = (
        sa.CheckConstraint(
            in_words("would_come_again", list(WouldComeAgain)), name="debrief_answer_known"
        ),
        of_a_stay("debrief"),
        sa.UniqueConstraint("sleepover_id", name="uq_debrief_once"),
    )

    would_come_again: Mapped[str]
    own_words: Mapped[Ciphertext | None] = mapped_column(EncryptedText())
    is_shared: Mapped[bool]
    """Whether the hub carer may read the words: they may be about the hub."""


on_constraint(
    "uq_handover_once",
    "already_recorded",
    "The other home has written this down already. Please look, and confirm it.",
)
on_constraint(
    "uq_handover_corrected_once",
    "already_corrected",
    "Somebody has corrected this already. Please look at the newer record.",
)
on_constraint(
    "uq_debrief_once", "already_recorded", "What the child said after this stay is on record."
)
