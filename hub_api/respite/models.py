"""Respite requests, their children, and the decisions taken on them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub_api import clock
from hub_api.db import Base, HasId, Versioned, in_words
from hub_api.encryption import Ciphertext, EncryptedText
from hub_api.errors import Conflict
from hub_api.sleepovers import checks


class RequestState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    AWAITING_APPROVAL = "awaiting_approval"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


WAITING = frozenset({RequestState.SUBMITTED, RequestState.AWAITING_APPROVAL})
"""Somebody is still to answer."""


class RequestKind(StrEnum):
    """Day care follows rules of its own."""

    PLANNED = "planned"
    EMERGENCY = "emergency"
    """Asked for as an emergency, and answered as one: see the slice `emergencies`."""


class RequestReason(StrEnum):
    """Why a carer asks. A sleepover is never a punishment, so no reason says it is."""

    REST_FOR_CARER = "rest_for_carer"
    CARERS_HOLIDAY = checks.HOLIDAY
    FAMILY_EVENT = "family_event"
    APPOINTMENT = "appointment"
    CARER_UNWELL = "carer_unwell"
    TREAT_FOR_CHILD = "treat_for_child"
    TIME_WITH_SIBLINGS = "time_with_siblings"
    OTHER = "other"


class DeclineReason(StrEnum):
    """Why a hub says no. A carer reads it, so none of them blames anybody."""

    HUB_FULL = "hub_full"
    HUB_UNABLE = "hub_unable"
    SHORT_NOTICE = "short_notice"
    NOT_RIGHT_TOGETHER = "not_right_together"
    STAY_TOO_LONG = "stay_too_long"
    OTHER = "other"


class WithdrawReason(StrEnum):
    """Why a carer takes a request back."""

    NO_LONGER_NEEDED = "no_longer_needed"
    OTHER_ARRANGEMENT = "other_arrangement"
    CHILD_UNWELL = "child_unwell"
    CHILD_DOES_NOT_WANT_TO = "child_does_not_want_to"
    OTHER = "other"


_STATE_WORDS = {
    RequestState.DRAFT: "hasn't been sent yet",
    RequestState.SUBMITTED: "has already been sent and is waiting for the hub",
    RequestState.AWAITING_APPROVAL: "is waiting for the liaison worker",
    RequestState.ACCEPTED: "has already been accepted",
    RequestState.DECLINED: "has been declined",
    RequestState.WITHDRAWN: "has been withdrawn",
    RequestState.EXPIRED: "was not answered in time and has expired",
}


class RespiteRequest(HasId, Versioned, Base):
    """What a carer asks for: which children, which nights, why.

    `nights` are the London nights the stay holds, worked out when it was asked for. `hub_home_id`
    is the hub home serving the constellation on the first of them.
    """

    __tablename__ = "respite_requests"
    __table_args__ = (
        sa.CheckConstraint(in_words("state", list(RequestState)), name="request_state_known"),
        sa.CheckConstraint(in_words("kind", list(RequestKind)), name="request_kind_known"),
        sa.CheckConstraint(in_words("reason", list(RequestReason)), name="request_reason_known"),
        sa.CheckConstraint("departs_at > arrives_at", name="request_departs_after_arrival"),
        sa.CheckConstraint("cardinality(nights) > 0", name="request_has_nights"),
        sa.CheckConstraint(
            "state in ('draft', 'withdrawn') or submitted_at is not null",
            name="request_submitted_when_sent",
        ),
        sa.CheckConstraint(
            "(state = 'declined') = (decline_reason is not null)",
            name="request_declined_with_reason",
        ),
        sa.CheckConstraint(
            in_words("decline_reason", list(DeclineReason)), name="request_decline_reason_known"
        ),
        sa.CheckConstraint(
            "(state = 'withdrawn') = (withdraw_reason is not null)",
            name="request_withdrawn_with_reason",
        ),
        sa.CheckConstraint(
            in_words("withdraw_reason", list(WithdrawReason)), name="request_withdraw_reason_known"
        ),
        sa.Index(
            "ix_respite_requests_waiting",
            "expires_at",
            postgresql_where=sa.text(in_words("state", sorted(WAITING, reverse=True))),
        ),
        # With all that the policy asks of a row: see 0025 and 0027.
        sa.Index(
            "ix_respite_requests_constellation_id_id",
            "constellation_id",
            "id",
            postgresql_include=["submitted_at"],
        ),
        sa.Index(
            "ix_respite_requests_household_id_id",
            "household_id",
            "id",
            postgresql_include=["constellation_id"],
        ),
        sa.Index(
            "ix_respite_requests_household_id_state_id",
            "household_id",
            "state",
            "id",
            postgresql_include=["constellation_id"],
        ),
        sa.Index(
            "ix_respite_requests_constellation_id_arrives_at", "constellation_id", "arrives_at"
        ),
        sa.Index("ix_respite_requests_household_id_arrives_at", "household_id", "arrives_at"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("households.id"))
    hub_home_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hub_homes.id"))
    asked_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    state: Mapped[str] = mapped_column(default=RequestState.DRAFT)
    kind: Mapped[str]
    reason: Mapped[str]
    arrives_at: Mapped[datetime]
    departs_at: Mapped[datetime]
    nights: Mapped[list[date]]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    submitted_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    """When it is too late for an answer: at the end of its first night; of an emergency, when it
    would be over."""
    decline_reason: Mapped[str | None]
    withdraw_reason: Mapped[str | None]
    note: Mapped[Ciphertext | None] = mapped_column(EncryptedText())
    """What the carer wants those who decide to know, about all of its children."""

    children: Mapped[list[RequestedChild]] = relationship(
        lazy="raise_on_sql", order_by="RequestedChild.child_id"
    )

    def submit(self) -> None:
        """Send the request to the hub."""
        self._move(RequestState.SUBMITTED, RequestState.DRAFT)
        self.submitted_at = clock.now()

    def accept(self) -> None:
        """The hub says yes to all the children on all the nights."""
        self._move(RequestState.ACCEPTED, RequestState.SUBMITTED)

    def await_approval(self) -> None:
        """The hub says yes to a stay so long that the liaison worker decides too."""
        self._move(RequestState.AWAITING_APPROVAL, RequestState.SUBMITTED)

    def approve(self) -> None:
        """The liaison worker says yes, too."""
        self._move(RequestState.ACCEPTED, RequestState.AWAITING_APPROVAL)

    def decline(self, reason: DeclineReason) -> None:
        """Whoever is to answer says no."""
        self._move(RequestState.DECLINED, *WAITING)
        self.decline_reason = reason

    def withdraw(self, reason: WithdrawReason) -> None:
        """The carer takes the request back."""
        self._move(RequestState.WITHDRAWN, RequestState.DRAFT, *WAITING)
        self.withdraw_reason = reason

    def expire(self) -> None:
        """Nobody has answered in time."""
        self._move(RequestState.EXPIRED, *WAITING)

    def change(self) -> None:
        """The carer asks for something else: whoever has said yes to it is asked again."""
        is_draft = self.state == RequestState.DRAFT
        to = RequestState.DRAFT if is_draft else RequestState.SUBMITTED
        self._move(to, RequestState.DRAFT, *WAITING)

    def reschedule(self) -> None:
        """Move an accepted stay to other times."""
        self._move(RequestState.ACCEPTED, RequestState.ACCEPTED)

    def is_waiting(self) -> bool:
        """Whether somebody is still to answer."""
        return self.state in WAITING

    def _move(self, to: RequestState, *expected: RequestState) -> None:
        self.refuse_unless(*expected)
        self.state = to

    def refuse_emergency(self) -> None:
        """Raise `Conflict` for an emergency: whoever was asked about it answers that."""
        if self.kind == RequestKind.EMERGENCY:
            raise Conflict(
                "This is an emergency. Please answer where you were asked about it, or take it "
                "back and ask again.",
                code="emergency",
            )

    def refuse_unless(self, *expected: RequestState) -> None:
        """Raise `Conflict` in any other state than these."""
        if self.state not in expected:
            words = _STATE_WORDS[RequestState(self.state)]
            raise Conflict(f"This request {words}.", code="wrong_state", state=self.state)


IS_WAITING = RespiteRequest.state.in_([sa.literal_column(f"'{word}'") for word in sorted(WAITING)])
"""The SQL condition. Its words are written out, so that the index of those that wait serves."""


class RequestedChild(Base):
    """A child a request asks for."""

    __tablename__ = "requested_children"
    __table_args__ = (sa.Index("ix_requested_children_child_id", "child_id"),)

    request_id: Mapped[UUID] = mapped_column(sa.ForeignKey("respite_requests.id"), primary_key=True)
    child_id: Mapped[UUID] = mapped_column(sa.ForeignKey("children.id"), primary_key=True)
    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
