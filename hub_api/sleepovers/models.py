"""Sleepovers and bed-nights."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, HasId, Versioned, in_words
from hub_api.errors import Conflict, on_constraint
from hub_api.sleepovers.decisions import Decision


class SleepoverState(StrEnum):
    CONFIRMED = "confirmed"
    IN_STAY = "in_stay"
    RETURNED = "returned"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class CancelReason(StrEnum):
    """Why a sleepover is called off."""

    NO_LONGER_NEEDED = "no_longer_needed"
    CHILD_UNWELL = "child_unwell"
    CARER_UNWELL = "carer_unwell"
    HUB_UNABLE = "hub_unable"
    CHILD_DOES_NOT_WANT_TO = "child_does_not_want_to"
    OTHER = "other"


class EarlyEndReason(StrEnum):
    """Why a child goes home before the day agreed."""

    CHILD_UNWELL = "child_unwell"
    CHILD_WANTS_TO_GO_HOME = "child_wants_to_go_home"
    CARER_READY = "carer_ready"
    HUB_UNABLE = "hub_unable"
    NOT_WORKING_OUT = "not_working_out"
    OTHER = "other"


class Sleepover(HasId, Versioned, Base):
    """One child's stay at the hub home."""

    __tablename__ = "sleepovers"
    __table_args__ = (
        sa.CheckConstraint(in_words("state", list(SleepoverState)), name="sleepover_state_known"),
        sa.CheckConstraint("departs_at > arrives_at", name="sleepover_departs_after_arrival"),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at is not null)"
            " and (cancelled_at is null) = (cancel_reason is null)",
            name="sleepover_cancelled_with_reason",
        ),
        sa.CheckConstraint(
            in_words("cancel_reason", list(CancelReason)), name="sleepover_cancel_reason_known"
        ),
        sa.CheckConstraint(
            "(state in ('in_stay', 'returned', 'closed')) = (arrived_at is not null)",
            name="sleepover_arrived_when_begun",
        ),
        sa.CheckConstraint(
            "(state in ('returned', 'closed')) = (returned_at is not null)"
            " and (state = 'closed') = (closed_at is not null)",
            name="sleepover_returned_before_closed",
        ),
        sa.CheckConstraint("returned_at > arrived_at", name="sleepover_returns_after_arrival"),
        sa.CheckConstraint(
            in_words("early_end_reason", list(EarlyEndReason)),
            name="sleepover_early_end_reason_known",
        ),
        sa.UniqueConstraint("request_id", "child_id", name="uq_sleepover_per_requested_child"),
        sa.UniqueConstraint("id", "child_id", name="uq_sleepover_of_child"),
        sa.Index("ix_sleepovers_constellation_id_id", "constellation_id", "id"),
        sa.Index("ix_sleepovers_household_id_id", "household_id", "id"),
        sa.Index("ix_sleepovers_child_id_arrives_at", "child_id", "arrives_at"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("households.id"))
    hub_home_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hub_homes.id"))
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("respite_requests.id"))
    child_id: Mapped[UUID] = mapped_column(sa.ForeignKey("children.id"))
    state: Mapped[str] = mapped_column(default=SleepoverState.CONFIRMED)
    arrives_at: Mapped[datetime]
    departs_at: Mapped[datetime]
    confirmed_at: Mapped[datetime] = mapped_column(default=clock.now)
    arrived_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    early_end_reason: Mapped[str | None]
    """Given when the child went home before the last night agreed."""
    closed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]

    def cancel(self, reason: CancelReason) -> None:
        """Call the sleepover off. Only before it begins: afterwards it is an early end."""
        if self.state != SleepoverState.CONFIRMED:
            raise Conflict(
                "This sleepover has already been cancelled.", code="wrong_state", state=self.state
            )
        if self.arrives_at <= clock.now():
            raise Conflict(
                "This sleepover has already begun, so it can't be cancelled. "
                "Please ring the hub carer.",
                code="already_begun",
                state=self.state,
            )
        self.state = SleepoverState.CANCELLED
        self.cancelled_at = clock.now()
        self.cancel_reason = reason

    def refuse_once_begun(self) -> None:
        """Raise `Conflict` for a stay that has begun, or should have."""
        is_ahead = self.state == SleepoverState.CONFIRMED and self.arrives_at > clock.now()
        if not (is_ahead or self.state == SleepoverState.CANCELLED):
            raise Conflict(
                "This sleepover has already begun, so its dates can't be changed here. "
                "Please ring the hub carer.",
                code="already_begun",
                state=self.state,
            )


class BedNight(Base):
    """One bed, one night, one child. The two keys make double-booking impossible.

    Held for a request while it awaits approval, and of a sleepover from then on.
    """

    __tablename__ = "bed_nights"
    __table_args__ = (
        sa.UniqueConstraint("child_id", "night", name="uq_child_night"),
        sa.ForeignKeyConstraint(
            ["bed_id", "hub_home_id"], ["beds.id", "beds.hub_home_id"], name="fk_bed_night_bed"
        ),
        sa.ForeignKeyConstraint(
            ["sleepover_id", "child_id"],
            ["sleepovers.id", "sleepovers.child_id"],
            name="fk_bed_night_sleepover",
        ),
        sa.ForeignKeyConstraint(
            ["request_id", "child_id"],
            ["requested_children.request_id", "requested_children.child_id"],
            name="fk_bed_night_requested_child",
        ),
        sa.PrimaryKeyConstraint("bed_id", "night", name="uq_bed_night"),
        sa.Index("ix_bed_nights_hub_home_id_night", "hub_home_id", "night"),
        sa.Index("ix_bed_nights_sleepover_id", "sleepover_id"),
        sa.Index("ix_bed_nights_request_id", "request_id"),
    )

    bed_id: Mapped[UUID]
    night: Mapped[date]
    child_id: Mapped[UUID]
    request_id: Mapped[UUID]
    sleepover_id: Mapped[UUID | None]
    hub_home_id: Mapped[UUID]
    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))


class RespiteDecision(HasId, Base):
    """What was decided, by whom, and every check as it stood at that moment."""

    __tablename__ = "respite_decisions"
    __table_args__ = (
        sa.CheckConstraint(in_words("decision", list(Decision)), name="respite_decision_known"),
        sa.CheckConstraint(
            "(decision = 'expired') = (decided_by is null)", name="respite_decision_signed"
        ),
        sa.Index("ix_respite_decisions_request_id", "request_id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("respite_requests.id"))
    decision: Mapped[str]
    decided_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    """Nobody, when time decided."""
    decided_at: Mapped[datetime] = mapped_column(default=clock.now)
    checks: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON)


on_constraint("uq_bed_night", "nights_taken", "That bed was taken a moment ago. Please look again.")
on_constraint(
    "uq_child_night",
    "child_already_away",
    "One of the children already has a sleepover on one of those nights.",
)
