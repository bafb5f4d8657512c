"""The HTTP server under every stand-in: it records what it is asked and answers as told."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it arrived. Names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to answer, after how many seconds; or to hang up without a word."""

    status: int = 200
    body: Any = b""
    """Bytes as they are, or what becomes JSON."""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    hangs_up: bool = False
    drips: float = 0.0
    """Seconds between one byte of the body and the next."""
    drips_head: bool = False
    """And of the headers before it."""

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class StandIn:
    """A service on a port of its own, for the length of a `with`. A subclass says `answer()`.

    `answer()` is called by many threads at once, under `lock`; the waiting of a slow reply is not.
    What it raises fails the test at the end of the `with`: nobody would see it in a thread.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.broke: list[BaseException] = []
        self._is_over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, asked: Asked) -> Reply:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        assert not self.broke, self.broke

    def stop(self) -> None:
        """Be gone: connections end, and new ones are refused."""
        self._is_over.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join(10)

    def reply_to(self, asked: Asked) -> Reply:
        """What the thread of one request asks."""
        try:
            with self.lock:
                reply = self.answer(asked)
        except Exception as error:  # noqa: BLE001 - it fails the test, see above
            self.broke.append(error)
            return Reply(hangs_up=True)
        if reply.delay:
            self.is_over(reply.delay)
        return reply

    def is_over(self, seconds: float) -> bool:
        """Wait so long, or until it is over; whether it is."""
        return self._is_over.wait(seconds)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._links: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._links.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._links.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End the connections that clients keep open, so that no thread outlives the test."""
        for link in list(self._links):
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for _ in range(500):
            if not self._links:
                return
            threading.Event().wait(0.01)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


class _Dripping:
    """Writes a byte now and then, until whoever reads it hangs up or the stand-in is over."""

    def __init__(self, link: Any, seconds: float, stand_in: StandIn) -> None:
        self._link, self._seconds, self._stand_in = link, seconds, stand_in

    def write(self, content: bytes) -> None:
        for byte in content:
            self._link.write(bytes([byte]))
            if self._stand_in.is_over(self._seconds):
                raise ConnectionAbortedError

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)


def _handler_of(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            reply = stand_in.reply_to(
                Asked(
                    method=self.command,
                    path=self.path,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(length),
                )
            )
            if reply.hangs_up:
                self.close_connection = True
                return
            content = reply.content()
            self.send_response(reply.status)
            headers = {"Content-Type": "application/json", **reply.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            if reply.drips_head:
                self.wfile = _Dripping(self.wfile, reply.drips, stand_in)
            self.end_headers()
            if reply.drips and not reply.drips_head:
                self.wfile = _Dripping(self.wfile, reply.drips, stand_in)
            self.wfile.write(content)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Not to the terminal."""

    return Handler
