"""Sleepovers and bed-nights."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, HasId, Versioned, in_words
from hub_api.errors import Conflict, on_constraint


class SleepoverState(StrEnum):
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class CancelReason(StrEnum):
    """Why a sleepover is called off."""

    NO_LONGER_NEEDED = "no_longer_needed"
    CHILD_UNWELL = "child_unwell"
    CARER_UNWELL = "carer_unwell"
    HUB_UNABLE = "hub_unable"
    CHILD_DOES_NOT_WANT_TO = "child_does_not_want_to"
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
        sa.UniqueConstraint("request_id", "child_id", name="uq_sleepover_per_requested_child"),
        sa.UniqueConstraint("id", "child_id", name="uq_sleepover_of_child"),
        sa.Index("ix_sleepovers_constellation_id_id", "constellation_id", "id"),
        sa.Index("ix_sleepovers_household_id_id", "household_id", "id"),
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


class BedNight(Base):
    """One bed, one night, one child. The two keys make double-booking impossible."""

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
        sa.PrimaryKeyConstraint("bed_id", "night", name="uq_bed_night"),
        sa.Index("ix_bed_nights_hub_home_id_night", "hub_home_id", "night"),
        sa.Index("ix_bed_nights_sleepover_id", "sleepover_id"),
    )

    bed_id: Mapped[UUID]
    night: Mapped[date]
    child_id: Mapped[UUID]
    sleepover_id: Mapped[UUID]
    hub_home_id: Mapped[UUID]
    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))


on_constraint("uq_bed_night", "nights_taken", "That bed was taken a moment ago. Please look again.")
on_constraint(
    "uq_child_night",
    "child_already_away",
    "One of the children already has a sleepover on one of those nights.",
)
