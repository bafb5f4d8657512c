"""The API's own documentation: the OpenAPI document, and a page to browse it from local files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import flask_swagger_ui
from flask import Blueprint, Response, current_app, render_template, send_from_directory

from hub_api import openapi
from hub_api.access import PUBLIC
from hub_api.api import write_json

if TYPE_CHECKING:
    from collections.abc import Callable

blp = Blueprint("docs", __name__, template_folder="templates")

_ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Swagger UI styles its elements inline; scripts come from us alone."""


def _public(view: Callable[..., Response]) -> Callable[..., Response]:
    return openapi.mark(view, permission=PUBLIC)


@blp.get("/api/v1/openapi.json")
@_public
def openapi_document() -> Response:
    """The OpenAPI 3.1 document of this very server."""
    api = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    return Response(write_json(api.spec.to_dict()), content_type="application/json")


@blp.get("/docs")
@_public
def docs_page() -> Response:
    """Browse and try the API."""
    page = Response(render_template("docs.html"), content_type="text/html; charset=utf-8")
    page.headers["Content-Security-Policy"] = PAGE_POLICY
    return page


@blp.get("/docs/start.js")
@_public
def docs_script() -> Response:
    """Point Swagger UI at our document."""
    return Response(render_template("start.js"), content_type="text/javascript; charset=utf-8")


@blp.get("/docs/assets/<path:name>")
@_public
def docs_asset(name: str) -> Response:
    """A file of Swagger UI, from this machine."""
    asset = send_from_directory(_ASSETS, name, max_age=3600)
    asset.headers["Content-Security-Policy"] = PAGE_POLICY
    return asset
