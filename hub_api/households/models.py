"""Households, adults and children. A carer's address is not kept at all."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, EffectiveDated, HasId, Versioned, in_words
from hub_api.errors import on_constraint


class LegalStatus(StrEnum):
    """A child's legal status; it belongs to the child, never to the household."""

    SECTION_20 = "section_20"
    SECTION_31 = "section_31"
    REMAND = "remand"
    SPECIAL_GUARDIANSHIP = "special_guardianship"
    ADOPTED = "adopted"
    CHILD_ARRANGEMENTS_ORDER = "child_arrangements_order"
    STAYING_PUT = "staying_put"


FOSTERED = frozenset({LegalStatus.SECTION_20, LegalStatus.SECTION_31, LegalStatus.REMAND})
"""Looked-after children: those that the fostering limit and the terms of approval count
(Children Act 1989 Sch 7)."""


class Gender(StrEnum):
    """A child's gender as recorded with the child."""

    FEMALE = "female"
    MALE = "male"
    NON_BINARY = "non_binary"
    NOT_SAID = "not_said"


class KeptApartReason(StrEnum):
    """Why two children are not to be together. No details: those belong to the children's files."""

    COURT_ORDER = "court_order"
    RISK_ASSESSMENT = "risk_assessment"
    PAST_HARM = "past_harm"
    CARE_PLAN = "care_plan"
    OTHER = "other"


class Household(HasId, Versioned, Base):
    """A foster, kinship, special guardianship, adoptive or staying-put family."""

    __tablename__ = "households"
    __table_args__ = (sa.Index("ix_households_constellation_id_id", "constellation_id", "id"),)

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    name: Mapped[str]
    closed_on: Mapped[date | None]
    """The first day on which it is no longer part of the service."""


class Adult(HasId, Versioned, Base):
    """A grown-up living in a household. Carers who log in have an account as well."""

    __tablename__ = "adults"
    __table_args__ = (
        sa.Index("ix_adults_household_id", "household_id"),
        sa.UniqueConstraint("account_id", name="uq_adult_account"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("households.id"))
    account_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))
    name: Mapped[str]
    dbs_issued_on: Mapped[date | None]
    """The date on the newest DBS certificate; none is on record where it is missing."""
    left_on: Mapped[date | None]
    """The first day on which they no longer live there."""


class Child(HasId, Versioned, Base):
    """A child living in a household, from `placed_on` up to `left_on`."""

    __tablename__ = "children"
    __table_args__ = (
        sa.CheckConstraint(in_words("gender", list(Gender)), name="child_gender_known"),
        sa.CheckConstraint(
            in_words("legal_status", list(LegalStatus)), name="child_legal_status_known"
        ),
        sa.Index("ix_children_household_id", "household_id"),
        sa.UniqueConstraint("id", "constellation_id", name="uq_child_in_constellation"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("households.id"))
    first_name: Mapped[str]
    born_on: Mapped[date]
    gender: Mapped[str]
    legal_status: Mapped[str]
    placed_on: Mapped[date | None]
    """When this placement began; unknown for children who have always lived there."""
    left_on: Mapped[date | None]
    """The first day on which the child no longer lives there."""
    bereaved_on: Mapped[date | None]
    """When the child last lost somebody close."""
    sibling_group_id: Mapped[UUID | None]
    """The same for brothers and sisters, wherever they live."""
    responsible_authority: Mapped[str | None]
    """The local authority that holds the child's care plan."""


class Approval(HasId, Versioned, EffectiveDated, Base):
    """A household's terms of approval as foster carers (Fostering Services Regulations 2011)."""

    __tablename__ = "approvals"
    __table_args__ = (
        sa.CheckConstraint("ends_on > starts_on", name="approval_ends_after_start"),
        sa.CheckConstraint("max_children between 1 and 20", name="approval_number_is_sensible"),
        sa.CheckConstraint(
            "min_age >= 0 and max_age >= min_age and max_age <= 25", name="approval_ages_in_order"
        ),
        sa.CheckConstraint(
            f"genders <@ array{[str(gender) for gender in Gender]} and cardinality(genders) > 0",
            name="approval_genders_known",
        ),
        sa.Index("ix_approvals_household_id", "household_id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("households.id"))
    max_children: Mapped[int]
    min_age: Mapped[int]
    max_age: Mapped[int]
    genders: Mapped[list[str]] = mapped_column(sa.ARRAY(sa.Text()))
    review_due_on: Mapped[date]
    """The last day of the year that the approval review covers."""


class FosteringExemption(HasId, Versioned, EffectiveDated, Base):
    """A written exemption from the usual fostering limit, for named children.

    From the authority where the carer lives (Children Act 1989 Sch 7 para 4).
    """

    __tablename__ = "fostering_exemptions"
    __table_args__ = (
        sa.CheckConstraint("ends_on > starts_on", name="fostering_exemption_ends_after_start"),
        sa.CheckConstraint("cardinality(child_ids) > 0", name="fostering_exemption_names_children"),
        sa.Index("ix_fostering_exemptions_household_id", "household_id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("households.id"))
    authority: Mapped[str]
    child_ids: Mapped[list[UUID]] = mapped_column(sa.ARRAY(sa.Uuid()))
    recorded_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)


class KeptApart(HasId, Versioned, EffectiveDated, Base):
    """Two children who are not to be together, the one with the lower id first."""

    __tablename__ = "kept_apart"
    __table_args__ = (
        sa.CheckConstraint("ends_on > starts_on", name="kept_apart_ends_after_start"),
        sa.CheckConstraint("child_id < other_child_id", name="kept_apart_in_order"),
        sa.CheckConstraint(
            in_words("reason", list(KeptApartReason)), name="kept_apart_reason_known"
        ),
        sa.Index(
            "uq_kept_apart_open",
            "child_id",
            "other_child_id",
            unique=True,
            postgresql_where=sa.text("ends_on is null"),
        ),
        sa.Index("ix_kept_apart_child_id", "child_id"),
        sa.Index("ix_kept_apart_other_child_id", "other_child_id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    child_id: Mapped[UUID] = mapped_column(sa.ForeignKey("children.id"))
    other_child_id: Mapped[UUID] = mapped_column(sa.ForeignKey("children.id"))
    reason: Mapped[str]
    recorded_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)


class SharingAgreement(HasId, Versioned, EffectiveDated, Base):
    """A responsible authority's written word that its child may share a bedroom with another.

    Two fostered children who share need one each (NMS 10.6).
    """

    __tablename__ = "sharing_agreements"
    __table_args__ = (
        sa.CheckConstraint("ends_on > starts_on", name="sharing_agreement_ends_after_start"),
        sa.CheckConstraint("child_id <> with_child_id", name="sharing_agreement_is_about_two"),
        sa.Index(
            "uq_sharing_agreement_open",
            "child_id",
            "with_child_id",
            unique=True,
            postgresql_where=sa.text("ends_on is null"),
        ),
        sa.Index("ix_sharing_agreements_child_id", "child_id"),
        sa.Index("ix_sharing_agreements_with_child_id", "with_child_id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    child_id: Mapped[UUID] = mapped_column(sa.ForeignKey("children.id"))
    with_child_id: Mapped[UUID] = mapped_column(sa.ForeignKey("children.id"))
    authority: Mapped[str]
    recorded_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    recorded_at: Mapped[datetime] = mapped_column(default=clock.now)


for _name in ("approval", "fostering_exemption", "kept_apart", "sharing_agreement"):
    on_constraint(
        f"ck_{_name}_ends_after_start", "ends_too_early", "Please choose an end after the start."
    )
on_constraint(
    "uq_adult_account",
    "account_taken",
    "Another adult is on record with this account. Please take it from them first.",
)
on_constraint(
    "approval_overlaps",
    "approval_overlaps",
    "Other terms of approval hold on some of these days. Please end those first.",
)
on_constraint(
    "ck_approval_ages_in_order",
    "ages_out_of_order",
    "The youngest age must not be above the oldest.",
)
on_constraint(
    "uq_kept_apart_open",
    "already_recorded",
    "It is on record already that these two are not to be together.",
)
on_constraint(
    "uq_sharing_agreement_open", "already_recorded", "This agreement is on record already."
)
