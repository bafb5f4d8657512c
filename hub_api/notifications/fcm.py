"""Push to phones by Firebase Cloud Messaging: one message, one call, and how it ended.

The only file that imports firebase-admin, which costs a second and 20 MB: only what sends opens it.
Left at its defaults the library retries inside `send()`, so that a read timeout doubles a push, and
waits for two minutes. Here the ledger retries and nothing else does, and an attempt ends when its
time is up (`deadline.py`).
"""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import firebase_admin
import structlog
from firebase_admin import exceptions, messaging
from google.auth import exceptions as auth_exceptions
from google.auth.transport import requests as auth_transport
from google.oauth2 import service_account

from hub_api import clock
from hub_api.notifications import deadline
from hub_api.notifications.channels import Ending, Outcome, failed, fault, gone, later
from hub_api.notifications.models import DeviceKind, DropReason
from hub_api.notifications.retry_after import wait_of
from hub_api.settings import Channels, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from hub_api.notifications.channels import Message, Recipient

log = structlog.get_logger(__name__)

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
SEND_WITHIN = 10
"""Seconds to connect, and again to wait for a byte of an answer."""
TOKEN_WITHIN = (3, 5)
"""Seconds to connect, and to wait for an access token."""
QUOTA_WAIT = timedelta(seconds=10)
"""The least to wait when there was too much, which Google asks for when it names no time."""
SERVER_ERROR = 500

UNAUTHENTICATED = "unauthenticated"
"""The reason when an access token is refused."""


class _Credentials(service_account.Credentials):
    """A service account whose access token is fetched by one thread at a time, and once.

    The library's own refresh has no lock: every sender would ask for a token of its own. Whoever
    waited while another failed does not try again: a dead token host must not make senders queue.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._fetching = threading.Lock()
        self._failures = 0
        self._token_host = auth_transport.Request()
        deadline.bind(self._token_host.session)

    def _is_regional_access_boundary_lookup_required(self) -> bool:
        # google-auth from 2.55 on would ask Google from a thread of its own.
        return False

    def before_request(self, request: Any, method: str, url: str, headers: Any) -> None:
        failures = self._failures
        if not self._fetching.acquire(timeout=deadline.left()):
            raise auth_exceptions.TransportError("Another thread is still trying.")
        try:
            if self._failures != failures and not self.valid:
                raise auth_exceptions.TransportError("Another thread has just tried.")
            try:
                super().before_request(request, method, url, headers)
            except Exception:
                self._failures += 1
                raise
        finally:
            self._fetching.release()

    def refresh(self, request: Any) -> None:  # noqa: ARG002 - the library's, which would retry
        asked_before = False

        def ask_once(**asked: Any) -> Any:
            nonlocal asked_before
            if asked_before:
                raise auth_exceptions.TransportError("The token host can't answer now.")
            asked_before = True
            response = self._token_host(**{**asked, "timeout": TOKEN_WITHIN})
            if response.status >= SERVER_ERROR or response.status in {408, 429}:
                raise auth_exceptions.TransportError("The token host can't answer now.")
            return response

        super().refresh(ask_once)

    def forget_token(self) -> None:
        """Have another fetched before the next push."""
        with self._fetching:
            self.token = None

    def close(self) -> None:
        self._token_host.session.close()


class Fcm:
    """The channel `fcm`. Its threads share one access token and one pool of connections."""

    def __init__(self, credentials_file: Path, url: str) -> None:
        account = _service_account(credentials_file)
        project = account["project_id"]
        try:
            self._credentials = _Credentials.from_service_account_info(account, scopes=[SCOPE])
        except ValueError:
            raise SettingsError(_NO_ACCOUNT.format(credentials_file)) from None
        self._app = firebase_admin.initialize_app(
            self._credentials,
            {"projectId": project, "httpTimeout": SEND_WITHIN},
            name=f"push-{uuid4().hex}",
        )
        # Nothing public says where to send, nor that nothing is to be tried again.
        service = messaging._get_messaging_service(self._app)
        if url != Channels().fcm_url:
            service._fcm_url = f"{url}/v1/projects/{project}/messages:send"
        self._session = service._client.session
        deadline.bind(self._session)
        # A 401 is not asked again at once either: that is for the ledger, with another token.
        self._session._max_refresh_attempts = 0

    def send(self, message: Message, recipient: Recipient, *, dry_run: bool = False) -> Outcome:
        """Try once. `dry_run`: Google checks it (`validate_only`) and sends nothing."""
        try:
            built = _build(message, recipient)
            str(built)  # encodes it, so that only here an error is the message's own fault
        except (ValueError, TypeError):
            return BAD_MESSAGE
        try:
            name = messaging.send(built, dry_run=dry_run, app=self._app)
        except Exception as error:  # noqa: BLE001 - whatever happens is an outcome
            outcome = _outcome_of(error)
            if outcome.reason == UNAUTHENTICATED:
                self._credentials.forget_token()
            return outcome
        return Outcome(ending=Ending.ACCEPTED, provider_id=str(name).rsplit("/", 1)[-1])

    def close(self) -> None:
        """Let go of its connections; nothing can be sent by it afterwards."""
        firebase_admin.delete_app(self._app)
        self._session.close()
        self._credentials.close()


def from_settings(channels: Channels) -> Fcm | None:
    """The channel, or None without credentials; asks nobody anything.

    Raises `SettingsError` for credentials that can't be used.
    """
    path = channels.fcm_credentials_file
    return None if path is None else Fcm(path, channels.fcm_url)


_NO_ACCOUNT = "HUB_FCM_CREDENTIALS_FILE={} is no service account's key, as Firebase gives it out."


def _service_account(path: Path) -> dict[str, Any]:
    try:
        account = json.loads(path.read_text())
    except OSError as error:
        raise SettingsError(
            f"HUB_FCM_CREDENTIALS_FILE={path} can't be read ({error.strerror})."
        ) from None
    except ValueError:
        raise SettingsError(_NO_ACCOUNT.format(path)) from None
    if not isinstance(account, dict) or not isinstance(account.get("project_id"), str):
        raise SettingsError(_NO_ACCOUNT.format(path))
    return account


# --- what is sent ----------------------------------------------------------------------------


def _build(message: Message, recipient: Recipient) -> messaging.Message:
    """Constant words and an opaque id, which is also what makes a repetition replace the first.

    Every message shows something, so each may wake the phone: high priority, and 10 with Apple.
    """
    nid = str(message.notification_id)
    ttl = message.seconds
    urgent = {"interruption-level": "time-sensitive"} if message.is_urgent else None
    built = messaging.Message(
        data={"nid": nid, "category": str(message.topic)},
        notification=messaging.Notification(title=message.title, body=message.body),
        android=messaging.AndroidConfig(
            collapse_key=nid,
            priority="high",
            ttl=ttl,
            notification=messaging.AndroidNotification(tag=nid, visibility="private"),
        ),
        apns=messaging.APNSConfig(
            headers={
                "apns-collapse-id": nid,
                "apns-priority": "10",
                "apns-expiration": str(int(clock.now().timestamp()) + ttl if ttl else 0),
            },
            payload=messaging.APNSPayload(messaging.Aps(sound="default", custom_data=urgent)),
        ),
        webpush=messaging.WebpushConfig(
            # A topic has room for 32 characters (RFC 8030).
            headers={"Topic": message.notification_id.hex, "TTL": str(ttl), "Urgency": "high"},
            notification=messaging.WebpushNotification(tag=nid),
        ),
    )
    # Set and not passed: a token in the constructor warns, and warnings are the whole process's.
    if recipient.kind == DeviceKind.FID:
        built.fid = recipient.address
    else:
        built.token = recipient.address
    return built


# --- how it ended ----------------------------------------------------------------------------


BAD_MESSAGE = failed("bad_message")

_ENDINGS: dict[type[Exception], Outcome] = {
    messaging.UnregisteredError: gone(DropReason.UNREGISTERED),
    messaging.SenderIdMismatchError: gone(DropReason.WRONG_SENDER),
    # Whatever is wrong with these is wrong for every phone.
    messaging.ThirdPartyAuthError: fault("third_party_auth"),
    exceptions.NotFoundError: fault("no_such_project"),
    exceptions.PermissionDeniedError: fault("permission_denied"),
    exceptions.UnauthenticatedError: fault(UNAUTHENTICATED),
    exceptions.InternalError: later("service_error"),
    exceptions.UnavailableError: later("service_unavailable"),
    exceptions.DeadlineExceededError: later("timeout"),
    # No answer, or one that makes no sense.
    exceptions.UnknownError: later("service_error"),
    auth_exceptions.GoogleAuthError: later("token_host_unavailable"),
    # A 200 that is not what it should be; perhaps it was sent, and a repetition collapses.
    KeyError: later("malformed_answer"),
    AttributeError: later("malformed_answer"),
    TypeError: later("malformed_answer"),
    UnicodeError: later("malformed_answer"),
}
"""By the error, the nearest of its bases first."""


def _outcome_of(error: Exception) -> Outcome:
    """What an error of the library means. Its words are read by nobody: they may quote a token."""
    if isinstance(error, exceptions.InvalidArgumentError):
        return _of_invalid_argument(error)
    if isinstance(error, exceptions.ResourceExhaustedError):
        return later("quota", max(QUOTA_WAIT, _retry_after(error) or QUOTA_WAIT))
    if isinstance(error, auth_exceptions.RefreshError):
        return later("token_host_unavailable") if error.retryable else fault("key_refused")
    for kind in type(error).__mro__:
        outcome = _ENDINGS.get(kind)
        if outcome is not None and outcome.ending is Ending.LATER:
            return later(outcome.reason or "", _retry_after(error))
        if outcome is not None:
            return outcome
    log.warning("fcm_unexpected", error=type(error).__name__)
    return later("unexpected", _retry_after(error))


FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
ADDRESS_FIELDS = {"message.token", "message.fid"}


def _of_invalid_argument(error: exceptions.InvalidArgumentError) -> Outcome:
    """Tell a bad address from a bad message: only the details differ.

    A message of ours that is wrong must never drop people's phones: what names a field other than
    the address, or says nothing, is the message's fault.
    """
    details = _details(error)
    fields = {
        str(violation.get("field"))
        for detail in details
        if detail.get("@type") == BAD_REQUEST
        for violation in detail.get("fieldViolations") or [{}]
    }
    is_fcm_error = any(detail.get("@type") == FCM_ERROR for detail in details)
    if (fields and fields <= ADDRESS_FIELDS) or (not fields and is_fcm_error):
        return gone(DropReason.BAD_ADDRESS)
    return BAD_MESSAGE


def _details(error: exceptions.FirebaseError) -> list[dict[str, Any]]:
    try:
        details = error.http_response.json()["error"]["details"]
        return [detail for detail in details if isinstance(detail, dict)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _retry_after(error: Exception) -> timedelta | None:
    """How long to wait, if the answer says so."""
    response = getattr(error, "http_response", None)
    return None if response is None else wait_of(response.headers.get("Retry-After"))
