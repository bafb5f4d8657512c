"""HTTP to a server on this machine."""

import socket

import httpx


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
