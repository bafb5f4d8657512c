"""Households, adults and children. A carer's address is not kept at all."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api.db import Base, HasId, Versioned, in_words


class LegalStatus(StrEnum):
    """A child's legal status; it belongs to the child, never to the household."""

    SECTION_20 = "section_20"
    SECTION_31 = "section_31"
    REMAND = "remand"
    SPECIAL_GUARDIANSHIP = "special_guardianship"
    ADOPTED = "adopted"
    CHILD_ARRANGEMENTS_ORDER = "child_arrangements_order"
    STAYING_PUT = "staying_put"


class Gender(StrEnum):
    """A child's gender as recorded with the child."""

    FEMALE = "female"
    MALE = "male"
    NON_BINARY = "non_binary"
    NOT_SAID = "not_said"


class Household(HasId, Versioned, Base):
    """A foster, kinship, special guardianship, adoptive or staying-put family."""

    __tablename__ = "households"
    __table_args__ = (sa.Index("ix_households_constellation_id_id", "constellation_id", "id"),)

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    name: Mapped[str]


class Adult(HasId, Base):
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


class Child(HasId, Base):
    """A child living in a household."""

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
