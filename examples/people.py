"""Somebody using a hub over HTTP, who says aloud what they send and what comes back."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

BASE = f"http://127.0.0.1:{os.environ.get('HUB_PORT', '8000')}"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """What the hub answered."""

    status: int
    body: Any
    etag: str | None


class Person:
    """Somebody using the hub with their phone."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._token: str | None = None

    def log_in(self, login: dict[str, str]) -> None:
        answer = self.send("POST", "/api/v1/auth/login", login, show=["expires_in"])
        self._token = answer.body["access_token"]

    def send(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        seen: str | None = None,
        show: list[str] | None = None,
        expect: int = 200,
    ) -> Answer:
        """Send one request, print it and its answer, and return the answer if it is as expected."""
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if seen:
            headers["If-Match"] = seen
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - our own address, above
            BASE + path, method=method, data=data, headers=headers
        )
        try:
            with DIRECT.open(request, timeout=10) as reply:
                answer = _answer(reply.status, reply.read(), reply.headers.get("ETag"))
        except urllib.error.HTTPError as refusal:
            answer = _answer(refusal.code, refusal.read(), None)
        self._print(method, path, body, answer, show)
        if answer.status != expect:
            sys.exit(f"\nThe tour expected {expect} here. The log of the API says more.")
        return answer

    def _print(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        answer: Answer,
        show: list[str] | None,
    ) -> None:
        sent = {k: "…" if k == "password" else v for k, v in body.items()} if body else None
        print(f"\n  {self.name}: {method} {path}" + (f"  {_short(sent)}" if sent else ""))
        print(f"    → {answer.status}  {_short(_chosen(answer, show))}")


def _chosen(answer: Answer, show: list[str] | None) -> Any:
    """The members worth showing: of a problem, of a list's items, or of one object."""
    if answer.status >= 400:
        return {key: answer.body[key] for key in ("code", "detail")}
    if answer.body and "items" in answer.body:
        return [{key: item[key] for key in show or item} for item in answer.body["items"]]
    return {key: answer.body[key] for key in show or answer.body or {}}


def _short(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)


def _answer(status: int, body: bytes, etag: str | None) -> Answer:
    return Answer(status, json.loads(body) if body else None, etag)


def say(words: str) -> None:
    print(f"\n{words}")
