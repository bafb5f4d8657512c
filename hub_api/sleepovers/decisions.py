"""The words for what can be decided about a stay, for this slice and those above it."""

from __future__ import annotations

from enum import StrEnum


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
