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

_OWN_KIND_ONLY = frozenset({Role.PROGRAMME_MANAGER, Role.SYSTEM_ADMINISTRATOR})
"""Roles that only somebody who holds them gives and takes: neither makes itself the other."""


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """One's own account; for those who manage accounts, all of them."""
    return sa.or_(asking.is_account(Account.id), asking.manages_accounts())


def sessions_visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """Where one is logged in oneself; nobody sees where others are."""
    return sa.and_(asking.is_account(LoginSession.account_id), LoginSession.ended_at.is_(None))


def can_manage(actor: Actor, account_id: UUID, roles: Collection[Role]) -> bool:
    """Anybody but oneself, and but those whose roles one could not give: an invitation is a login.

    Nobody gives themselves a role, and nobody shuts themselves out.
    """
    return account_id != actor.account_id and all(can_grant(actor, role) for role in roles)


def can_grant(actor: Actor, role: Role) -> bool:
    """Any role but those that only their holders give."""
    return role not in _OWN_KIND_ONLY or any(grant.role is role for grant in actor.grants)
