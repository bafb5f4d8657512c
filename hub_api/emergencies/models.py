"""Emergencies, and whom each of them was put to."""

from __future__ import annotations

from datetime import date, datetime
from enum import IntEnum, StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, HasId, Versioned, in_words
from hub_api.errors import Conflict, on_constraint


class EmergencyState(StrEnum):
    LOOKING = "looking"
    """Somebody is still to say yes."""
    PLACED = "placed"
    """A hub has said yes: there is a sleepover for each child."""
    ENDED = "ended"
    """It was taken back, or its time is over."""


class AskedFor(StrEnum):
    """On whose behalf it was asked."""

    CARER = "carer"
    EMERGENCY_DUTY_TEAM = "emergency_duty_team"
    SOCIAL_WORKER = "social_worker"
    OTHER = "other"


class EmergencyAnswer(StrEnum):
    """What became of asking a hub."""

    YES = "yes"
    NO = "no"
    SETTLED = "settled"
    """Somebody else said yes first, or it was over: there is nothing left to answer."""


class TermsReason(StrEnum):
    """Why a hub home's terms of approval are set aside for one emergency."""

    NO_OTHER_BED = "no_other_bed"
    SIBLINGS_TOGETHER = "siblings_together"
    KNOWN_TO_THE_CHILD = "known_to_the_child"


class Step(IntEnum):
    """How far the asking has come. It only ever rises, so it is the fence of the ladder: whoever
    finds another step than expected does nothing (architecture.md, 4.10)."""

    OWN_HUB = 1
    OTHER_HUBS = 2
    RING = 3
    """Everybody who could be asked was: people ring each other, and the emergency duty team."""


class Emergency(Versioned, Base):
    """A respite request that can't wait, with its clock. Its id is the request's.

    What is asked for is written here once more, as it was when it was asked: an emergency never
    changes, it is taken back and asked anew.
    """

    __tablename__ = "emergencies"
    __table_args__ = (
        sa.CheckConstraint(in_words("state", list(EmergencyState)), name="emergency_state_known"),
        sa.CheckConstraint(in_words("asked_for", list(AskedFor)), name="emergency_asked_for_known"),
        sa.CheckConstraint("step between 1 and 3", name="emergency_step_known"),
        sa.CheckConstraint(
            "(next_step_at is not null) = (state = 'looking' and step < 3)",
            name="emergency_goes_on_while_looking",
        ),
        sa.CheckConstraint(
            in_words("terms_reason", list(TermsReason)), name="emergency_terms_reason_known"
        ),
        sa.CheckConstraint(
            "(terms_set_aside_by is null) = (terms_reason is null)",
            name="emergency_terms_set_aside_with_reason",
        ),
        sa.Index("ix_emergencies_constellation_id_id", "constellation_id", "id"),
        sa.Index("ix_emergencies_household_id_id", "household_id", "id"),
        sa.Index(
            "ix_emergencies_due",
            "next_step_at",
            postgresql_where=sa.text("next_step_at is not null"),
        ),
    )

    id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("respite_requests.id"), primary_key=True, sort_order=-2
    )
    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("households.id"))
    asked_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    asked_for: Mapped[str]
    state: Mapped[str] = mapped_column(default=EmergencyState.LOOKING)
    arrives_at: Mapped[datetime]
    departs_at: Mapped[datetime]
    nights: Mapped[list[date]]
    ages: Mapped[list[int]] = mapped_column(postgresql.ARRAY(sa.Integer()))
    """In years; all that a hub elsewhere is told of the children before it says yes."""
    step: Mapped[int] = mapped_column(default=Step.OWN_HUB)
    next_step_at: Mapped[datetime | None]
    """When the next are asked as well, unless somebody says yes before."""
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    terms_set_aside_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    terms_reason: Mapped[str | None]

    def is_looking(self) -> bool:
        return self.state == EmergencyState.LOOKING

    def end(self, state: EmergencyState) -> None:
        """Nobody is asked any more."""
        self.state, self.next_step_at = state, None

    def refuse_unless_looking(self) -> None:
        """Raise `Conflict` for an emergency that is settled."""
        if not self.is_looking():
            raise Conflict(
                "This emergency is settled already, so there is nothing left to do. Thank you for "
                "looking.",
                code="already_settled",
                state=self.state,
            )


class EmergencyAsk(HasId, Versioned, Base):
    """A hub that is asked to take the children of an emergency.

    `hosting_constellation_id` is the constellation whose hub carers answer. They see this row, and
    nothing of the emergency while they have not said yes.
    """

    __tablename__ = "emergency_asks"
    __table_args__ = (
        sa.UniqueConstraint("emergency_id", "hub_home_id", name="uq_emergency_ask_once"),
        sa.CheckConstraint(
            in_words("answer", list(EmergencyAnswer)), name="emergency_answer_known"
        ),
        sa.CheckConstraint(
            "(answer is null) = (answered_at is null)", name="emergency_answered_when"
        ),
        sa.Index(
            "uq_emergency_yes",
            "emergency_id",
            unique=True,
            postgresql_where=sa.text("answer = 'yes'"),
        ),
        sa.Index("ix_emergency_asks_hosting_constellation_id_id", "hosting_constellation_id", "id"),
    )

    emergency_id: Mapped[UUID] = mapped_column(sa.ForeignKey("emergencies.id"))
    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    hosting_constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    hub_home_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hub_homes.id"))
    step: Mapped[int]
    arrives_at: Mapped[datetime]
    departs_at: Mapped[datetime]
    nights: Mapped[list[date]]
    ages: Mapped[list[int]] = mapped_column(postgresql.ARRAY(sa.Integer()))
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))

    def is_elsewhere(self) -> bool:
        """Whether another constellation is asked than the children's own."""
        return self.hosting_constellation_id != self.constellation_id

    def say(self, answer: EmergencyAnswer, account_id: UUID | None = None) -> None:
        """Write the answer down. Who said no may still say yes. Raises `Conflict` else."""
        thinks_again = self.answer == EmergencyAnswer.NO and answer is EmergencyAnswer.YES
        if self.answer is not None and not thinks_again:
            raise settled(self.answer)
        self.answer, self.answered_at, self.answered_by = answer, clock.now(), account_id


def settled(answer: str | None) -> Conflict:
    """There is nothing left to answer."""
    return Conflict(
        "This was answered already, or somebody else was faster. There is nothing left to do.",
        code="already_settled",
        state=answer,
    )


on_constraint(
    "uq_emergency_yes",
    "already_settled",
    "Another hub was a moment faster, so the child has a bed. Thank you.",
)
