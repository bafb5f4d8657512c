"""A real hub in a place with bad reception: whoever is slow keeps nobody else waiting."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.running.conftest import RunningHub

CLIENTS = 32
LARGE = "/docs/assets/swagger-ui-bundle.js"

HALF_A_BODY = (
    b"POST /api/v1/auth/login HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n"
    b'Content-Length: 1000\r\n\r\n{"email": "'
)
HALF_THE_HEADERS = b"GET /api/v1/me HTTP/1.1\r\nHost: hub\r\nX-Long: "
AN_ANSWER_NOT_READ = f"GET {LARGE} HTTP/1.1\r\nHost: hub\r\n\r\n".encode()
WAYS = {
    "half a body": (HALF_A_BODY, b"x"),
    "half the headers": (HALF_THE_HEADERS, b"x"),
    "an answer not read": (AN_ANSWER_NOT_READ, b""),
    "a hundred answers not read": (AN_ANSWER_NOT_READ * 100, b""),
}
"""What each client sends at once, and then bit by bit."""


class SlowClients:
    """So many clients that send a beginning, then a byte now and then, and read nothing."""

    def __init__(self, port: int, beginning: bytes, drop: bytes) -> None:
        self._drop = drop
        self._is_over = threading.Event()
        self._sockets = [self._begin(port, beginning) for _ in range(CLIENTS)]
        self._drip = threading.Thread(target=self._send_bit_by_bit)
        self._drip.start()

    @staticmethod
    def _begin(port: int, beginning: bytes) -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(5)
        client.connect(("127.0.0.1", port))
        client.sendall(beginning)
        return client

    def _send_bit_by_bit(self) -> None:
        while not self._is_over.wait(0.2):
            for client in self._sockets:
                client.sendall(self._drop)

    def end(self) -> None:
        self._is_over.set()
        self._drip.join()
        for client in self._sockets:
            client.close()


@contextmanager
def slow_clients(port: int, *ways: str) -> Iterator[None]:
    clients = [SlowClients(port, *WAYS[way]) for way in ways]
    try:
        yield
    finally:
        for each in clients:
            each.end()


def seconds_to_answer(hub: RunningHub, path: str, times: int) -> list[float]:
    """How long each of so many answers takes, every one on a connection of its own."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        with hub.http() as http:
            assert http.get(path, timeout=5).status_code == 200
        taken.append(time.perf_counter() - began)
    return taken


class TestWhileOthersAreSlow:
    @pytest.mark.parametrize("way", WAYS)
    def test_health_answers_fifteen_of_fifteen(self, running_hub, way):
        with slow_clients(running_hub.port, way):
            time.sleep(0.5)  # until all that came has been read
            taken = seconds_to_answer(running_hub, "/healthz", 15)
        assert max(taken) < 3, taken

    def test_of_every_kind_at_once_the_work_goes_on(self, running_hub, capsys):
        with slow_clients(running_hub.port, *WAYS):
            time.sleep(0.5)
            taken = seconds_to_answer(running_hub, "/healthz", 15)
            with running_hub.http("satellite_carer") as carer:
                assert carer.get("/api/v1/households").json()["items"]
        with capsys.disabled():
            print(
                f"\n{CLIENTS} slow clients of each of {len(WAYS)} kinds: "
                f"health in {max(taken) * 1000:.0f} ms at worst"
            )
        assert max(taken) < 3, taken
