"""HTTP to a server on this machine."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from hub_api.server import _listen
from hub_api.serving import Serving


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def served(app: Any, threads: int = 2) -> Iterator[int]:
    """A WSGI app on our server, in a thread of this process: its port."""
    listener = _listen("127.0.0.1", 0, shared=True)
    serving = Serving(app, listener, threads=threads)
    thread = threading.Thread(target=serving.run)
    port = listener.getsockname()[1]
    thread.start()
    try:
        yield port
    finally:
        serving.stop(15, None)
        thread.join(20)
        assert not thread.is_alive()


class Loopback(httpx.Client):
    """A client of the server on this port, for somebody or for nobody."""

    def __init__(self, port: int, login: dict[str, str] | None = None) -> None:
        super().__init__(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=15)
        self._login = login

    def __enter__(self) -> "Loopback":
        super().__enter__()
        if self._login:
            answer = self.post("/api/v1/auth/login", json=self._login)
            assert answer.status_code == 200, answer.text
            self.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return self
