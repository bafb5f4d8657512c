"""GOV.UK Notify on this machine: it checks who asks, fills templates in, and keeps what it took.

It answers as the API of Notify does, by status and type of error, and like it does not recognise
a repetition. What a test did not expect fails it.
"""

import json
import re
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import jwt

from hub_api import clock
from hub_api.settings import Channels
from tests.standins.server import Asked, Reply, StandIn

SERVICE = "26785a09-ab16-4eb0-8407-a37497a57506"
SECRET = "3d844edf-8d35-48ac-975b-e847b4f122b0"
KEY = f"hub_in_a_test-{SERVICE}-{SECRET}"
EMAIL_TEMPLATE = "9d751e0e-f929-4891-82a1-a3e1c3c18ee3"
SMS_TEMPLATE = "f33517ff-2a88-4f6e-b855-c550268ce08a"
CLOCKS_DIFFER_BY = 30
"""Seconds that the time in a token may be off."""


def refusal(status: int, error: str, message: str = "No.", **reply: Any) -> Reply:
    body = {"status_code": status, "errors": [{"error": error, "message": message}]}
    return Reply(status=status, body=body, **reply)


TEAM_KEY = refusal(400, "BadRequestError", "Can't send to this recipient using a team-only API key")
TRIAL = refusal(
    400, "BadRequestError", "Can't send to this recipient when service is in trial mode"
)
BAD_NUMBER = refusal(400, "ValidationError", "phone_number Not enough digits")
BAD_EMAIL = refusal(400, "ValidationError", "email_address Not a valid email address")
NO_TEMPLATE = refusal(400, "BadRequestError", "Template not found")
KEY_REFUSED = refusal(403, "AuthError", "Invalid token: API key not found")
CLOCK = refusal(403, "AuthError", "Error: Your system clock must be accurate to within 30 seconds")
NOT_FOUND = refusal(404, "NoResultFound", "No result found")
RATE = refusal(429, "RateLimitError", "Exceeded rate limit for key type LIVE of 3000 requests")
DAY_LIMIT = refusal(429, "TooManyRequestsError", "Exceeded send limits (sms: 50) for today")
BROKEN = refusal(500, "Exception", "Internal server error")
HANGS_UP = Reply(hangs_up=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that Notify took."""

    id: str
    type: str
    to: str
    reference: str | None
    subject: str
    body: str

    @property
    def nid(self) -> UUID:
        return UUID((self.reference or "").rpartition("-")[0])


@dataclass
class Template:
    type: str
    body: str
    subject: str = ""

    @property
    def placeholders(self) -> set[str]:
        return set(re.findall(r"\(\((\w+)\)\)", self.subject + self.body))

    def filled(self, text: str, words: dict[str, str]) -> str:
        return re.sub(r"\(\((\w+)\)\)", lambda found: words[found[1]], text)


def _templates() -> dict[str, Template]:
    """As docs/operator.md has them."""
    return {
        EMAIL_TEMPLATE: Template(
            "email",
            "((body))\n\n"
            "Please open the app to see what it is about. To keep it private, this e-mail doesn't "
            "say.\n\n"
            "In the app you can choose what you hear of by e-mail. Nobody reads replies to this "
            "one.",
            "((title)): you have a message from the Mockingbird hub",
        ),
        SMS_TEMPLATE: Template("sms", "((title)): ((body))"),
    }


@dataclass(frozen=True)
class _Step:
    reply: Reply
    takes: bool


class GovukNotify(StandIn):
    """One service at GOV.UK Notify, with the two templates of the hub."""

    def __init__(self) -> None:
        super().__init__()
        self.templates = _templates()
        self.sent: list[Sent] = []
        self.asked: Counter[str] = Counter()
        """How often each address was asked, by method and path."""
        self.wrong: list[str] = []
        """What no client of ours may ask; a test that means to takes it out."""
        self._unexpected: list[Sent] = []
        self._arrived = threading.Condition(self.lock)
        self._scripts: defaultdict[str, deque[_Step]] = defaultdict(deque)

    # --- setting up

    def channels(self, folder: Path, key: str = KEY) -> Channels:
        """The hub's settings for this stand-in."""
        path = folder / "notify.key"
        path.write_text(f"{key}\n")
        return Channels(
            notify_key_file=path,
            notify_url=self.url,
            notify_email_template=EMAIL_TEMPLATE,
            notify_sms_template=SMS_TEMPLATE,
        )

    def will_answer(self, to: str, *replies: Reply, takes: bool = False) -> None:
        """What the next messages to a recipient are answered, whether or not it took them.

        `to` may also be a path, for what is not sent to anybody.
        """
        with self.lock:
            self._scripts[to].extend(_Step(reply, takes) for reply in replies)

    # --- what the test says of what came

    def expect(self, to: str, *, within: float = 5.0) -> Sent:
        """Wait for one message to somebody, and take it as expected."""

        def found() -> Sent | None:
            return next((sent for sent in self._unexpected if sent.to == to), None)

        with self._arrived:
            sent = self._arrived.wait_for(found, within)
            assert sent, f"nothing to {to}, but {self._unexpected}"
            self._unexpected.remove(sent)
            return sent

    def refuse_unexpected(self) -> None:
        """Fail if anything came that the test did not expect."""
        with self.lock:
            assert not self._unexpected, f"nobody expected {self._unexpected}"
            assert not self.wrong, self.wrong

    # --- answering

    def answer(self, asked: Asked) -> Reply:
        path = urlsplit(asked.path).path
        self.asked[f"{asked.method} {path}"] += 1
        if refused := self._refusal_of_key(asked.headers.get("authorization", "")):
            return refused
        if self._scripts[path]:
            return self._scripts[path].popleft().reply
        sending = re.fullmatch(r"/v2/notifications/(sms|email)", path)
        if asked.method == "POST" and sending:
            return self._take(sending[1], json.loads(asked.body))
        preview = re.fullmatch(r"/v2/template/([0-9a-f-]{36})/preview", path)
        if asked.method == "POST" and preview:
            return self._preview(preview[1], json.loads(asked.body))
        query = {name: found[0] for name, found in parse_qs(urlsplit(asked.path).query).items()}
        if asked.method == "GET" and path == "/v2/notifications":
            return self._list_sent(query)
        if asked.method == "GET" and path == "/v2/templates":
            return self._list_templates(query)
        self.wrong.append(f"{asked.method} {asked.path}")
        return NOT_FOUND

    def _refusal_of_key(self, authorization: str) -> Reply | None:
        token = authorization.removeprefix("Bearer ")
        try:
            claims = jwt.decode(
                token,
                SECRET,
                algorithms=["HS256"],
                issuer=SERVICE,
                options={"require": ["iss", "iat"], "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return KEY_REFUSED
        is_now = abs(claims["iat"] - clock.now().timestamp()) <= CLOCKS_DIFFER_BY
        return None if is_now else CLOCK

    def _take(self, kind: str, body: dict[str, Any]) -> Reply:
        name = {"sms": "phone_number", "email": "email_address"}[kind]
        # The text of a template is all there is to say; a key too many could hold anything.
        self.wrong += [
            key for key in body if key not in {name, "template_id", "personalisation", "reference"}
        ]
        to, words = str(body[name]), body.get("personalisation", {})
        step = self._scripts[to].popleft() if self._scripts[to] else None
        if step and not step.takes:
            return step.reply
        template = self.templates.get(body["template_id"])
        if template is None or template.type != kind:
            return NO_TEMPLATE
        if missing := template.placeholders - set(words):
            return refusal(400, "BadRequestError", f"Missing personalisation: {missing}")
        if wrong := next(_faults_of(kind, to), None):
            return wrong
        sent = Sent(
            id=str(uuid4()),
            type=kind,
            to=to,
            reference=body.get("reference"),
            subject=template.filled(template.subject, words),
            body=template.filled(template.body, words),
        )
        self.sent.append(sent)
        self._unexpected.append(sent)
        self._arrived.notify_all()
        answer = {"id": sent.id, "reference": sent.reference, "content": {"body": sent.body}}
        return step.reply if step else Reply(status=201, body=answer)

    def _preview(self, template_id: str, body: dict[str, Any]) -> Reply:
        template = self.templates.get(template_id)
        if template is None:
            return NOT_FOUND
        if missing := template.placeholders - set(body["personalisation"]):
            return refusal(400, "BadRequestError", f"Missing personalisation: {missing}")
        filled = template.filled(template.body, body["personalisation"])
        return Reply(body={"id": template_id, "body": filled})

    def _list_sent(self, query: dict[str, str]) -> Reply:
        found = [
            {"id": sent.id, "reference": sent.reference, "type": sent.type, "status": "created"}
            for sent in self.sent
            if query.get("reference") in {None, sent.reference}
            and query.get("template_type") in {None, sent.type}
        ]
        return Reply(body={"notifications": found, "links": {"current": "/v2/notifications"}})

    def _list_templates(self, query: dict[str, str]) -> Reply:
        found = [
            {
                "id": id_,
                "type": template.type,
                "personalisation": {name: {"required": True} for name in template.placeholders},
            }
            for id_, template in self.templates.items()
            if query.get("type") in {None, template.type}
        ]
        return Reply(body={"templates": found})


def _faults_of(kind: str, to: str) -> Iterator[Reply]:
    if kind == "sms" and not re.fullmatch(r"\+?[0-9]{10,15}", to):
        yield BAD_NUMBER
    if kind == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", to):
        yield BAD_EMAIL
