"""Accounts and their roles."""

from uuid import UUID

from uuid_utils.compat import uuid7

from hub_api import clock, db
from hub_api.access import Role
from hub_api.accounts import service
from hub_api.accounts.models import Account
from hub_api.accounts.passwords import hash_password

PASSWORD = "kettle-garden-window"
_HASH = hash_password(PASSWORD)  # once: hashing is slow on purpose


def make_account(role: Role | None = None, **scope: UUID) -> Account:
    """Somebody who can log in with `PASSWORD`, with a role since long ago."""
    name = f"person-{uuid7().hex[-12:]}"
    account = Account(email=f"{name}@test.example", display_name=name, password_hash=_HASH)
    db.session().add(account)
    db.session().flush()
    if role is not None:
        service.grant_role(account.id, role, starts_on=clock.london_today(), **scope)
    return account
