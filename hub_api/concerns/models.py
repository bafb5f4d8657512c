"""Concerns and what was added to them. The words are sealed under the keys of the children."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.access import Role
from hub_api.db import Base, HasId, Versioned, in_words
from hub_api.encryption import Ciphertext, EncryptedText

HANDLING = (Role.LIAISON_WORKER, Role.PROGRAMME_MANAGER)
"""Who may have a concern to look into."""


class ConcernOutcome(StrEnum):
    """What came of a concern."""

    NO_FURTHER_ACTION = "no_further_action"
    LADO_REFERRAL = "lado_referral"
    """The local authority's designated officer has it (Working Together to Safeguard Children)."""
    OTHER = "other"


class ConcernState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    """Somebody has said what came of it."""


class Concern(HasId, Versioned, Base):
    """What somebody wrote about a person: a grown-up on record, somebody with an account, or both.

    `hidden_from` are the accounts and households that must not learn of it, as they were then; who
    belongs to one of these households by now is kept out as well (migration 0031).
    """

    __tablename__ = "concerns"
    __table_args__ = (
        sa.CheckConstraint(
            "num_nonnulls(about_adult_id, about_account_id) > 0", name="concern_is_about_somebody"
        ),
        sa.CheckConstraint("cardinality(child_ids) > 0", name="concern_is_about_children"),
        sa.CheckConstraint(
            "about_account_id is null or about_account_id = any (hidden_from)",
            name="concern_is_hidden_from_whom_it_is_about",
        ),
        sa.CheckConstraint(in_words("handled_by", HANDLING), name="concern_handled_by_known"),
        sa.CheckConstraint(in_words("outcome", list(ConcernOutcome)), name="concern_outcome_known"),
        sa.CheckConstraint(
            "coalesce(outcome = 'lado_referral', false) = (referred_on is not null)",
            name="concern_referral_has_its_day",
        ),
        sa.Index("ix_concerns_constellation_id_id", "constellation_id", "id"),
        sa.Index("ix_concerns_written_by_id", "written_by", "id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    about_adult_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("adults.id"))
    about_account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    child_ids: Mapped[list[UUID]] = mapped_column(sa.ARRAY(sa.Uuid()))
    what_happened: Mapped[Ciphertext] = mapped_column(EncryptedText())
    happened_at: Mapped[datetime]
    written_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    written_at: Mapped[datetime] = mapped_column(default=clock.now)
    handled_by: Mapped[str]
    """Liaison workers, with the programme managers; the latter alone where it is about one."""
    hidden_from: Mapped[list[UUID]] = mapped_column(sa.ARRAY(sa.Uuid()))
    outcome: Mapped[str | None]
    """The latest; each one is an addendum, too."""
    referred_on: Mapped[date | None]

    def decide(self, outcome: ConcernOutcome, referred_on: date | None) -> None:
        """Say what came of it, or what has come of it since."""
        self.outcome, self.referred_on = outcome, referred_on


class ConcernAddendum(HasId, Base):
    """Something added to a concern, and never changed: more words, or what came of it and why."""

    __tablename__ = "concern_addenda"
    __table_args__ = (
        sa.CheckConstraint(
            in_words("outcome", list(ConcernOutcome)), name="concern_addendum_outcome_known"
        ),
        sa.Index("ix_concern_addenda_concern_id_id", "concern_id", "id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    concern_id: Mapped[UUID] = mapped_column(sa.ForeignKey("concerns.id"))
    outcome: Mapped[str | None]
    referred_on: Mapped[date | None]
    words: Mapped[Ciphertext] = mapped_column(EncryptedText())
    written_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    written_at: Mapped[datetime] = mapped_column(default=clock.now)
