"""How long one attempt may take, whatever the service does, for every channel alike.

The timeouts of `requests` are for each wait for a byte: an answer that drips, a byte now and then,
outlasts them, and what is sent would be taken for abandoned and sent again. Here an attempt ends at
one moment, however many calls it needs. Finding a host's address apart, which nothing can bound,
and connecting to a host of many addresses: that may take longer, but then nothing is sent.
"""

from __future__ import annotations

import io
import time
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

WITHIN = 25.0
"""Seconds one attempt may take: less than the 30 s after which a row in hand counts as stuck, with
a few left to find an address and to record how it went."""
LINKS = 32
"""Connections kept to one host; more than there are senders."""

_ends_at: ContextVar[float | None] = ContextVar("attempt_ends_at", default=None)


@contextmanager
def attempt() -> Iterator[None]:
    """All calls of this block are one attempt; within another, they are part of that."""
    if _ends_at.get() is not None:
        yield
        return
    token = _ends_at.set(time.monotonic() + WITHIN)
    try:
        yield
    finally:
        _ends_at.reset(token)


def left() -> float:
    """Seconds that are left for the attempt under way, perhaps none; all of them outside one."""
    ends_at = _ends_at.get()
    return WITHIN if ends_at is None else max(0.0, ends_at - time.monotonic())


def bind(session: requests.Session) -> None:
    """Have every call of this session end with its attempt, or by itself outside one.

    Nothing is tried again by it: that is for the ledger.
    """
    # Also those that a library has mounted for one host of its own.
    session.adapters.clear()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter())


class _Until(io.RawIOBase):
    """What a service says, read until the attempt ends."""

    def __init__(self, sock: socket.socket, raw: Any) -> None:
        self._socket, self._raw = sock, raw
        self._ends_at = time.monotonic() + left()
        self._each = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._ends_at - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("The answer takes too long.")
        self._socket.settimeout(min(remaining, self._each or remaining))
        count: int | None = self._raw.readinto(buffer)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_Until(sock, self.fp.detach()))


class _Plain(HTTPConnection):
    response_class = _Response

    def connect(self) -> None:
        super().connect()
        _refuse_late(self)


class _Tls(HTTPSConnection):
    response_class = _Response

    def connect(self) -> None:
        super().connect()
        _refuse_late(self)


def _refuse_late(connection: HTTPConnection) -> None:
    """Each of a host's addresses is waited for in turn: what comes too late sends nothing."""
    if not left():
        connection.close()
        raise ConnectTimeoutError(connection, "Connecting took too long.")


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


_POOLS = {"http": _PlainPool, "https": _TlsPool}


class _Adapter(HTTPAdapter):
    def __init__(self) -> None:
        super().__init__(pool_maxsize=LINKS, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        *arguments: Any,
        **options: Any,
    ) -> requests.Response:
        with attempt():
            remaining = left()
            if not remaining:
                raise requests.exceptions.ConnectTimeout(request=request)
            connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
            bounded = min(connect or remaining, remaining), min(read or remaining, remaining)
            return super().send(request, stream, bounded, *arguments, **options)
