"""Firebase Cloud Messaging, stood in for: the token endpoint and `messages:send`.

It checks what Google checks: the signed assertion, the access token, and the shape of a message. It
answers each device as told, by default that it took the push. Every push has to be expected: what
is left over fails the test (`refuse_unexpected`).
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from hub_api import clock
from hub_api.settings import Channels
from tests.standins.server import Asked, Reply, StandIn

PROJECT = "hub-in-a-test"
ACCOUNT = f"hub@{PROJECT}.iam.gserviceaccount.example"
AUDIENCE = "https://oauth2.googleapis.com/token"
"""Google's own address, wherever the request goes: the library signs for that and nothing else."""
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

ADDRESS = "{address}"
"""Stands for the device's address in what a reply says, as Google's own sometimes quotes it."""


def refusal(status: int, word: str, *details: dict[str, Any], **reply: Any) -> Reply:
    """An error as Google words it, with the details that tell errors of one status apart."""
    error = {"code": status, "message": f"No: {ADDRESS}.", "status": word, "details": details}
    return Reply(status=status, body={"error": error}, **reply)


def fcm_error(code: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}


def bad_fields(*fields: str) -> dict[str, Any]:
    violations = [{"field": name, "description": f"Bad: {ADDRESS}."} for name in fields]
    return {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}


UNREGISTERED = refusal(404, "NOT_FOUND", fcm_error("UNREGISTERED"))
NO_PROJECT = refusal(404, "NOT_FOUND")
BAD_ADDRESS = refusal(400, "INVALID_ARGUMENT", fcm_error("INVALID_ARGUMENT"))
BAD_TOKEN_FIELD = refusal(
    400, "INVALID_ARGUMENT", fcm_error("INVALID_ARGUMENT"), bad_fields("message.token")
)
BAD_MESSAGE = refusal(400, "INVALID_ARGUMENT", bad_fields("message.android.ttl"))
WRONG_SENDER = refusal(403, "PERMISSION_DENIED", fcm_error("SENDER_ID_MISMATCH"))
FORBIDDEN = refusal(403, "PERMISSION_DENIED")
APPLE_KEY = refusal(401, "UNAUTHENTICATED", fcm_error("THIRD_PARTY_AUTH_ERROR"))
UNAUTHENTICATED = refusal(401, "UNAUTHENTICATED")
INTERNAL = refusal(500, "INTERNAL", fcm_error("INTERNAL"))
UNAVAILABLE = refusal(503, "UNAVAILABLE", fcm_error("UNAVAILABLE"))
GATEWAY_TIMEOUT = refusal(504, "DEADLINE_EXCEEDED")
HANGS_UP = Reply(hangs_up=True)
KEY_REVOKED = Reply(status=400, body={"error": "invalid_grant", "error_description": "No key."})


def quota(**headers: str) -> Reply:
    """Too many: perhaps with the seconds to wait, as `Retry-After`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return refusal(429, "RESOURCE_EXHAUSTED", fcm_error("QUOTA_EXCEEDED"), headers=named)


@cache
def _key(_which: str) -> rsa.RSAPrivateKey:
    """Made anew in every run: there is no secret in the repository."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One attempt that arrived, whole, and the status it was answered with."""

    message: dict[str, Any]
    dry_run: bool
    status: int
    at: datetime

    @property
    def kind(self) -> str:
        return "fid" if "fid" in self.message else "token"

    @property
    def address(self) -> str:
        return str(self.message[self.kind])

    @property
    def nid(self) -> UUID:
        return UUID(self.message["data"]["nid"])


class Fcm(StandIn):
    """Firebase Cloud Messaging for one project."""

    def __init__(self) -> None:
        super().__init__()
        self.token_lasts = timedelta(hours=1)
        self.token_requests = 0
        self.token_replies: deque[Reply] = deque()
        self.pushes: list[Push] = []
        self._unexpected: list[Push] = []
        self._arrived = threading.Condition(self.lock)
        self._tokens: dict[str, datetime] = {}
        self._scripts: defaultdict[str, deque[Reply]] = defaultdict(deque)
        self.always: Reply | None = None
        """What every device is answered that has no script: None, that it took the push."""

    # --- setting up

    def channels(self, folder: Path, *, key: str = "right") -> Channels:
        """The hub's settings for this stand-in, with a service account of its own."""
        pem = _key(key).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        account = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "1",
            "private_key": pem.decode(),
            "client_email": ACCOUNT,
            "token_uri": f"{self.url}/token",
        }
        path = folder / "service-account.json"
        path.write_text(json.dumps(account))
        path.chmod(0o600)
        return Channels(fcm_credentials_file=path, fcm_url=self.url)

    def will_answer(self, address: str, *replies: Reply) -> None:
        """What this device is answered next, one reply a push."""
        with self.lock:
            self._scripts[address].extend(replies)

    def forget_tokens(self) -> None:
        """Take no access token any more that was given out so far."""
        with self.lock:
            self._tokens.clear()

    # --- what the test says of what came

    def expect(
        self, address: str | None = None, *, nid: UUID | None = None, within: float = 5.0
    ) -> Push:
        """Wait for one push to this device and about this notification, and take it as expected."""

        def found() -> Push | None:
            for push in self._unexpected:
                if address in {None, push.address} and nid in {None, push.nid}:
                    return push
            return None

        with self._arrived:
            push = self._arrived.wait_for(found, within)
            assert push, f"no push to {address or 'anybody'}, but {self._unexpected}"
            self._unexpected.remove(push)
            return push

    def expect_rest(self) -> list[Push]:
        """Take everything that has come so far as expected."""
        with self.lock:
            rest = self._unexpected[:]
            self._unexpected.clear()
            return rest

    def refuse_unexpected(self) -> None:
        """Fail if anything came that the test did not expect."""
        with self.lock:
            assert not self._unexpected, f"nobody expected {self._unexpected}"

    # --- answering

    def answer(self, asked: Asked) -> Reply:
        assert asked.method == "POST", asked
        if asked.path == "/token":
            return self._give_token(asked)
        assert asked.path == f"/v1/projects/{PROJECT}/messages:send", asked.path
        reply = self._judge(asked)
        self._record(asked, reply)
        return reply

    def _give_token(self, asked: Asked) -> Reply:
        self.token_requests += 1
        if self.token_replies:
            return self.token_replies.popleft()
        form = parse_qs(asked.body.decode())
        try:
            assert form["grant_type"] == [GRANT]
            claims = jwt.decode(
                form["assertion"][0],
                _key("right").public_key(),
                algorithms=["RS256"],
                audience=AUDIENCE,
                issuer=ACCOUNT,
                options={"require": ["exp", "iat", "scope"]},
            )
            assert claims["scope"] == SCOPE
            assert claims["exp"] - claims["iat"] <= timedelta(hours=1).total_seconds()
        except (jwt.InvalidTokenError, AssertionError, KeyError):
            return KEY_REVOKED
        token = uuid4().hex
        self._tokens[token] = clock.now() + self.token_lasts
        seconds = int(self.token_lasts.total_seconds())
        return Reply(body={"access_token": token, "expires_in": seconds, "token_type": "Bearer"})

    def _judge(self, asked: Asked) -> Reply:
        bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(bearer, datetime.min.replace(tzinfo=clock.LONDON)) <= clock.now():
            return UNAUTHENTICATED
        message = json.loads(asked.body)["message"]
        if wrong := [*faults_of(message)]:
            return refusal(400, "INVALID_ARGUMENT", bad_fields(*wrong))
        address = message.get("fid") or message["token"]
        if script := self._scripts[address]:
            return _quoting(script.popleft(), address)
        if self.always is not None:
            return _quoting(self.always, address)
        return Reply(body={"name": f"projects/{PROJECT}/messages/{uuid4().hex}"})

    def _record(self, asked: Asked, reply: Reply) -> None:
        body = json.loads(asked.body)
        push = Push(
            message=body["message"],
            dry_run=body.get("validate_only", False),
            status=0 if reply.hangs_up else reply.status,
            at=clock.now(),
        )
        self.pushes.append(push)
        self._unexpected.append(push)
        self._arrived.notify_all()


def _quoting(reply: Reply, address: str) -> Reply:
    content = reply.content().replace(ADDRESS.encode(), address.encode())
    return replace(reply, body=content)


LARGEST = 4096
"""Bytes of a message that Google takes."""


def faults_of(message: dict[str, Any]) -> list[str]:
    """The fields Google would refuse."""
    data = message.get("data", {})
    apns = message.get("apns", {}).get("headers", {})
    right = {
        "message": len({"fid", "token"} & set(message)) == 1
        and not {"topic", "condition"} & set(message)
        and len(json.dumps(message)) <= LARGEST,
        "message.data": all(isinstance(value, str) for value in data.values())
        and not {"from", "gcm", "message_type"} & set(data),
        "message.android.ttl": str(message.get("android", {}).get("ttl", "0s")).endswith("s"),
        "message.apns.headers": all(isinstance(value, str) for value in apns.values())
        and len(apns.get("apns-collapse-id", "")) <= 64,
    }
    return [name for name, is_right in right.items() if not is_right]
