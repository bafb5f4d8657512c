"""Who sees which account: one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.accounts.models import Account

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from hub_api.access import Actor


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The actor's own account."""
    return Account.id == actor.account_id
