"""The edges of every request: its id, its size, its headers, its log line and its figures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog
from flask import g, request

from hub_api import request_id
from hub_api.operations import metrics

if TYPE_CHECKING:
    from flask import Flask, Response

log = structlog.get_logger(__name__)

LARGEST_BODY = 64 * 1024

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def init_app(app: Flask) -> None:
    """Wrap every request."""
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    g.began = time.perf_counter()
    request_id.begin(request.headers.get("X-Request-ID"))


def _finish(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-ID"] = request_id.request_id()
    seconds = time.perf_counter() - g.began
    # The template, not the address: an address names a child's record.
    route = request.url_rule.rule if request.url_rule else "unknown"
    method = request.method if request.method in _METHODS else "other"
    metrics.REQUESTS.labels(method, route, response.status_code).inc()
    metrics.SECONDS.labels(method, route).observe(seconds)
    log.info(
        "request",
        method=method,
        route=route,
        status=response.status_code,
        ms=round(seconds * 1000, 1),
        actor=str(g.actor.account_id) if "actor" in g else None,
    )
    return response


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
