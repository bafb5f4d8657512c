"""What can go wrong, said once: every refusal becomes an RFC 9457 problem+json.

`detail` is written for a tired carer. No stack trace, SQL, or other people's data ever leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import structlog
from flask import Response
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from hub_api.logs import frames
from hub_api.request_id import request_id

if TYPE_CHECKING:
    from flask import Flask

log = structlog.get_logger(__name__)


class HubError(Exception):
    """A refusal: a status, a stable `code`, a sentence. Extra members go into the problem."""

    status = 500
    code = "internal_error"
    title = "Something went wrong"
    detail = "Something went wrong on our side. Please try again in a moment."

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        self.detail = detail or self.detail
        self.code = code or self.code
        self.headers = headers or {}
        self.members = members
        super().__init__(f"{self.status} {self.code}")


class TooDeep(HubError):
    status = 400
    code = "too_deep"
    title = "Too deeply nested"
    detail = "We couldn't read that: its lists and objects lie more than 20 levels deep."


class Unauthenticated(HubError):
    status = 401
    code = "not_logged_in"
    title = "Please log in"
    detail = "Please log in again to carry on."

    def __init__(self, detail: str | None = None, *, code: str | None = None) -> None:
        super().__init__(detail, code=code, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(HubError):
    status = 403
    code = "not_allowed"
    title = "Not allowed"
    # Said to carers and to liaison workers alike: everybody was invited by somebody.
    detail = (
        "Your account can't do this. If you think it should, please ask the person who invited you "
        "to the hub."
    )


class NotFound(HubError):
    """Not there, or not yours: the two must not be told apart."""

    status = 404
    code = "not_found"
    title = "Not found"
    detail = "We can't find that, or it isn't shared with you."


class Conflict(HubError):
    status = 409
    code = "conflict"
    title = "That isn't possible now"
    detail = "Something changed in the meantime. Please look again."


class StaleVersion(HubError):
    status = 412
    code = "changed_meanwhile"
    title = "Changed meanwhile"
    detail = "Somebody changed this after you opened it. Please look again before deciding."


class VersionRequired(HubError):
    status = 428
    code = "version_required"
    title = "Which version did you see?"
    detail = "Send If-Match with the ETag you last saw, so that nobody's change is overwritten."


class Invalid(HubError):
    status = 422
    code = "invalid"
    title = "Please check what you entered"
    detail = "Some of this isn't quite right. Each field says what it needs."


class AppTooOld(HubError):
    status = 426
    code = "app_too_old"
    title = "Please update the app"
    detail = (
        "This version of the app is too old to work safely. Please update it, then open it again."
    )


class TooManyRequests(HubError):
    """Refused by a throttle; `seconds` until there is room again."""

    status = 429
    code = "too_many_requests"
    title = "Please wait a little"

    def __init__(self, seconds: int, *, limit: str) -> None:
        self.limit = limit
        wait = "a few seconds" if seconds <= 5 else f"{seconds} seconds"
        super().__init__(
            f"That was a few tries too many. Please wait {wait} and try again; nothing was lost.",
            headers={"Retry-After": str(seconds)},
        )


class Busy(HubError):
    status = 503
    code = "busy"
    title = "Busy"
    detail = "The hub is very busy. Nothing was saved; please try again in a moment."

    def __init__(self, detail: str | None = None, *, code: str | None = None) -> None:
        super().__init__(detail, code=code, headers={"Retry-After": "2"})


class DatabaseDown(Busy):
    code = "database_unreachable"
    title = "Not available"
    detail = "The hub can't reach its records just now. Nothing was saved; please try again soon."


_HTTP_DETAILS = {
    400: ("bad_request", "We couldn't read that. It needs to be valid JSON."),
    404: (NotFound.code, NotFound.detail),
    405: ("method_not_allowed", "That address doesn't take this kind of request."),
    413: ("too_large", "That is too much to send at once."),
    415: ("wrong_media_type", "Please send JSON, with Content-Type: application/json."),
    422: (Invalid.code, Invalid.detail),
}

_constraints: dict[str, tuple[str, str]] = {}


def on_constraint(name: str, code: str, detail: str) -> None:
    """Say what breaking a named database constraint means to a person: a 409 with this code.

    Each slice declares its own beside its models; an undeclared one is a bug and answers 500.
    """
    _constraints[name] = (code, detail)


def constraint_name(error: IntegrityError) -> str | None:
    """The database's own name for the rule that was broken."""
    original = error.orig
    return original.diag.constraint_name if isinstance(original, pg.Error) else None


def problem(error: HubError) -> Response:
    """The answer for a refusal."""
    body = {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "instance": request_id(),
        **error.members,
    }
    return Response(
        orjson.dumps(body, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS),
        status=error.status,
        headers=error.headers,
        content_type="application/problem+json",
    )


def init_app(app: Flask) -> None:
    """Answer every error of the app as problem+json."""
    app.register_error_handler(HubError, problem)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(IntegrityError, _integrity_problem)
    app.register_error_handler(StaleDataError, _stale_problem)
    app.register_error_handler(DBAPIError, _database_problem)
    app.register_error_handler(PoolTimeout, lambda _: problem(Busy()))
    app.register_error_handler(Exception, _unexpected_problem)


def _http_problem(error: HTTPException) -> Response:
    status = error.code or 500
    refusal = HubError()
    refusal.status = status
    refusal.title = error.name
    refusal.code, refusal.detail = _HTTP_DETAILS.get(
        status, ("http_error", "The hub can't answer that request.")
    )
    data = getattr(error, "data", None) or {}
    if "messages" in data:
        refusal.title = Invalid.title
        refusal.members = {"errors": _by_field(data["messages"])}
    refusal.headers = {
        name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}
    }
    return problem(refusal)


def _by_field(messages: dict[str, Any]) -> Any:
    """webargs groups by location (`json`, `query`); a client cares about the field."""
    fields: dict[str, Any] = {}
    for found in messages.values():
        fields.update(found if isinstance(found, dict) else {"body": found})
    return fields


def _stale_problem(_error: StaleDataError) -> Response:
    return problem(StaleVersion())


def _integrity_problem(error: IntegrityError) -> Response:
    name = constraint_name(error)
    if name not in _constraints:
        log.error("undeclared_constraint", constraint=name)
        return problem(HubError())
    code, detail = _constraints[name]
    return problem(Conflict(detail, code=code))


def _database_problem(error: DBAPIError) -> Response:
    original = error.orig
    log.warning("database_refused", error=type(original).__name__)
    if isinstance(original, pg.LockNotAvailable | pg.QueryCanceled | pg.DeadlockDetected):
        return problem(Busy())
    if error.connection_invalidated or isinstance(original, pg.OperationalError):
        return problem(DatabaseDown())
    return problem(HubError())


def _unexpected_problem(error: Exception) -> Response:
    log.error("unexpected_error", error=type(error).__name__, where=frames(error))
    return problem(HubError())
