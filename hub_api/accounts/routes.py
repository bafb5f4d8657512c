"""Logging in and out, and who I am."""

from __future__ import annotations

from typing import Any

from hub_api.access import PUBLIC, Permission
from hub_api.accounts import service
from hub_api.accounts.schemas import LoginIn, MeSchema, RefreshIn, TokenPairSchema
from hub_api.api import Blueprint, current_actor, no_object

blp = Blueprint("accounts", __name__, description="Logging in, and who I am.")


@blp.route("/auth/login", methods=["POST"])
@blp.allow(PUBLIC)
@blp.refuses(checks_login=True)
@blp.arguments(LoginIn(), example={"email": "jo@example.org", "password": "correct horse"})
@blp.response(200, TokenPairSchema)
def log_in(body: dict[str, str]) -> Any:
    """Log in with e-mail address and password."""
    return service.log_in(**body)


@blp.route("/auth/refresh", methods=["POST"])
@blp.allow(PUBLIC)
@blp.refuses(checks_login=True)
@blp.arguments(RefreshIn(), example={"refresh_token": "9pJ…"})
@blp.response(200, TokenPairSchema)
def refresh_tokens(body: dict[str, str]) -> Any:
    """Exchange a refresh token for a new pair of tokens."""
    return service.refresh(**body)


@blp.route("/auth/logout", methods=["POST"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.response(204, replay=no_object)
def log_out() -> None:
    """Log out: this session's tokens stop working at once."""
    service.log_out(current_actor())


@blp.route("/me", methods=["GET"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.response(200, MeSchema)
def get_me() -> Any:
    """Show who I am and the roles I hold today."""
    return service.get_own_account(current_actor())
