"""Who sees which account and session, and who manages whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import Role
from hub_api.accounts.models import Account, LoginSession

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from hub_api.access import Actor
    from hub_api.reads import Asking

_GIVER = {Role.SYSTEM_ADMINISTRATOR: Role.SYSTEM_ADMINISTRATOR}
"""Who gives and ends a role, and invites its holders anew; every other role, a programme manager.

So a system administrator, who sees no child's record, makes nobody who does: an invitation is a
login, and whoever sends it holds the code.
"""


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """One's own account; for those who manage accounts, all of them."""
    return sa.or_(asking.is_account(Account.id), asking.manages_accounts())


def sessions_visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """Where one is logged in oneself; nobody sees where others are."""
    return sa.and_(asking.is_account(LoginSession.account_id), LoginSession.ended_at.is_(None))


def can_close(actor: Actor, account_id: UUID) -> bool:
    """Anybody but oneself."""
    return account_id != actor.account_id


def can_manage(actor: Actor, account_id: UUID, roles: Collection[Role]) -> bool:
    """Anybody but oneself, whose roles one could give as well."""
    return account_id != actor.account_id and all(can_grant(actor, role) for role in roles)


def can_grant(actor: Actor, role: Role) -> bool:
    """Whether this person gives such roles."""
    giver = _GIVER.get(role, Role.PROGRAMME_MANAGER)
    return any(grant.role is giver for grant in actor.grants)
