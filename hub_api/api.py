"""Where the web framework is bent to our rules, once.

Every route says who may call it (`Blueprint.allow`), answers are JSON written by orjson straight
from rows, lists are paged by key, and one request is one transaction.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode
from uuid import UUID

import flask_smorest
import marshmallow as ma
import orjson
from flask import Flask, Response, current_app, g, request
from flask.json.provider import JSONProvider
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from hub_api import db, idempotency, openapi, throttles
from hub_api.access import PUBLIC, Permission
from hub_api.accounts import service as accounts
from hub_api.audit import service as audit
from hub_api.errors import Forbidden, StaleVersion, TooDeep, VersionRequired

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flask.typing import ResponseReturnValue
    from sqlalchemy.engine import Engine

    from hub_api.access import Actor
    from hub_api.reads import Page

View = Callable[..., Any]

# --- the app ---------------------------------------------------------------------------------


class OrjsonProvider(JSONProvider):
    """JSON by orjson: instants end in Z; ids and dates write themselves."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return write_json(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)


def write_json(content: Any) -> bytes:
    """JSON bytes. A row counts as an object of its columns."""
    return orjson.dumps(content, default=dict, option=orjson.OPT_UTC_Z)


class HubFlask(Flask):
    """Flask with one transaction around every view."""

    json_provider_class = OrjsonProvider
    engine: Engine

    def dispatch_request(self) -> ResponseReturnValue:
        with db.transaction(self.engine):
            try:
                return super().dispatch_request()
            except Forbidden:
                db.after_rollback(_audit_refusal)
                raise


def _audit_refusal() -> None:
    """Who was refused which permission, about what. Every 403 comes by here.

    Without a constellation, because nothing read for a refused request may be told on. A 404 leaves
    no row: somebody else's object and none at all are one and the same answer, most are honest
    slips, and whoever tries ids by the hundred is seen in the metrics by route and status.
    """
    view = current_app.view_functions[str(request.endpoint)]
    subjects = [value for value in (request.view_args or {}).values() if isinstance(value, UUID)]
    audit.record(
        str(openapi.marks(view)["permission"]),
        outcome="refused",
        actor_id=g.actor.account_id if "actor" in g else None,
        subject_id=subjects[0] if subjects else None,
    )


def current_actor() -> Actor:
    """Who the running request acts for."""
    return cast("Actor", g.actor)


# --- input -----------------------------------------------------------------------------------


class Parser(FlaskParser):
    """Request bodies by orjson: strict JSON, no NaN, no lone surrogates, no unknown fields.

    Of a name given twice the last counts, as RFC 8259 allows and every phone's library has it.
    """

    DEFAULT_UNKNOWN_BY_LOCATION: Mapping[str, str | None] = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": ma.RAISE,
    }

    def load_json(self, req: Any, schema: ma.Schema) -> Any:  # noqa: ARG002 - webargs' signature
        if not req.get_data():
            return {}  # nothing sent is nothing said: what is needed is missed by name
        if not req.is_json:
            raise UnsupportedMediaType
        try:
            content = orjson.loads(req.get_data())  # refuses 1,024 levels by itself
        except orjson.JSONDecodeError:
            raise BadRequest from None
        if _is_too_deep(content):
            raise TooDeep
        return content

    def load_querystring(self, req: Any, schema: ma.Schema) -> Any:
        twice = [name for name, given in req.args.lists() if len(given) > 1]
        if twice:  # which of them was meant?
            raise ma.ValidationError({name: ["Please give this once."] for name in twice})
        return super().load_querystring(req, schema)


DEEPEST = 20
"""Levels of lists and objects in a body (security.md, Edges)."""


def _is_too_deep(content: Any) -> bool:
    """Whether it has more levels than we take, looked at level by level: it never recurses."""
    level = [content]
    for _ in range(DEEPEST + 1):
        level = [outer for outer in level if isinstance(outer, dict | list)]
        if not level:
            return False
        level = [inner for outer in level for inner in _members(outer)]
    return True


def _members(outer: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return outer.values() if isinstance(outer, dict) else outer


# --- output ----------------------------------------------------------------------------------


def to_response(content: Any, status: int) -> Response:
    """An answer from what a view returned: nothing, a row with its ETag, or anything JSON."""
    if isinstance(content, Response):
        return content
    if content is None:
        return Response(status=204)
    body = write_json(content)
    response = Response(body, status=status, content_type="application/json")
    if "version" in content:
        # The version is what decisions are checked against. The rest tells whether anything shown
        # has changed: an age, a name or a part of the object changes without its version.
        shown = hashlib.blake2b(body, digest_size=8).hexdigest()
        tag = f"{content['version']}.{shown}"
        response.set_etag(tag)
        if request.method in {"GET", "HEAD"} and request.if_none_match.contains_weak(tag):
            response.status_code = 304
            response.set_data(b"")
    return response


def page_response(page: Page, **beside: Any) -> Response:
    """One page of a list, with the address of the next; `beside` is said of the list as a whole."""
    next_cursor = write_cursor(page.next_key) if page.next_key else None
    body = {"items": page.rows, "next_cursor": next_cursor, **beside}
    response = Response(write_json(body), content_type="application/json")
    if next_cursor:
        query = urlencode({**request.args.to_dict(), "cursor": next_cursor})
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return response


def write_cursor(key: UUID) -> str:
    """The opaque form of a page key."""
    return base64.urlsafe_b64encode(key.bytes).decode().rstrip("=")


def read_cursor(cursor: str) -> UUID:
    """The page key behind a cursor. Raises `ValueError` for anything we did not write."""
    key = UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    if write_cursor(key) != cursor:
        raise ValueError("not a cursor of ours")
    return key


class HubApi(flask_smorest.Api):
    """smorest's API without its own errors (ours: errors.py) and its own pages (operations)."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """Errors are answered by errors.py."""

    def _init_spec(self, **kwargs: Any) -> None:
        super()._init_spec(**kwargs)
        self.ma_plugin.converter.add_attribute_function(openapi.refer_to_words)

    def _register_responses(self) -> None:
        """Errors are described by openapi.py."""

    def _register_pagination_header(self) -> None:
        """Pages are described by `schemas.page_of`."""


# --- routes ----------------------------------------------------------------------------------


Reader = Callable[["Actor", UUID], Any]
"""Reads an object again, for a POST that was sent twice: a slice's `get_…`."""


def no_object(_actor: Actor, _object_id: UUID) -> None:
    """The `Reader` of a POST whose answer has no body."""


def _once(replay: Reader | None, work: Callable[[], Any], *, is_secret: bool) -> Any:
    key = request.headers.get("Idempotency-Key")
    if key is None or replay is None or request.args.get("dry_run") == "true":
        return work()  # what saves nothing has nothing to do twice
    sent = idempotency.Sent(request.method, request.full_path, request.get_data(), is_secret)
    return idempotency.once(current_actor(), key, sent, work=work, read=replay)


_READING = {"GET", "HEAD", "OPTIONS"}


class Blueprint(flask_smorest.Blueprint):
    """smorest's blueprint with our decorators. From the outside in, a view wears:

    `@blp.route`, `@blp.allow`, `@blp.refuses`, `@blp.if_match` on decisions, `@blp.arguments`,
    `@blp.response`.
    """

    ARGUMENTS_PARSER = Parser()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._prepare_doc_cbks.append(openapi.describe_operation)

    def allow(self, permission: Permission | str) -> Callable[[View], View]:
        """Say who may call this view: a permission, or PUBLIC. Checked before the body is read."""

        def decorator(view: View) -> View:
            @wraps(view)
            def guarded(*args: Any, **kwargs: Any) -> Any:
                if permission is not PUBLIC:
                    g.actor = accounts.authenticate(request.headers.get("Authorization", ""))
                    if not g.actor.may(permission):
                        raise Forbidden
                    if request.method not in _READING:
                        # Of one phone: a stolen one must not keep its owner from ending it.
                        throttles.take((throttles.writes(), str(g.actor.session_id)))
                    accounts.set_scope(g.actor)
                return view(*args, **kwargs)

            openapi.mark(guarded, permission=permission)
            # Whatever wraps this copies its marks but is not it: the guard must be outermost.
            guarded.hub_guard = guarded  # type: ignore[attr-defined]
            return guarded

        return decorator

    def counts_failures(self, limit: Callable[[], throttles.Limit]) -> Callable[[View], View]:
        """Count each try of a session before it is made; one that turns out well is taken back."""

        def decorator(view: View) -> View:
            @wraps(view)
            def counted(*args: Any, **kwargs: Any) -> Any:
                taken = limit(), str(current_actor().session_id)
                throttles.take(taken)
                answer = view(*args, **kwargs)
                throttles.give_back(taken)
                return answer

            return counted

        return decorator

    def if_match(self, view: View) -> View:
        """Give the view `seen_version`, the version its caller last saw; without one, 428."""

        @wraps(view)
        def versioned(*args: Any, **kwargs: Any) -> Any:
            return view(*args, seen_version=_seen_version(), **kwargs)

        return openapi.mark(versioned, if_match=True)

    def unversioned(self, view: View) -> View:
        """Let this PUT, PATCH or DELETE do without If-Match: say why in the view's comment."""
        return openapi.mark(view, unversioned=True)

    def refuses(
        self, *conflicts: str, not_found: bool = False, checks_login: bool = False
    ) -> Callable[[View], View]:
        """Document refusals the other decorators don't imply: the codes of 409s, a 404, a 401."""

        def decorator(view: View) -> View:
            before = openapi.marks(view).get("conflicts", ())
            found: dict[str, Any] = {"conflicts": (*before, *conflicts)}
            if not_found:
                found["not_found"] = True
            if checks_login:
                found["checks_login"] = True
            return openapi.mark(view, **found)

        return decorator

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        if "<" in rule:
            openapi.mark(view_func, not_found=True)
        super().add_url_rule(rule, endpoint, view_func, *args, **kwargs)

    def response(
        self,
        status_code: int,
        schema: Any = None,
        *,
        replay: Reader | None = None,
        secret: bool = False,
        **kwargs: Any,
    ) -> Callable[[View], View]:
        """Document the answer, and write what the view returns as JSON.

        smorest would dump it through the schema; rows already have its shape (tests hold the two
        together), and the dump is most of the cost of a read (performance.md). Every POST of
        somebody logged in gives `replay`, which reads the object again when an `Idempotency-Key`
        is sent a second time; `secret` says that its body must not be guessable from what is kept.
        """
        document = super().response(status_code, schema, **kwargs)

        def decorator(view: View) -> View:
            @wraps(view)
            def written(*args: Any, **kwargs: Any) -> Response:
                work = partial(view, *args, **kwargs)
                return to_response(_once(replay, work, is_secret=secret), status_code)

            return openapi.mark(document(written), **({"replay": replay} if replay else {}))

        return decorator


def _seen_version() -> int:
    seen = request.if_match
    if not seen or seen.star_tag:
        raise VersionRequired
    # Weak forms count: our tags are version numbers, so weak and strong say the same.
    tags = {*seen.as_set(include_weak=True)}
    tag = tags.pop() if len(tags) == 1 else None  # as an empty one is read
    version = (tag or "").partition(".")[0]
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise StaleVersion
    return int(version)
