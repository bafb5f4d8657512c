"""waitress with our manners: it stops without dropping anybody, and refuses as the API does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import waitress
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask

from hub_api import request_id
from hub_api.errors import HubError, problem

if TYPE_CHECKING:
    import socket
    from types import FrameType

STOPS_WITHIN = 30
"""Seconds that requests in hand get to finish."""

LARGEST_REQUEST = 10 * 1024 * 1024
"""Beyond this the server hangs up. What the API takes is less, and said kindly (edges.py)."""

SILENT_PHONE = 30
"""Seconds until a connection on which nothing moves is closed."""

SLOWEST_REQUEST = 60
"""Seconds that a request may take to arrive, from its first byte to its last."""

_CODES = {413: "too_large", 431: "headers_too_large"}


class _Parser(HTTPRequestParser):
    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            # Two lengths for one body: a proxy may believe the other (RFC 9112, 6.1).
            raise ParsingError("two lengths")


class _Refusal(ErrorTask):
    """What is refused before it reaches the app, said as the app would say it."""

    def execute(self) -> None:
        found = self.request.error
        error = HubError("The hub couldn't read that request.")
        error.status, error.title = found.code, found.reason
        error.code = _CODES.get(found.code, "bad_request")
        chosen = request_id.begin()
        answer = problem(error)
        self.status = answer.status
        self.response_headers += [*answer.headers.items(), ("X-Request-ID", chosen)]
        self.set_close_on_finish()
        self.content_length = len(answer.get_data())
        self.write(answer.get_data())


class _Channel(HTTPChannel):
    parser_class = _Parser
    error_task_class = _Refusal

    _reading_since: float | None = None

    def received(self, data: bytes) -> bool:
        """Note when a request begins: a byte now and then must not hold a place for ever."""
        taken = bool(super().received(data))
        if self.request is None:
            self._reading_since = None
        elif self._reading_since is None:
            self._reading_since = time.monotonic()
        return taken

    def hang_up_if_slow(self) -> None:
        """Close the connection when its request takes too long to arrive."""
        began = self._reading_since
        if began is not None and time.monotonic() - began > SLOWEST_REQUEST:
            self.handle_close()

    @property
    def is_busy(self) -> bool:
        """A request is being read or answered, or an answer is on its way."""
        return bool(self.requests or self.request is not None or self.total_outbufs_len)

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Hang up on whoever asks for more and more and reads none of it.

        waitress would wait for them without end, in one of the few threads.
        """
        if len(self.requests) > 1 and self.total_outbufs_len > self.adj.outbuf_high_watermark:
            self.cancel()
        else:
            super()._flush_outbufs_below_high_watermark()


class Serving:
    """One server process on a listening socket."""

    def __init__(
        self, app: Any, listener: socket.socket, threads: int, *, behind_proxy: bool = False
    ) -> None:
        self._sockets: dict[int, Any] = {}
        self._is_stopping = False
        self._server = waitress.create_server(
            app,
            map=self._sockets,
            sockets=[listener],
            threads=threads,
            channel_timeout=SILENT_PHONE,
            connection_limit=1000,
            max_request_body_size=LARGEST_REQUEST,
            # Behind a proxy the app itself reads them, as many as there are proxies (edges.py).
            clear_untrusted_proxy_headers=not behind_proxy,
        )
        self._server.channel_class = _Channel

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        """Ask it to stop, from a signal handler."""
        self._is_stopping = True
        self._server.pull_trigger()

    def run(self) -> None:
        """Serve until asked to stop; then let nobody in and finish what is in hand."""
        looked = time.monotonic()
        while not self._is_stopping:
            self._turn(1)
            if time.monotonic() - looked > 1:
                looked = time.monotonic()
                for channel in self._channels():
                    channel.hang_up_if_slow()
        self._turn(0)  # whoever knocked before the door closes
        self._server.del_channel()
        self._server.socket.close()
        deadline = time.monotonic() + STOPS_WITHIN
        while time.monotonic() < deadline and self._is_busy():
            self._turn(0.1)
        self._server.task_dispatcher.shutdown(timeout=1)
        self._server.asyncore.close_all(self._sockets)

    def _turn(self, patience: float) -> None:
        self._server.asyncore.loop(timeout=patience, map=self._sockets, count=1)

    def _is_busy(self) -> bool:
        return any(channel.is_busy for channel in self._channels())

    def _channels(self) -> list[_Channel]:
        return [found for found in [*self._sockets.values()] if isinstance(found, _Channel)]
