"""The OpenAPI document: what our decorators promise, written into each operation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import marshmallow as ma

from hub_api.access import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import StrEnum

PROBLEM_MEDIA_TYPE = "application/problem+json"

_ERRORS = {
    "400": "Not JSON.",
    "401": "No valid login.",
    "403": "Logged in, but not allowed.",
    "404": "Not there, or not shared with you.",
    "409": "Not possible now: wrong state, or taken.",
    "412": "Changed since you last saw it.",
    "413": "Too much at once.",
    "415": "Not sent as JSON.",
    "422": "The shape of the input is wrong.",
    "426": "The app is too old; please update it.",
    "428": "If-Match is missing.",
    "429": "Too many at once. Try again after `Retry-After`.",
    "503": "Busy or without its database; nothing was saved. Try again after `Retry-After`.",
}


class Problem(ma.Schema):
    """RFC 9457 problem details, with our stable `code`."""

    type = ma.fields.String(required=True, metadata={"description": "`/problems/<code>`"})
    title = ma.fields.String(required=True)
    status = ma.fields.Integer(required=True)
    detail = ma.fields.String(
        required=True, metadata={"description": "For the person, in plain words."}
    )
    code = ma.fields.String(required=True, metadata={"description": "Stable; for the program."})
    instance = ma.fields.String(required=True, metadata={"description": "The request id."})
    errors = ma.fields.Dict(metadata={"description": "422: field → messages."})
    nights = ma.fields.List(
        ma.fields.Date(), metadata={"description": "409: the nights in the way."}
    )
    checks = ma.fields.List(
        ma.fields.Dict(), metadata={"description": "409: the checks in the way."}
    )
    state = ma.fields.String(metadata={"description": "409: the state it is in."})
    record_id = ma.fields.UUID(
        metadata={"description": "409: the record in the way, to correct if it is wrong."}
    )
    minimum_version = ma.fields.String(
        metadata={"description": "426: the oldest version of the app that still works."}
    )


class Words(ma.validate.OneOf):
    """One word of an enum, which the document knows by its name."""

    def __init__(self, words: type[StrEnum], error: str) -> None:
        self.words = words
        super().__init__([str(word) for word in words], error=error)


def refer_to_words(
    converter: Any, field: ma.fields.Field[Any], *, ret: dict[str, Any], **_: Any
) -> dict[str, Any]:
    """Write an enum once and refer to it: a generated client then has one type with its name."""
    words = next((found.words for found in field.validators if isinstance(found, Words)), None)
    if words is None:
        return {}
    components = converter.spec.components
    if words.__name__ not in components.schemas:
        components.schema(words.__name__, {"type": "string", "enum": [str(w) for w in words]})
    del ret["type"], ret["enum"]
    reference = {"$ref": f"#/components/schemas/{words.__name__}"}
    return {"anyOf": [reference, {"type": "null"}]} if field.allow_none else reference


def mark(view: Callable[..., Any], **found: Any) -> Callable[..., Any]:
    """Note a promise on a view, for the document and for the checks at start-up."""
    view.hub_marks = {**marks(view), **found}  # type: ignore[attr-defined]
    documented = dict(getattr(view, "_apidoc", {}))
    documented["hub"] = {**view.hub_marks, "operation_id": operation_id(view)}  # type: ignore[attr-defined]
    view._apidoc = documented  # type: ignore[attr-defined]
    return view


def marks(view: Callable[..., Any]) -> dict[str, Any]:
    """The promises noted on a view."""
    return dict(getattr(view, "hub_marks", {}))


def operation_id(view: Callable[..., Any]) -> str:
    """The name of a view's function, as camelCase."""
    first, *rest = view.__name__.split("_")
    return first + "".join(word.capitalize() for word in rest)


def describe_operation(
    doc: dict[str, Any], doc_info: dict[str, Any], *, method: str, **_: Any
) -> dict[str, Any]:
    """Complete one operation: its id, its security, If-Match, and every error it can give."""
    promised = doc_info.get("hub", {})
    doc["operationId"] = promised["operation_id"]
    # What a docstring says after its first line: smorest would put it in place of the permission.
    said = [text] if (text := doc_info["docstring"].pop("description", None)) else []
    if promised["permission"] == PUBLIC:
        doc["security"] = []
    else:
        said.append(f"Needs the permission `{promised['permission']}`.")
    if said:
        doc["description"] = "\n\n".join(said)
    if promised.get("if_match"):
        doc.setdefault("parameters", []).append("IfMatch")
    if promised.get("replay"):
        doc.setdefault("parameters", []).append("IdempotencyKey")
    responses = {
        str(int(status)): answer
        for status, answer in doc.get("responses", {}).items()
        if int(status) < 400
    }
    _document_versions(responses, method)
    for status in sorted(_errors_of(doc, promised, method)):
        codes = promised.get("conflicts", ()) if status == "409" else ()
        if status == "409" and promised.get("replay"):
            codes = (*codes, "still_working")
        responses[status] = _error(_ERRORS[status], codes)
    doc["responses"] = responses
    return doc


def _errors_of(doc: dict[str, Any], promised: dict[str, Any], method: str) -> set[str]:
    changes = method != "get" and promised["permission"] != PUBLIC
    parameters = doc.get("parameters", [])
    found = {
        "426 503": True,
        "429": promised.get("checks_login") or promised.get("throttled") or changes,
        "401 403": promised["permission"] != PUBLIC,
        "401": promised.get("checks_login"),
        "404": promised.get("not_found"),
        "409": promised.get("conflicts"),
        "412 428": promised.get("if_match"),
        "409 413 422": promised.get("replay"),  # the body is part of what is sent twice
        "400 413 415 422": "requestBody" in doc,
        "422": any(isinstance(parameter, dict) for parameter in parameters),
    }
    return {status for statuses, given in found.items() if given for status in statuses.split()}


def _error(description: str, codes: tuple[str, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {"$ref": "#/components/schemas/Problem"}
    if codes:
        description += " Codes: " + ", ".join(f"`{code}`" for code in codes) + "."
        schema = {"allOf": [schema], "properties": {"code": {"enum": sorted(codes)}}}
    return {"description": description, "content": {PROBLEM_MEDIA_TYPE: {"schema": schema}}}


def _document_versions(responses: dict[str, Any], method: str) -> None:
    """An answer with a version carries it as its ETag, and a read of it can be a 304."""
    for status in ("200", "201"):
        content = responses.get(status, {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is not None and "version" in getattr(schema, "fields", {}):
            responses[status]["headers"] = {
                "ETag": {
                    "description": "For If-Match.",
                    "required": True,
                    "schema": {"type": "string"},
                }
            }
            if method == "get":
                responses["304"] = {"description": "Just as you last saw it (If-None-Match)."}


def spec_options(version: str) -> dict[str, Any]:
    """The head of the document."""
    return {
        "title": "Mockingbird hub",
        "version": version,
        "openapi_version": "3.1.0",
        "info": {
            "description": "Sleepovers, support and advice for a Mockingbird constellation.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
    }


def document() -> str:
    """The document as it stands in `openapi/hub.json`: made without a database or keys."""
    from hub_api import register_routes
    from hub_api.api import HubFlask

    app = HubFlask("hub_api", static_folder=None)
    register_routes(app)
    spec = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return json.dumps(spec, indent=2, sort_keys=True) + "\n"


def register_components(spec: Any) -> None:
    """What operations refer to: the problem, the login, the version header."""
    spec.components.schema("Problem", schema=Problem)
    spec.components.security_scheme(
        "bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    )
    spec.options["security"] = [{"bearer": []}]
    spec.components.parameter(
        "IfMatch",
        "header",
        {
            "name": "If-Match",
            "required": True,
            "description": "The ETag you last saw.",
            "schema": {"type": "string"},
            "example": '"1"',
        },
    )
    spec.components.parameter(
        "IdempotencyKey",
        "header",
        {
            "name": "Idempotency-Key",
            "description": "Of your choosing, a UUID say: sent twice, the request is done once.",
            "schema": {"type": "string", "pattern": "^[ -~]{8,100}$"},
            "example": "0b9d5f0e-8f55-4d0c-b6a4-9a1c2d3e4f50",
        },
    )
