"""What is over by today in the table's world."""

from uuid import UUID

import sqlalchemy as sa

from hub_api import clock

_ROLES_END = """
    update role_grants set starts_on = starts_on - 30, ends_on = :today where account_id = :account
"""
_MEMBERSHIP_ENDS = """
    update memberships set ends_on = :today
     where household_id = (select household_id from role_grants where account_id = :account)
"""
_SESSION_ENDS = """
    update sessions set ended_at = :now, end_reason = 'logout' where account_id = :account
"""
ENDINGS = [
    (_ROLES_END, "ended"),
    (_MEMBERSHIP_ENDS, "moved_away"),
    (_SESSION_ENDS, "logged_out"),
    ("update sessions set expires_at = :now where account_id = :account", "expired"),
    ("update accounts set is_active = false where id = :account", "deactivated"),
]
"""What happens to some of them once everything is there: by today it is over."""


def end_what_is_over(owner: sa.Engine, people: dict[str, UUID | None]) -> None:
    """Have it end."""
    with owner.begin() as connection:
        for statement, who in ENDINGS:
            connection.execute(
                sa.text(statement),
                {"account": people[who], "today": clock.london_today(), "now": clock.now()},
            )
