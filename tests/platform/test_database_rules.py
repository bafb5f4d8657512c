"""What every connection and every password hash is held to (security.md, Edges; Who are you)."""

import pytest
import sqlalchemy as sa

from hub_api.accounts.passwords import _at_once, hash_password
from hub_api.settings import Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("statement_timeout", "5s"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("TimeZone", "UTC"),
        ("search_path", "public, jobs"),
    ],
)
def test_a_connection_of_the_api_gives_up_in_time(app, name, value):
    with app.engine.connect() as connection:
        found = connection.scalar(sa.text("select current_setting(:name)"), {"name": name})
    assert found.replace(" ", "") == value.replace(" ", "")


def test_a_password_costs_what_it_should():
    assert hash_password("three random words").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert _at_once._initial_value == 4


def test_a_phone_that_is_silent_for_a_month_is_logged_out():
    assert Settings().session_lifetime.days == 30
    assert Settings().access_token_lifetime.total_seconds() == 600
