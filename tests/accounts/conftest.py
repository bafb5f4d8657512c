"""Being somebody at the door: logging in, and asking with a token in hand."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from tests.factories.accounts import PASSWORD


@pytest.fixture
def log_in(world, rows) -> Callable[..., Any]:
    """Send a person's e-mail address with a password."""

    def send(account_id: UUID, password: str = PASSWORD) -> Any:
        ((email,),) = rows("select email from accounts where id = :id", id=account_id)
        return world.phone().post("/auth/login", {"email": email, "password": password})

    return send


@pytest.fixture
def refresh(world) -> Callable[..., Any]:
    """Send a refresh token."""

    def send(refresh_token: str) -> Any:
        return world.phone().post("/auth/refresh", {"refresh_token": refresh_token})

    return send


@pytest.fixture
def status_with(world) -> Callable[[str], int]:
    """The status of asking who I am with this access token."""

    def ask(access_token: str) -> int:
        return world.phone().get("/me", Authorization=f"Bearer {access_token}").status_code

    return ask


@pytest.fixture
def change(owner) -> Callable[..., None]:
    """Change the database as its owner: `change("update …", name=value)`."""

    def execute(statement: str, **values: Any) -> None:
        with owner.begin() as connection:
            changed = connection.execute(sa.text(statement), values).rowcount
        assert changed, "nothing was changed"

    return execute
