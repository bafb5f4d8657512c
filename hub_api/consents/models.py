"""Consents to nights away, dated, and what hands the say to the child's social worker."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, EffectiveDated, HasId, Versioned, in_words
from hub_api.encryption import Ciphertext, EncryptedText
from hub_api.errors import Conflict, on_constraint


class Giver(StrEnum):
    """Whose word it is. What is delegated is delegated by the placement plan, once for every night;
    the others say yes to the nights they were asked about. A carer with parental responsibility
    consents by asking, and so is none of them."""

    DELEGATED_BY_AUTHORITY = "delegated_by_authority"
    DELEGATED_BY_PARENT = "delegated_by_parent"
    SOCIAL_WORKER = "social_worker"
    YOUTH_OFFENDING_TEAM = "youth_offending_team"
    YOUNG_ADULT = "young_adult"


class Parent(StrEnum):
    """The parent a delegation comes from: the placement plan names them (section 20)."""

    MOTHER = "mother"
    FATHER = "father"
    BOTH = "both"
    OTHER = "other"


class How(StrEnum):
    """How the hub knows of it."""

    PLACEMENT_PLAN = "placement_plan"
    IN_WRITING = "in_writing"
    BY_TELEPHONE = "by_telephone"
    BY_LINK = "by_link"


class FlagKind(StrEnum):
    """What takes the say from the placement plan and gives it to the child's social worker."""

    CARE_PROCEEDINGS = "care_proceedings"
    ABSCONDING = "absconding"
    RISKY_NETWORKS = "risky_networks"


def _child_of_the_constellation(name: str) -> sa.ForeignKeyConstraint:
    """It goes wherever its child goes: the database sees to it."""
    return sa.ForeignKeyConstraint(
        ["child_id", "constellation_id"],
        ["children.id", "children.constellation_id"],
        name=f"fk_{name}_child",
        onupdate="CASCADE",
    )


class Consent(HasId, Versioned, EffectiveDated, Base):
    """Somebody's word that a child may sleep at the hub on the nights from one day to another."""

    __tablename__ = "consents"
    __table_args__ = (
        _child_of_the_constellation("consent"),
        sa.CheckConstraint("ends_on > starts_on", name="consent_ends_after_start"),
        sa.CheckConstraint(in_words("giver", list(Giver)), name="consent_giver_known"),
        sa.CheckConstraint(in_words("how", list(How)), name="consent_how_known"),
        sa.CheckConstraint(in_words("parent", list(Parent)), name="consent_parent_known"),
        sa.CheckConstraint(
            "(giver = 'delegated_by_parent') = (parent is not null)", name="consent_names_parent"
        ),
        sa.Index("ix_consents_child_id", "child_id"),
    )

    constellation_id: Mapped[UUID]
    child_id: Mapped[UUID]
    giver: Mapped[str]
    parent: Mapped[str | None]
    how: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    """From that London day on it counts for no night."""
    recorded_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    """Nobody, when it was given on the page behind a link."""
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)

    def withdraw(self) -> None:
        """It was taken back, now. Raises `Conflict` where there is nothing to take back."""
        if self.withdrawn_at is not None:
            raise Conflict("This consent has been withdrawn already.", code="wrong_state")
        if self.ends_on is not None and self.ends_on <= clock.london_today():
            raise Conflict("This consent is over already.", code="wrong_state")
        self.withdrawn_at = clock.now()

    def end(self, ends_on: date | None) -> None:
        """It holds until that day, or on and on. Raises `Conflict` for what was withdrawn, and for
        nights that nobody asked about behind the link by which it was given."""
        if self.withdrawn_at is not None:
            raise Conflict(
                "This consent has been withdrawn. If it was given again, please record it anew.",
                code="wrong_state",
            )
        asked_until = self.ends_on if self.how == How.BY_LINK else None
        if asked_until is not None and (ends_on is None or ends_on > asked_until):
            raise Conflict(
                "This was said about certain nights, and can't be made to hold for more. Please "
                "ask about the others by another link.",
                code="not_asked_about",
            )
        self.ends_on = ends_on


class ConsentFlag(HasId, Versioned, EffectiveDated, Base):
    """Something about a child that makes its social worker the one to ask, while it lasts."""

    __tablename__ = "consent_flags"
    __table_args__ = (
        _child_of_the_constellation("consent_flag"),
        sa.CheckConstraint("ends_on > starts_on", name="consent_flag_ends_after_start"),
        sa.CheckConstraint(in_words("kind", list(FlagKind)), name="consent_flag_kind_known"),
        sa.Index(
            "uq_consent_flag_open",
            "child_id",
            "kind",
            unique=True,
            postgresql_where=sa.text("ends_on is null"),
        ),
        sa.Index("ix_consent_flags_child_id", "child_id"),
    )

    constellation_id: Mapped[UUID]
    child_id: Mapped[UUID]
    kind: Mapped[str]
    recorded_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)


ASKED_BY_LINK = (Giver.SOCIAL_WORKER, Giver.YOUTH_OFFENDING_TEAM)
"""Who has no account and is asked about certain nights."""


class Answer(StrEnum):
    """What somebody said behind a link."""

    YES = "yes"
    NO = "no"


class ConsentLink(HasId, Base):
    """A question to somebody without an account, behind a link that can be answered once.

    Kept is a fingerprint of the link, which is known to whoever holds it alone. A link dies when
    its child moves to another constellation: the question was this one's.
    """

    __tablename__ = "consent_links"
    __table_args__ = (
        sa.UniqueConstraint("token_hash", name="uq_consent_link_token"),
        sa.CheckConstraint(in_words("giver", list(ASKED_BY_LINK)), name="consent_link_giver_known"),
        sa.CheckConstraint(in_words("answer", list(Answer)), name="consent_link_answer_known"),
        sa.CheckConstraint("last_night >= first_night", name="consent_link_nights_in_order"),
        sa.CheckConstraint(
            "num_nulls(answered_at, answer, answered_by) in (0, 3)",
            name="consent_link_is_answered_whole",
        ),
        sa.Index("ix_consent_links_child_id", "child_id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    child_id: Mapped[UUID] = mapped_column(sa.ForeignKey("children.id"))
    giver: Mapped[str]
    first_night: Mapped[date]
    last_night: Mapped[date]
    token_hash: Mapped[bytes]
    asked_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    answered_by: Mapped[Ciphertext | None] = mapped_column(EncryptedText())
    """The name they gave, sealed under the child's key."""

    def is_open(self, at: datetime) -> bool:
        """Whether it can still be answered."""
        return self.answered_at is None and at < self.expires_at


for _name in ("consent", "consent_flag"):
    on_constraint(
        f"ck_{_name}_ends_after_start", "ends_too_early", "Please choose an end after the start."
    )
on_constraint("uq_consent_flag_open", "already_recorded", "This is on record already.")
