"""A phone: a test client that is logged in and holds every answer to the OpenAPI document."""

import json
import re
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from hub_api import clock, db
from hub_api.access import EVERYBODY, ROLE_PERMISSIONS, Role
from hub_api.accounts import sessions
from hub_api.openapi import PROBLEM_MEDIA_TYPE, document


@cache
def contract() -> dict[str, Any]:
    """The OpenAPI document the app promises to keep."""
    return json.loads(document())


def may_ask(role: Role | None, path: str, method: str) -> bool:
    """Whether somebody of a role, or nobody in particular, gets past the door of an operation."""
    operation = contract()["paths"][path][method.lower()]
    if operation.get("security") == []:
        return True
    if role is None:
        return False
    held = {f"`{permission}`" for permission in (*EVERYBODY, *ROLE_PERMISSIONS[role])}
    return any(permission in operation["description"] for permission in held)


@cache
def _registry() -> Registry:
    return Registry().with_resource(
        "urn:hub", Resource(contents=contract(), specification=DRAFT202012)
    )


@cache
def _operation(method: str, path: str) -> dict[str, Any] | None:
    for template, operations in contract()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return operations.get(method.lower())
    return None


def hold_to_contract(method: str, path: str, response: Any) -> None:
    """Fail when an answer has a status or a shape that the document does not promise."""
    operation = _operation(method, path.partition("?")[0])
    if operation is None:
        return
    status = str(response.status_code)
    assert status in operation["responses"], f"{method} {path} answered an undocumented {status}"
    content = operation["responses"][status].get("content")
    if not content:
        assert not response.data
        return
    if "text/html" in content:
        assert response.mimetype == "text/html"
        return
    media_type = PROBLEM_MEDIA_TYPE if response.status_code >= 400 else "application/json"
    assert response.mimetype == media_type
    schema = _absolute(content[media_type]["schema"])
    if "version" in response.json:
        assert response.headers["ETag"].startswith(f'"{response.json["version"]}.')
    jsonschema.Draft202012Validator(
        {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"},
        registry=_registry(),
    ).validate(response.json)


def _absolute(schema: Any) -> Any:
    return json.loads(json.dumps(schema).replace('"#/components', '"urn:hub#/components'))


class Phone:
    """Sends requests as somebody, or as nobody."""

    def __init__(self, app: Any, account_id: UUID | None = None) -> None:
        self.app, self.account_id = app, account_id
        self._client = app.test_client()
        self.headers: dict[str, str] = {}
        if account_id is not None:
            with app.app_context(), db.transaction(app.engine):
                self.tokens = sessions.start_session(account_id)
            self.headers["Authorization"] = f"Bearer {self.tokens['access_token']}"

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send a request under `/api/v1`; header names are written with underscores."""
        response = self._client.open(
            f"/api/v1{path}",
            method=method,
            json=body,
            headers={**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}},
        )
        hold_to_contract(method, f"/api/v1{path}", response)
        return response

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def post_seen(self, path: str, body: Any = None, *, verb: str) -> Any:
        """Look at an object, then decide on the version seen."""
        etag = self.get(path).headers.get("ETag", '"1"')
        return self.post(f"{path}/{verb}", body, If_Match=etag)


def in_days(days: int, hour: int = 17) -> str:
    """An instant so many days ahead, on the hour, as RFC 3339."""
    at = clock.now().replace(hour=hour, minute=0, second=0, microsecond=0)
    return (at + timedelta(days=days)).isoformat()
