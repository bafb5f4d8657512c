"""Constellations, hub homes, beds and memberships."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, EffectiveDated, HasId, Versioned, in_words
from hub_api.errors import on_constraint


class AbsenceReason(StrEnum):
    """Why a hub home takes no guests for some nights."""

    LEAVE = "leave"
    ILLNESS = "illness"
    FAMILY = "family"
    HOME_REPAIRS = "home_repairs"
    OTHER = "other"


class TemporaryBedReason(StrEnum):
    """Why a hub home has one bed more for a while."""

    EMERGENCY = "emergency"
    SIBLINGS_TOGETHER = "siblings_together"
    BED_OUT_OF_USE = "bed_out_of_use"
    OTHER = "other"


class Constellation(HasId, Versioned, Base):
    """A hub home, 6-10 satellite households and a liaison worker."""

    __tablename__ = "constellations"
    __table_args__ = (sa.UniqueConstraint("name", name="uq_constellation_name"),)

    name: Mapped[str]
    closed_on: Mapped[date | None]
    """The first day without it."""


class HubHome(HasId, Versioned, Base):
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
    home_authority: Mapped[str | None]
    """The local authority where the hub carer lives, which is who exempts from the fostering limit
    (Children Act 1989 Sch 7); many of Southwark's carers live in Kent."""
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


class Bed(HasId, Versioned, EffectiveDated, Base):
    """A guest bed in a hub home, from one day up to another. A temporary one says why it is there.

    `bedroom` tells which beds share a room: two beds of one home in the same bedroom do.
    """

    __tablename__ = "beds"
    __table_args__ = (
        sa.UniqueConstraint("hub_home_id", "label", name="uq_bed_label"),
        sa.UniqueConstraint("id", "hub_home_id", name="uq_bed_in_hub_home"),
        sa.CheckConstraint("ends_on >= starts_on", name="bed_ends_after_start"),
        sa.CheckConstraint(
            "(temporary_reason is null) = (added_by is null)"
            " and (temporary_reason is null or ends_on is not null)",
            name="bed_temporary_is_dated_and_signed",
        ),
        sa.CheckConstraint(
            in_words("temporary_reason", list(TemporaryBedReason)),
            name="bed_temporary_reason_known",
        ),
        sa.Index("ix_beds_constellation_id_id", "constellation_id", "id"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    hub_home_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hub_homes.id"))
    label: Mapped[str]
    bedroom: Mapped[str]
    temporary_reason: Mapped[str | None]
    added_by: Mapped[UUID | None] = mapped_column(sa.ForeignKey("accounts.id"))


class HubAbsence(HasId, Base):
    """Nights on which a hub home takes no guests: the hub carer's leave, and blocked nights."""

    __tablename__ = "hub_absences"
    __table_args__ = (
        sa.CheckConstraint("last_night >= first_night", name="hub_absence_ends_after_start"),
        sa.CheckConstraint(
            in_words("reason", list(AbsenceReason)), name="hub_absence_reason_known"
        ),
        sa.Index("ix_hub_absences_hub_home_id_last_night", "hub_home_id", "last_night"),
    )

    constellation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("constellations.id"))
    hub_home_id: Mapped[UUID] = mapped_column(sa.ForeignKey("hub_homes.id"))
    first_night: Mapped[date]
    last_night: Mapped[date]
    reason: Mapped[str]
    added_by: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


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


on_constraint(
    "uq_constellation_name", "name_taken", "There is a constellation of that name already."
)
on_constraint(
    "uq_hub_home_household",
    "hub_home_already",
    "This household's home is a hub home already. Appoint it by its hub_home_id.",
)
on_constraint(
    "uq_bed_label",
    "label_taken",
    "This hub home has or had another bed of that name. Please choose a new one.",
)
for _name in ("hub_appointment_overlaps", "uq_hub_appointment_open"):
    on_constraint(
        _name,
        "hub_home_serves_already",
        "Another hub home serves the constellation on some of these days. Please look at its "
        "appointments.",
    )
for _name in ("membership_overlaps", "uq_membership_open"):
    on_constraint(
        _name,
        "already_a_member",
        "This household belongs to a constellation on some of these days already.",
    )
# A membership holds for a day at least: nobody joins and leaves on the same one.
on_constraint(
    "ck_membership_ends_after_start",
    "joined_today",
    "This household joined its constellation only today. Please try again tomorrow.",
)
