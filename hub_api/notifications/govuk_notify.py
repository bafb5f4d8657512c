"""E-mail and text messages by GOV.UK Notify: one message, one call, and how it ended.

The only file that imports the client of GOV.UK Notify. Notify does not recognise a repetition, and
a text message can't be taken back. So each carries a reference, and where an earlier attempt may
have arrived Notify is asked for it first. All of it together ends when an attempt's time is up
(`deadline.py`).
"""

from __future__ import annotations

import logging
import re
import threading
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import requests
import structlog
from notifications_python_client.errors import APIError, InvalidResponse
from notifications_python_client.notifications import NotificationsAPIClient

from hub_api import clock
from hub_api.notifications import deadline
from hub_api.notifications.channels import Ending, Outcome, failed, fault, later
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hub_api.notifications.channels import Message, Recipient
    from hub_api.settings import Channels

log = structlog.get_logger(__name__)

# It quotes what Notify says, which quotes people's numbers.
logging.getLogger("notifications_python_client").setLevel(logging.CRITICAL + 1)

EMAIL, SMS = "email", "sms"
_SETTING = {EMAIL: "HUB_NOTIFY_EMAIL_TEMPLATE", SMS: "HUB_NOTIFY_SMS_TEMPLATE"}
ASK_WITHIN = (3, 5)
"""Seconds to connect, and to wait for an answer that changes nothing."""
SEND_WITHIN = (3, 10)
"""Seconds to connect, and to wait until Notify has taken a message."""
SETTLES = timedelta(seconds=30)
"""After this Notify knows whether it took a message that it has not answered."""
RATE_WAIT = timedelta(seconds=10)
"""After too many in a minute; Notify lets fifty a second through."""
PLACEHOLDERS = {"title", "body"}
"""What a template may ask for (docs/operator.md)."""

_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_KEY = re.compile(rf"(.+-)?{_ID}-{_ID}", re.ASCII | re.IGNORECASE)
"""A name, the id of the service, and the secret."""


def from_settings(channels: Channels) -> GovukNotify | None:
    """The channel for both, or for the one that has a template; None without a key.

    Raises `SettingsError` for what is half set.
    """
    templates = {EMAIL: channels.notify_email_template, SMS: channels.notify_sms_template}
    for kind, template in templates.items():
        if template and not re.fullmatch(_ID, template, re.ASCII | re.IGNORECASE):
            raise SettingsError(
                f"{_SETTING[kind]}={template!r} is not the id of a template at GOV.UK Notify."
            )
    named = {kind: template.lower() for kind, template in templates.items() if template}
    if channels.notify_key_file is None:
        for kind in named:
            raise SettingsError(f"{_SETTING[kind]} is set and HUB_NOTIFY_KEY_FILE is not.")
        return None
    if not named:
        raise SettingsError(
            "HUB_NOTIFY_KEY_FILE is set and neither HUB_NOTIFY_EMAIL_TEMPLATE nor "
            "HUB_NOTIFY_SMS_TEMPLATE is."
        )
    try:
        key = channels.notify_key_file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        key = ""
    if not _KEY.fullmatch(key):
        raise SettingsError(
            f"HUB_NOTIFY_KEY_FILE={channels.notify_key_file} can't be read or holds no API key of "
            "GOV.UK Notify."
        )
    return GovukNotify(key, channels.notify_url, named)


class GovukNotify:
    """The channels `email` and `sms`, told apart by the recipient's kind."""

    def __init__(self, key: str, url: str, templates: dict[str, str]) -> None:
        self._key, self._url, self._templates = key, url, templates
        self._mine = threading.local()
        self._sessions: list[requests.Session] = []

    def send(self, message: Message, recipient: Recipient, *, dry_run: bool = False) -> Outcome:
        """Try once. `dry_run`: Notify fills the template in and sends nothing."""
        if recipient.kind not in self._templates:
            return failed("no_template")
        try:
            if dry_run:
                return self._preview(message, recipient.kind)
            if message.may_be_repeat and (sent := self._sent_before(message, recipient.kind)):
                return sent
            return self._send(message, recipient)
        except APIError as error:
            return _outcome_of(error)
        except Exception as error:  # noqa: BLE001 - whatever happens is an outcome
            log.warning("govuk_notify_unexpected", error=type(error).__name__)
            return later("unexpected", SETTLES)

    def close(self) -> None:
        """Let go of its connections."""
        for session in self._sessions:
            session.close()

    def _client(self, within: tuple[int, int]) -> NotificationsAPIClient:
        """This thread's own: the client is not for several at once."""
        client: NotificationsAPIClient | None = getattr(self._mine, "client", None)
        if client is None:
            client = NotificationsAPIClient(self._key, base_url=self._url)
            deadline.bind(client.request_session)
            # A redirect would take somebody's number elsewhere.
            client.request_session.max_redirects = 0
            self._sessions.append(client.request_session)
            self._mine.client = client
        client.timeout = within
        return client

    def _preview(self, message: Message, kind: str) -> Outcome:
        try:
            self._client(ASK_WITHIN).post_template_preview(self._templates[kind], _words(message))
        except APIError as error:
            if error.response is not None and error.status_code in {400, 404}:
                return fault("template")
            raise
        return Outcome(ending=Ending.ACCEPTED)

    def _sent_before(self, message: Message, kind: str) -> Outcome | None:
        """What became of an earlier attempt that Notify has, whatever we were told of it."""
        reference = _reference(message, kind)
        answer = self._client(ASK_WITHIN).get_all_notifications(
            template_type=kind, reference=reference
        )
        for sent in answer["notifications"]:
            if sent["reference"] == reference:
                return Outcome(ending=Ending.ACCEPTED, provider_id=str(sent["id"]))
        return None

    def _send(self, message: Message, recipient: Recipient) -> Outcome:
        client = self._client(SEND_WITHIN)
        by_kind: dict[str, Callable[..., Any]] = {
            EMAIL: client.send_email_notification,
            SMS: client.send_sms_notification,
        }
        try:
            answer = by_kind[recipient.kind](
                recipient.address,
                self._templates[recipient.kind],
                personalisation=_words(message),
                reference=_reference(message, recipient.kind),
            )
        except APIError as error:
            if error.response is not None and error.status_code == 400:
                return self._of_bad_request(error, recipient.kind)
            raise
        return Outcome(ending=Ending.ACCEPTED, provider_id=str(answer["id"]))

    def _of_bad_request(self, error: APIError, kind: str) -> Outcome:
        """Tell this recipient's fault from the template's, which is everybody's.

        Notify has one status and one type of error for both and asks not to go by its words, so the
        template is looked at. Whom a team-only key or a service on trial may not send to is one
        recipient: the others must not wait for them.
        """
        if not self._is_template_well(kind):
            return fault("template")
        is_address = _types_of(error) == {"ValidationError"}
        return Outcome(
            ending=Ending.FAILED, reason="bad_address" if is_address else "recipient_refused"
        )

    def _is_template_well(self, kind: str) -> bool:
        """Whether it is there, of its kind, and asks for nothing that we don't say."""
        for template in self._client(ASK_WITHIN).get_all_templates(kind)["templates"]:
            if template["id"] == self._templates[kind]:
                return set(template.get("personalisation") or {}) <= PLACEHOLDERS
        return False


def _words(message: Message) -> dict[str, str]:
    return {"title": message.title, "body": message.body}


def _reference(message: Message, kind: str) -> str:
    """By what a repetition is known. It says nothing about anybody."""
    return f"{message.notification_id}-{kind}"


# --- how it ended ----------------------------------------------------------------------------


_FAULTS = {
    401: "key_refused",
    403: "key_refused",  # or this machine's clock is more than 30 s wrong
    404: "no_such_service",
    405: "no_such_service",
}


def _outcome_of(error: APIError) -> Outcome:
    """What an error means. Its words are read by nobody: they may quote a number."""
    if error.response is None:
        return later(_no_answer(error.__cause__), SETTLES)
    status = error.status_code
    if isinstance(error, InvalidResponse):
        return later("malformed_answer", SETTLES)
    if status in _FAULTS:
        return fault(_FAULTS[status])
    if status == 429:
        is_for_today = "TooManyRequestsError" in _types_of(error)
        return later("day_limit", _until_midnight()) if is_for_today else later("quota", RATE_WAIT)
    if status >= 500 or status == 408:
        return later("service_error", SETTLES)
    if status < 400:
        return fault("redirected")
    return failed("refused")


def _no_answer(cause: BaseException | None) -> str:
    if isinstance(cause, requests.exceptions.SSLError):
        return "tls"
    return "timeout" if isinstance(cause, requests.exceptions.Timeout) else "unreachable"


def _types_of(error: APIError) -> set[str]:
    """The types of error an answer names, which Notify promises not to change."""
    try:
        answer = error.response.json() if error.response is not None else {}
        return {str(named["error"]) for named in answer["errors"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()


def _until_midnight() -> timedelta:
    """Until Notify counts anew, at midnight in UTC."""
    now = clock.now()
    tomorrow = now.date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), tzinfo=UTC) - now
