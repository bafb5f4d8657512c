"""A push service on this machine: it checks who sends (RFC 8292) and opens what came (RFC 8291).

It has the subscriptions of browsers, each with keys of its own, and holds every request to what
Mozilla, Google and Apple ask for. What a test did not expect fails it.
"""

import base64
import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import re
import ssl
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub_api import clock
from hub_api.notifications import vapid_keys
from hub_api.notifications.channels import Recipient
from hub_api.settings import Channels
from tests.standins.server import Asked, Reply, StandIn

CONTACT = "mailto:hub@example.org"
LARGEST = 4096
"""Bytes of a body that every push service takes."""

# Their own answers, as they word them.
MOZILLA_OTHER_KEY = Reply(
    status=401, body={"code": 401, "errno": 109, "message": "VAPID public key mismatch"}
)
GOOGLE_OTHER_KEY = Reply(
    status=403,
    body=b"the VAPID credentials in the authorization header do not correspond to the credentials "
    b"used to create the subscriptions.\n",
)
APPLE_OTHER_KEY = Reply(status=400, body={"reason": "VapidPkHashMismatch"})
MOZILLA_UNAUTHORISED = Reply(
    status=401, body={"code": 401, "errno": 109, "message": "Request did not validate"}
)
GOOGLE_UNAUTHORISED = Reply(status=400, body=b"<TITLE>UnauthorizedRegistration</TITLE>")
APPLE_BAD_JWT = Reply(status=403, body={"reason": "BadJwtToken"})
APPLE_BAD_ADDRESS = Reply(status=400, body={"reason": "BadDeviceToken"})
MOZILLA_NO_ENDPOINT = Reply(status=404, body={"code": 404, "errno": 102})
MOZILLA_EXPIRED = Reply(status=410, body={"code": 410, "errno": 106})
BAD_MESSAGE = Reply(status=400, body={"code": 400, "errno": 111})
TOO_LARGE = Reply(status=413, body={"code": 413, "errno": 104})
HANGS_UP = Reply(hangs_up=True)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


@dataclass(frozen=True)
class Browser:
    """A subscription: where it is, its keys, and to whose messages it subscribed."""

    path: str
    sender: str
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: uuid4().bytes)

    @property
    def public(self) -> bytes:
        return _point(self.private.public_key())

    def open(self, body: bytes) -> bytes:
        """What is inside a body sealed for this browser: RFC 8291 §3.4 on RFC 8188, one record."""
        salt, record, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert length == 65
        assert len(sealed) <= record
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self.private.exchange(ec.ECDH(), theirs)
        secret = _expand(_hmac(self.auth, shared), b"WebPush: info\0" + self.public + sender, 32)
        fresh = _hmac(salt, secret)
        key = _expand(fresh, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _expand(fresh, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert padded[-1:] == b"\x02", "not the last record"
        return padded[:-1]


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def _expand(key: bytes, purpose: bytes, length: int) -> bytes:
    return _hmac(key, purpose + b"\x01")[:length]


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One attempt that arrived: what was in it, and the status it was answered with."""

    address: str
    message: dict[str, Any]
    headers: dict[str, str]
    size: int
    status: int

    @property
    def nid(self) -> UUID:
        return UUID(self.message["nid"])


class PushService(StandIn):
    """Where browsers subscribed; with `certificate`, over TLS."""

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__()
        self.pushes: list[Push] = []
        self.elsewhere: list[Asked] = []
        """What was asked that is no push: a redirect that was followed, say."""
        self._unexpected: list[Push] = []
        self._arrived = threading.Condition(self.lock)
        self._browsers: dict[str, Browser] = {}
        self._scripts: defaultdict[str, deque[Reply]] = defaultdict(deque)
        self._is_tls = certificate is not None
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def url(self) -> str:
        plain = super().url
        return plain.replace("http:", "https:") if self._is_tls else plain

    # --- setting up

    def channels(self, folder: Path) -> Channels:
        """The hub's settings for this stand-in, with a key of its own."""
        path = folder / "vapid.pem"
        if not path.exists():
            vapid_keys.make(path)
        return Channels(vapid_key_file=path, vapid_contact=CONTACT, web_push_hosts=("127.0.0.1",))

    def subscribe(self, sender: str) -> Recipient:
        """A browser that subscribes to whoever has this public key."""
        browser = Browser(f"/wpush/v2/{uuid4().hex}", sender)
        with self.lock:
            self._browsers[browser.path] = browser
        return Recipient(
            kind="webpush",
            address=self.url + browser.path,
            p256dh=_text(browser.public),
            auth=_text(browser.auth),
        )

    def will_answer(self, recipient: Recipient, *replies: Reply) -> None:
        """What this browser's next pushes are answered, one reply each."""
        with self.lock:
            self._scripts[recipient.address].extend(replies)

    # --- what the test says of what came

    def expect(self, recipient: Recipient | None = None, *, within: float = 5.0) -> Push:
        """Wait for one push to this browser, and take it as expected."""

        def found() -> Push | None:
            for push in self._unexpected:
                if recipient is None or push.address == recipient.address:
                    return push
            return None

        with self._arrived:
            push = self._arrived.wait_for(found, within)
            assert push, f"no push to {recipient or 'anybody'}, but {self._unexpected}"
            self._unexpected.remove(push)
            return push

    def refuse_unexpected(self) -> None:
        """Fail if anything came that the test did not expect."""
        with self.lock:
            assert not self._unexpected, f"nobody expected {self._unexpected}"
            assert not self.elsewhere, f"nobody expected {self.elsewhere}"

    # --- answering

    def answer(self, asked: Asked) -> Reply:
        browser = self._browsers.get(asked.path)
        if asked.method != "POST" or browser is None:
            self.elsewhere.append(asked)
            return MOZILLA_NO_ENDPOINT
        address = self.url + asked.path
        reply = self._refusal_of(asked, browser)
        message = json.loads(browser.open(asked.body)) if reply is None else {}
        if reply is None:
            script = self._scripts[address]
            usual = Reply(status=201, headers={"Location": f"{self.url}/m/{uuid4().hex}"})
            reply = script.popleft() if script else usual
        push = Push(
            address=address,
            message=message,
            headers=asked.headers,
            size=len(asked.body),
            status=0 if reply.hangs_up else reply.status,
        )
        self.pushes.append(push)
        self._unexpected.append(push)
        self._arrived.notify_all()
        return reply

    def _refusal_of(self, asked: Asked, browser: Browser) -> Reply | None:
        headers = asked.headers
        if len(asked.body) > LARGEST:
            return TOO_LARGE
        right = (
            headers.get("content-encoding") == "aes128gcm"
            and headers.get("urgency") in {"very-low", "low", "normal", "high"}
            # Mozilla takes letters and digits; Apple what can be base64.
            and re.fullmatch(r"([A-Za-z0-9]{4}){1,8}", headers.get("topic", ""))
            and headers.get("ttl", "").isdecimal()
            and int(headers["ttl"]) <= timedelta(days=28).total_seconds()
            and "cookie" not in headers
        )
        if not right:
            return BAD_MESSAGE
        return self._refusal_of_sender(headers.get("authorization", ""), browser)

    def _refusal_of_sender(self, authorization: str, browser: Browser) -> Reply | None:
        found = re.fullmatch(r"vapid t=([\w.-]+), ?k=([\w-]+)", authorization)
        if not found:
            return MOZILLA_UNAUTHORISED
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _raw(found[2]))
        try:
            claims = jwt.decode(
                found[1],
                public,
                algorithms=["ES256"],
                audience=self.url,
                options={"require": ["aud", "exp", "sub"]},
            )
        except jwt.InvalidTokenError:
            return MOZILLA_UNAUTHORISED
        if claims["exp"] > (clock.now() + timedelta(days=1)).timestamp():
            return MOZILLA_UNAUTHORISED
        if claims["sub"] != CONTACT:
            return APPLE_BAD_JWT
        return None if found[2] == browser.sender else MOZILLA_OTHER_KEY


def self_signed(folder: Path) -> Path:
    """A certificate and its key for 127.0.0.1, in one file; nobody vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "tls.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
