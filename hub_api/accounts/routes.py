"""Logging in and out, who I am, and managing accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from hub_api.access import PUBLIC, Permission
from hub_api.accounts import invites, service, sessions
from hub_api.accounts.schemas import (
    AccountIn,
    AccountSchema,
    ActivateIn,
    EndRoleIn,
    InvitedAccountSchema,
    InviteIn,
    LoginIn,
    MeIn,
    MeSchema,
    PasswordIn,
    RefreshIn,
    RoleIn,
    SessionSchema,
    TokenPairSchema,
)
from hub_api.api import Blueprint, current_actor, no_object, page_response
from hub_api.schemas import PageIn, page_of

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from hub_api.reads import PageArgs

blp = Blueprint("accounts", __name__, description="Logging in, who I am, and accounts.")

_ACCOUNT = "/accounts/<uuid:account_id>"
_ROLE = {"role": "hub_carer", "constellation_id": "01920000-0000-7000-8000-000000000003"}


def _where_from() -> dict[str, str]:
    return {"device": request.user_agent.string, "address": request.remote_addr or ""}


# --- logging in ------------------------------------------------------------------------------


@blp.route("/auth/login", methods=["POST"])
@blp.allow(PUBLIC)
@blp.refuses(checks_login=True)
@blp.arguments(LoginIn(), example={"email": "jo@example.org", "password": "correct horse"})
@blp.response(200, TokenPairSchema)
def log_in(body: dict[str, str]) -> Any:
    """Log in with e-mail address and password."""
    return sessions.log_in(**body, **_where_from())


@blp.route("/auth/activate", methods=["POST"])
@blp.allow(PUBLIC)
@blp.refuses(checks_login=True)
@blp.arguments(
    ActivateIn(),
    example={"code": "K7D2M-4QX3A-…", "password": "kettle garden window"},
)
@blp.response(200, TokenPairSchema)
def activate_account(body: dict[str, str]) -> Any:
    """Answer an invitation: set a password and log in."""
    return invites.activate(**body, **_where_from())


@blp.route("/auth/refresh", methods=["POST"])
@blp.allow(PUBLIC)
@blp.refuses(checks_login=True)
@blp.arguments(RefreshIn(), example={"refresh_token": "9pJ…"})
@blp.response(200, TokenPairSchema)
def refresh_tokens(body: dict[str, str]) -> Any:
    """Exchange a refresh token for a new pair of tokens."""
    return sessions.refresh(**body)


@blp.route("/auth/logout", methods=["POST"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.response(204, replay=no_object)
def log_out() -> None:
    """Log out: this session's tokens stop working at once."""
    sessions.log_out(current_actor())


@blp.route("/auth/sessions", methods=["GET"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(SessionSchema))
def list_sessions(page: PageArgs) -> Any:
    """List the phones and browsers I am logged in on."""
    return page_response(sessions.list_sessions(current_actor(), page))


# Nobody who has lost a phone should have to say which version of it they saw.
@blp.route("/auth/sessions/<uuid:session_id>", methods=["DELETE"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.unversioned
@blp.response(204)
def revoke_session(session_id: UUID) -> None:
    """Log a phone or browser of mine out."""
    sessions.revoke_session(current_actor(), session_id)


@blp.route("/auth/password", methods=["POST"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.counts_failures(lambda: sessions.attempts("password"))
@blp.arguments(
    PasswordIn(),
    example={"current_password": "correct horse", "new_password": "kettle garden window"},
)
@blp.response(204, replay=no_object, secret=True)
def change_password(body: dict[str, str]) -> None:
    """Change my password; everywhere else I am logged out."""
    invites.change_password(current_actor(), **body)


# --- me --------------------------------------------------------------------------------------


@blp.route("/me", methods=["GET"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.response(200, MeSchema)
def get_me() -> Any:
    """Show who I am and the roles I hold today."""
    return service.get_own_account(current_actor())


@blp.route("/me", methods=["PATCH"])
@blp.allow(Permission.OWN_ACCOUNT)
@blp.if_match
@blp.arguments(MeIn(), example={"display_name": "Maureen Whitlock"})
@blp.response(200, MeSchema)
def change_me(body: dict[str, str], seen_version: int) -> Any:
    """Change the name others see."""
    return service.change_own_account(current_actor(), seen_version, **body)


# --- managing accounts -----------------------------------------------------------------------


@blp.route("/accounts", methods=["GET"])
@blp.allow(Permission.ACCOUNT_MANAGE)
@blp.arguments(PageIn(), location="query")
@blp.response(200, page_of(AccountSchema))
def list_accounts(page: PageArgs) -> Any:
    """List all accounts, newest first."""
    return page_response(service.list_accounts(current_actor(), page))


@blp.route("/accounts", methods=["POST"])
@blp.allow(Permission.ACCOUNT_MANAGE)
@blp.refuses("email_taken", "no_such_place", "wrong_place")
@blp.arguments(
    InviteIn(),
    example={"email": "jo@example.org", "display_name": "Jo Bloggs", "roles": [_ROLE]},
)
@blp.response(201, InvitedAccountSchema, replay=service.get_invited_account)
def invite_account(body: dict[str, Any]) -> Any:
    """Add somebody with their roles, and invite them to set a password."""
    return service.invite_account(current_actor(), **body)


@blp.route(_ACCOUNT, methods=["GET"])
@blp.allow(Permission.ACCOUNT_MANAGE)
@blp.response(200, AccountSchema)
def get_account(account_id: UUID) -> Any:
    """Show an account with its roles."""
    return service.get_account(current_actor(), account_id)


@blp.route(_ACCOUNT, methods=["PATCH"])
@blp.allow(Permission.ACCOUNT_MANAGE)
@blp.refuses("email_taken")
@blp.if_match
@blp.arguments(AccountIn(), example={"display_name": "Jo Bloggs"})
@blp.response(200, AccountSchema)
def change_account(body: dict[str, str], account_id: UUID, seen_version: int) -> Any:
    """Change somebody's name or e-mail address."""
    return service.change_account(current_actor(), account_id, seen_version, body)


@blp.route(f"{_ACCOUNT}/invite", methods=["POST"])
@blp.allow(Permission.ACCOUNT_MANAGE)
@blp.refuses("wrong_state")
@blp.if_match
@blp.response(200, InvitedAccountSchema, replay=service.get_invited_account)
def invite_account_again(account_id: UUID, seen_version: int) -> Any:
    """Invite somebody again, whose invitation ran out or who forgot their password."""
    return service.invite_again(current_actor(), account_id, seen_version)


@blp.route(f"{_ACCOUNT}/close", methods=["POST"])
@blp.allow(Permission.ACCOUNT_MANAGE)
@blp.refuses("wrong_state")
@blp.if_match
@blp.response(200, AccountSchema, replay=service.get_account)
def close_account(account_id: UUID, seen_version: int) -> Any:
    """Close an account: nobody logs in with it any more, and whoever is logged in is out."""
    return service.close_account(current_actor(), account_id, seen_version)


@blp.route(f"{_ACCOUNT}/reopen", methods=["POST"])
@blp.allow(Permission.ACCOUNT_MANAGE)
@blp.refuses("wrong_state")
@blp.if_match
@blp.response(200, AccountSchema, replay=service.get_account)
def reopen_account(account_id: UUID, seen_version: int) -> Any:
    """Reopen a closed account."""
    return service.reopen_account(current_actor(), account_id, seen_version)


# A lost phone can't wait for anybody to look at the account again first.
@blp.route(f"{_ACCOUNT}/log-out", methods=["POST"])
@blp.allow(Permission.ACCOUNT_MANAGE)
@blp.unversioned
@blp.response(204, replay=no_object)
def log_account_out(account_id: UUID) -> None:
    """Log somebody out everywhere."""
    service.log_out_everywhere(current_actor(), account_id)


@blp.route(f"{_ACCOUNT}/roles", methods=["POST"])
@blp.allow(Permission.ACCOUNT_MANAGE)
@blp.refuses("no_such_place", "wrong_place")
@blp.if_match
@blp.arguments(RoleIn(), example=_ROLE)
@blp.response(200, AccountSchema, replay=service.get_account)
def give_role(body: service.RoleIn, account_id: UUID, seen_version: int) -> Any:
    """Give somebody one more role."""
    return service.give_role(current_actor(), account_id, seen_version, body)


@blp.route("/roles/<uuid:role_id>/end", methods=["POST"])
@blp.allow(Permission.ACCOUNT_MANAGE)
@blp.refuses("wrong_state", "ends_too_early")
@blp.if_match
@blp.arguments(EndRoleIn(), example={"ends_on": "2026-12-31"})
@blp.response(200, AccountSchema, replay=service.get_account)
def end_role(body: dict[str, date | None], role_id: UUID, seen_version: int) -> Any:
    """End somebody's role. If-Match is the ETag of their account."""
    return service.end_role(current_actor(), role_id, seen_version, **body)
