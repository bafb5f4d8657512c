"""Who sees which account: one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.accounts.models import Account

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from hub_api.reads import Asking


def visible_to(asking: Asking) -> ColumnElement[bool]:
    """The actor's own account."""
    return asking.is_account(Account.id)
