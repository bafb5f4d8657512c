"""Constellations, hub homes, beds and memberships."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api.db import Base, EffectiveDated, HasId, Versioned


class Constellation(HasId, Versioned, Base):
    """A hub home, 6-10 satellite households and a liaison worker."""

    __tablename__ = "constellations"
    __table_args__ = (sa.UniqueConstraint("name", name="uq_constellation_name"),)

    name: Mapped[str]


class HubHome(HasId, Base):
    """A household's home with guest beds kept for a constellation's children.

    `seq` is the mutex of everything that touches its beds, its resident children or its limits
    (reliability.md): take it with `service.lock_hub_home()` before reading what must stay true.
    """

    __tablename__ = "hub_homes"
    __table_args__ = (
        sa.UniqueConstraint("household_id", name="uq_hub_home_household"),
        sa.Index("ix_hub_homes_constellation_id_id", "constellation_id", "id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("households.id"))
    name: Mapped[str]
    seq: Mapped[int] = mapped_column(default=0)


class HubAppointment(HasId, EffectiveDated, Base):
    """Which hub home serves a constellation, effective-dated: hub carers resign."""

    __tablename__ = "hub_appointments"
    __table_args__ = (
        sa.CheckConstraint("ends_on > starts_on", name="hub_appointment_ends_after_start"),
        sa.Index(
            "uq_hub_appointment_open",
            "constellation_id",
            unique=True,
            postgresql_where=sa.text("ends_on is null"),
        ),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    hub_home_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hub_homes.id"))


class Bed(HasId, Base):
    """A guest bed in a hub home."""

    __tablename__ = "beds"
    __table_args__ = (
        sa.UniqueConstraint("hub_home_id", "label", name="uq_bed_label"),
        sa.UniqueConstraint("id", "hub_home_id", name="uq_bed_in_hub_home"),
        sa.Index("ix_beds_constellation_id_id", "constellation_id", "id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    hub_home_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hub_homes.id"))
    label: Mapped[str]


class Membership(HasId, EffectiveDated, Base):
    """A household's place in a constellation, effective-dated."""

    __tablename__ = "memberships"
    __table_args__ = (
        sa.CheckConstraint("ends_on > starts_on", name="membership_ends_after_start"),
        sa.Index(
            "uq_membership_open",
            "household_id",
            unique=True,
            postgresql_where=sa.text("ends_on is null"),
        ),
        sa.Index("ix_memberships_constellation_id_id", "constellation_id", "id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    household_id: Mapped[UUID] = mapped_column(sa.ForeignKey("households.id"))
