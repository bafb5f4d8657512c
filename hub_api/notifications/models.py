"""Notifications: one row per person told."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from hub_api import clock
from hub_api.db import Base, HasId, in_words
from hub_api.notifications.categories import Category


class Notification(HasId, Base):
    """Something one person should know: a category and the id of what it is about."""

    __tablename__ = "notifications"
    __table_args__ = (
        sa.CheckConstraint(
            in_words("category", list(Category)), name="notification_category_known"
        ),
        sa.Index("ix_notifications_account_id_id", "account_id", "id"),
        sa.Index("ix_notifications_not_ready", "id", postgresql_where=sa.text("ready_at is null")),
    )

    account_id: Mapped[UUID] = mapped_column(sa.ForeignKey("accounts.id"))
    category: Mapped[str]
    subject_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    ready_at: Mapped[datetime | None]
    """When the worker made it ready for delivery."""
