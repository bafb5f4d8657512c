"""Health, readiness and metrics: outside `/api/v1`, for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Blueprint, Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST

from hub_api import openapi, settings
from hub_api.access import PUBLIC
from hub_api.api import write_json
from hub_api.operations import metrics, service

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Engine

    from hub_api.api import HubFlask

blp = Blueprint("operations", __name__)


def _public(view: Callable[[], Response]) -> Callable[[], Response]:
    return openapi.mark(view, permission=PUBLIC)


@blp.get("/healthz")
@_public
def healthz() -> Response:
    """Alive: answers without the database."""
    return _json({"status": "ok"}, 200)


@blp.get("/readyz")
@_public
def readyz() -> Response:
    """Fit to serve: database, migrations, jobs, deliveries; and how the channels do."""
    found = service.readiness(_engine(), settings.current().channels)
    status = "ready" if found.is_ready else "not_ready"
    body = {"status": status, "checks": found.parts, "channels": found.channels}
    return _json(body, 200 if found.is_ready else 503)


@blp.get("/metrics")
@_public
def show_metrics() -> Response:
    """Figures for Prometheus. Keep it inside your network (docs/operator.md)."""
    figures = service.figures(_engine())
    return Response(metrics.exposition(figures), content_type=CONTENT_TYPE_LATEST)


def _engine() -> Engine:
    return cast("HubFlask", current_app).engine


def _json(body: object, status: int) -> Response:
    return Response(write_json(body), status=status, content_type="application/json")
