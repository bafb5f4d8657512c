"""The server by itself: slow phones, odd requests, and stopping without dropping anybody."""

import json
import socket
import threading
import time

import pytest

from hub_api import serving
from hub_api.server import _listen
from hub_api.serving import Serving

SLOWLY = 0.3
FROM = "192.0.2.7"


def app(environ, start_response):
    """Takes its time over /slow."""
    if environ["PATH_INFO"] == "/slow":
        time.sleep(SLOWLY)
    said = b"ok"
    if environ["PATH_INFO"] == "/from":
        said = environ.get("HTTP_X_FORWARDED_FOR", "nobody says").encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(said)))])
    return [said]


class Server:
    def __init__(self, **options):
        listener = _listen("127.0.0.1", 0, shared=True)
        self.port = listener.getsockname()[1]
        self.serving = Serving(app, listener, threads=2, **options)
        self.thread = threading.Thread(target=self.serving.run)
        self.thread.start()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def answer(self, request):
        """Everything the server says to these bytes until it closes, or falls silent."""
        with self.connect() as client:
            client.sendall(request)
            client.settimeout(3)
            said = b""
            while chunk := client.recv(65536):
                said += chunk
            return said

    def stop(self):
        self.serving.stop(15, None)
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def server():
    running = Server()
    yield running
    running.stop()


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n".encode()


class TestStopping:
    def test_answers_all_that_was_asked_for_however_few_its_threads(self):
        server = Server()
        answers = []
        clients = [
            threading.Thread(target=lambda: answers.append(server.answer(get("/slow"))))
            for _ in range(8)
        ]
        for client in clients:
            client.start()
        time.sleep(SLOWLY / 2)
        server.stop()
        for client in clients:
            client.join()
        assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * 8

    def test_lets_nobody_in_any_more(self):
        server = Server()
        server.stop()
        with pytest.raises(ConnectionRefusedError):
            server.connect()


class TestSlowPhones:
    def test_hold_no_thread_with_half_a_request(self, server):
        half = (
            b"POST /slow HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        slow = [server.connect() for _ in range(32)]
        try:
            for client in slow:
                client.sendall(half)
            healthy = [server.answer(get("/healthz")).endswith(b"ok") for _ in range(15)]
        finally:
            for client in slow:
                client.close()
        assert healthy == [True] * 15


NOT_REQUESTS = {
    "garbage": b"garbage\r\n\r\n",
    "a bad header": b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "two ways of length": (
        b"POST / HTTP/1.1\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: y\r\n\r\n"
    ),
}


class TestWhatIsNotARequest:
    @pytest.mark.parametrize("request_", NOT_REQUESTS.values(), ids=NOT_REQUESTS)
    def test_is_refused_as_the_api_would_and_the_connection_closed(self, server, request_):
        head, _, body = server.answer(request_).partition(b"\r\n\r\n")
        assert head.split()[1] == b"400"
        assert b"application/problem+json" in head
        assert json.loads(body)["detail"]  # one answer and nothing after it


class TestBehindAProxy:
    """Without what the proxy says, ten wrong passwords anywhere would slow down everybody."""

    @pytest.mark.parametrize("behind_proxy", [True, False])
    def test_what_it_says_reaches_the_app_only_when_there_is_one(self, behind_proxy):
        server = Server(behind_proxy=behind_proxy)
        try:
            request = f"GET /from HTTP/1.1\r\nHost: hub\r\nX-Forwarded-For: {FROM}\r\n"
            said = server.answer(f"{request}Connection: close\r\n\r\n".encode())
        finally:
            server.stop()
        assert said.endswith(FROM.encode()) is behind_proxy


class TestARequestThatTakesForEver:
    def test_loses_its_place_though_a_byte_comes_now_and_then(self, server, monkeypatch):
        monkeypatch.setattr(serving, "SLOWEST_REQUEST", 1)
        with server.connect() as client:
            client.sendall(b"GET /slow HTTP/1.1\r\nX-Slow: ")
            began = time.monotonic()
            try:
                while time.monotonic() - began < 10:
                    client.sendall(b"x")
                    time.sleep(0.1)
                taken = None
            except OSError:
                taken = time.monotonic() - began
        assert taken is not None
        assert 1 <= taken < 6
        assert server.answer(get("/")).endswith(b"ok")
