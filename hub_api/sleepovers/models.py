"""Sleepovers and bed-nights."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, HasId, Versioned, in_words
from hub_api.encryption import Ciphertext, EncryptedText
from hub_api.errors import Conflict, on_constraint


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
    DID_NOT_COME = "did_not_come"
    """The time of arrival has passed and nobody came."""
    OTHER = "other"


class EarlyEndReason(StrEnum):
    """Why a child goes home before the day agreed."""

    CHILD_UNWELL = "child_unwell"
    CHILD_WANTS_TO_GO_HOME = "child_wants_to_go_home"
    CARER_READY = "carer_ready"
    HUB_UNABLE = "hub_unable"
    NOT_WORKING_OUT = "not_working_out"
    OTHER = "other"


class BedState(StrEnum):
    """What a bed is on one night."""

    FREE = "free"
    HELD = "held"
    """Kept for a request that awaits approval."""
    TAKEN = "taken"
    BLOCKED = "blocked"


class Decision(StrEnum):
    """What can be decided about a stay that was asked for."""

    SUBMITTED = "submitted"
    CHANGED = "changed"
    HELD = "held"
    ACCEPTED = "accepted"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    EXTENDED = "extended"


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
        sa.UniqueConstraint(
            "id", "child_id", "constellation_id", name="uq_sleepover_of_constellation"
        ),
        sa.Index("ix_sleepovers_constellation_id_id", "constellation_id", "id"),
        sa.Index(
            "ix_sleepovers_hosting",
            "hosting_constellation_id",
            "id",
            postgresql_where=sa.text("hosting_constellation_id is not null"),
        ),
        # With all that the policy asks of a row: see 0025.
        sa.Index(
            "ix_sleepovers_household_id_id",
            "household_id",
            "id",
            postgresql_include=["constellation_id"],
        ),
        sa.Index("ix_sleepovers_constellation_id_arrives_at", "constellation_id", "arrives_at"),
        sa.Index("ix_sleepovers_household_id_arrives_at", "household_id", "arrives_at"),
        sa.Index("ix_sleepovers_child_id_arrives_at", "child_id", "arrives_at"),
        sa.Index("ix_sleepovers_constellation_id_state_id", "constellation_id", "state", "id"),
        sa.Index(
            "ix_sleepovers_household_id_state_id",
            "household_id",
            "state",
            "id",
            postgresql_include=["constellation_id"],
        ),
        sa.Index(
            "ix_sleepovers_in_stay",
            "departs_at",
            postgresql_where=sa.text("state = 'in_stay'"),
        ),
        sa.Index(
            "ix_sleepovers_confirmed",
            "arrives_at",
            postgresql_where=sa.text("state = 'confirmed'"),
        ),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("households.id"))
    hosting_constellation_id: Mapped[UUID | None] = mapped_column(
        sa.ForeignKey("constellations.id")
    )
    """Where another constellation's hub took the child in an emergency; null at its own."""
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

    late_told_at: Mapped[datetime | None]
    """When somebody was asked to look into a return that is late: once for a time agreed."""
    tomorrow_told_for: Mapped[datetime | None]
    handover_told_for: Mapped[datetime | None]
    return_told_for: Mapped[datetime | None]
    """The arrival or departure that both homes were reminded of (`reminding.py`)."""

    @property
    def run_by(self) -> UUID:
        """The constellation whose hub carers run the stay."""
        return self.hosting_constellation_id or self.constellation_id

    def cancel(self, reason: CancelReason) -> None:
        """Call the sleepover off before it begins; afterwards it is an early end.

        Once the child is expected, only as one who did not come: those who are there know.
        """
        if self.state == SleepoverState.IN_STAY:
            raise Conflict(
                "This sleepover has begun, so it can't be cancelled. If the child is to go home "
                "now, the hub carer can end it early.",
                code="wrong_state",
                state=self.state,
            )
        self._refuse_unless(SleepoverState.CONFIRMED)
        is_expected = self.arrives_at <= clock.now()
        if is_expected and reason is not CancelReason.DID_NOT_COME:
            raise Conflict(
                "This sleepover has already begun, so it can't be cancelled. "
                "Please ring the hub carer.",
                code="already_begun",
                state=self.state,
            )
        if not is_expected and reason is CancelReason.DID_NOT_COME:
            raise Conflict(
                "The time of arrival is still to come. Please choose another reason.",
                code="not_yet_begun",
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

    def arrive(self, at: datetime, earliest: datetime) -> None:
        """The child is at the hub."""
        self._refuse_unless(SleepoverState.CONFIRMED)
        _refuse_future(at)
        if at < earliest:
            raise Conflict(
                "That is well before the arrival agreed. Please check the time, or ask for an "
                "earlier stay.",
                code="too_early",
            )
        if at >= self.departs_at:
            raise Conflict(
                "That is after the stay was to end. Please check the time.", code="too_late"
            )
        self.state, self.arrived_at = SleepoverState.IN_STAY, at

    def come_home(self, at: datetime, early: EarlyEndReason | None = None) -> None:
        """The child is home again; with a reason when it is earlier than agreed."""
        self._refuse_unless(SleepoverState.IN_STAY)
        _refuse_future(at)
        if self.arrived_at is not None and at <= self.arrived_at:
            raise Conflict(
                "That is before the child came to the hub. Please check the time.",
                code="before_arrival",
            )
        self.state, self.returned_at, self.early_end_reason = SleepoverState.RETURNED, at, early

    def close(self) -> None:
        """Everything about the stay is done."""
        self._refuse_unless(SleepoverState.RETURNED)
        self.state, self.closed_at = SleepoverState.CLOSED, clock.now()

    def extend(self, departs_at: datetime) -> None:
        """The child stays until later than agreed."""
        self._refuse_unless(SleepoverState.CONFIRMED, SleepoverState.IN_STAY)
        if departs_at <= self.departs_at:
            raise Conflict(
                "That is not later than the departure agreed. Please choose a later time.",
                code="not_later",
            )
        if departs_at <= clock.now():
            raise Conflict(
                "That time has already passed. Please choose another.", code="in_the_past"
            )
        self.departs_at, self.late_told_at = departs_at, None

    def _refuse_unless(self, *states: SleepoverState) -> None:
        if self.state not in states:
            words = _STATE_WORDS[SleepoverState(self.state)]
            raise Conflict(f"This sleepover {words}.", code="wrong_state", state=self.state)


_STATE_WORDS = {
    SleepoverState.CONFIRMED: "hasn't begun yet",
    SleepoverState.IN_STAY: "has begun and isn't over yet",
    SleepoverState.RETURNED: "is already over",
    SleepoverState.CLOSED: "is over and closed",
    SleepoverState.CANCELLED: "has already been cancelled",
}

CLOCKS_DIFFER = timedelta(minutes=5)
"""A phone's clock may be so much ahead of ours."""


def _refuse_future(at: datetime) -> None:
    if at > clock.now() + CLOCKS_DIFFER:
        raise Conflict(
            "That time is still to come. Please tell the hub once it has happened.",
            code="in_the_future",
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


class CheckOverride(HasId, Base):
    """A check set aside for one request, by whom, in which role, why, and until when."""

    __tablename__ = "check_overrides"
    __table_args__ = (
        sa.CheckConstraint("expires_at > given_at", name="check_override_expires_later"),
        sa.Index("ix_check_overrides_request_id", "request_id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("respite_requests.id"))
    code: Mapped[str]
    role: Mapped[str]
    reason: Mapped[Ciphertext] = mapped_column(EncryptedText())
    """In their own words, sealed under the keys of the children it was given for."""
    child_ids: Mapped[list[UUID]] = mapped_column(postgresql.ARRAY(sa.Uuid()))
    """Whom the request asked for when it was given; the request may change afterwards."""
    pairs: Mapped[list[list[UUID]]] = mapped_column(
        postgresql.ARRAY(sa.Uuid(), dimensions=2), default=list
    )
    """The pairs of children that `kept_apart` was set aside for; it still holds for all others."""
    given_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    given_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]


on_constraint("uq_bed_night", "nights_taken", "That bed was taken a moment ago. Please look again.")
on_constraint(
    "uq_child_night",
    "child_already_away",
    "One of the children already has a sleepover on one of those nights.",
)
