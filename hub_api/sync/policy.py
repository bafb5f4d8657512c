"""Who sees that something has changed: those it is addressed to (`audiences.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from hub_api.access import OVERSEEING, Role
from hub_api.sync.audiences import Audience
from hub_api.sync.models import SyncEntry

if TYPE_CHECKING:
    from hub_api.reads import Asking


def visible_to(asking: Asking) -> sa.ColumnElement[bool]:
    """What is addressed to the actor by account, household, or role in a constellation, and is
    not hidden from them."""
    audience, address = SyncEntry.audience, SyncEntry.address
    addressed = sa.or_(
        sa.and_(audience == Audience.ACCOUNT, asking.is_account(address)),
        sa.and_(audience == Audience.HOUSEHOLD, asking.is_carer_of(address)),
        sa.and_(audience == Audience.EVERYBODY, asking.holds(address)),
        sa.and_(audience == Audience.OVERSEERS, asking.holds(address, *OVERSEEING)),
        *(
            sa.and_(audience == role, asking.holds(address, role, Role.PROGRAMME_MANAGER))
            for role in OVERSEEING
        ),
    )
    return sa.and_(addressed, asking.is_not_kept_from(SyncEntry.hidden_from))
