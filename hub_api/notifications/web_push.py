"""Push to browsers (RFC 8030), sealed for one of them (RFC 8291) and signed by us (RFC 8292).

The only file that imports pywebpush, which seals and signs. The request is made here, because the
library's own follows redirects and reads whatever it is answered: an endpoint is an address that
somebody gave us. An attempt ends when its time is up (`deadline.py`); nothing is tried again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING

import requests
import structlog
from py_vapid import Vapid02
from pywebpush import WebPusher

from hub_api import clock
from hub_api.notifications import deadline, endpoints, vapid_keys
from hub_api.notifications.channels import Ending, Outcome, failed, fault, gone, later
from hub_api.notifications.models import DropReason
from hub_api.notifications.retry_after import wait_of
from hub_api.settings import SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec

    from hub_api.notifications.channels import Message, Recipient
    from hub_api.settings import Channels

log = structlog.get_logger(__name__)

WITHIN = (5, 10)
"""Seconds to connect, and to wait for a byte of the answer."""
ANSWER_READ = 2048
"""Bytes of an answer that are looked at. They decide, and are neither kept nor logged."""
SIZE = 512
"""Bytes every message is filled up to: its length shall not tell what it is about."""
SIGNED_FOR = timedelta(hours=12)
"""A signature is refused when it lasts over a day."""
SIGN_AGAIN = timedelta(hours=1)
"""Apple asks for the same signature to be used for a while."""
LEAST_WAIT = timedelta(seconds=10)
"""After a 429 that names no time."""

_CONTACT = re.compile(r"mailto:[^@\s]+@[\w-]+(\.[\w-]+)+|https://[\w-]+(\.[\w-]+)+", re.ASCII)
"""Apple refuses a contact that can't be one, such as a mailbox at localhost."""


def from_settings(channels: Channels) -> WebPush | None:
    """The channel, or None without a key. Raises `SettingsError` for what is half set."""
    if channels.vapid_key_file is None:
        if channels.vapid_contact:
            raise SettingsError("HUB_VAPID_CONTACT is set and HUB_VAPID_KEY_FILE is not.")
        return None
    if not _CONTACT.fullmatch(channels.vapid_contact):
        raise SettingsError(
            f"HUB_VAPID_CONTACT={channels.vapid_contact!r} is not usable: give whom a push service "
            "may write to, such as mailto:hub@example.org."
        )
    return WebPush(
        vapid_keys.load(channels.vapid_key_file), channels.vapid_contact, channels.web_push_hosts
    )


@dataclass(slots=True)
class _Signature:
    """The `Authorization` for one push service, and whether it has taken it yet."""

    header: str
    made_at: datetime
    was_taken: bool = False


class WebPush:
    """The channel `webpush`. Its threads share one pool of connections."""

    def __init__(
        self, key: ec.EllipticCurvePrivateKey, contact: str, hosts: tuple[str, ...]
    ) -> None:
        self._vapid = Vapid02(key)
        self._contact = contact
        self._hosts = hosts
        self._signatures: dict[str, _Signature] = {}
        self._session = requests.Session()
        # Nobody's cookie goes with somebody else's message.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        deadline.bind(self._session)

    def send(self, message: Message, recipient: Recipient, *, dry_run: bool = False) -> Outcome:
        """Try once. `dry_run`: no push service offers one, so only what can be seen from here."""
        service = endpoints.service_at(recipient.address, self._hosts)
        if service is None:
            return failed("host_not_allowed")
        sealed = _sealed(message, recipient)
        if sealed is None:
            return gone(DropReason.BAD_ADDRESS)
        if dry_run:
            return Outcome(ending=Ending.ACCEPTED, reason="not_asked")
        signature = self._signature_for(service)
        try:
            return self._post(recipient.address, sealed, _headers(message), signature)
        except requests.exceptions.SSLError:
            return later("tls")
        except requests.exceptions.Timeout:
            return later("timeout")
        except requests.exceptions.RequestException:
            return later("unreachable")
        except Exception as error:  # noqa: BLE001 - whatever happens is an outcome
            log.warning("web_push_unexpected", error=type(error).__name__)
            return later("unexpected")

    def close(self) -> None:
        """Let go of its connections."""
        self._session.close()

    def _signature_for(self, service: str) -> _Signature:
        """One for each push service, used for an hour."""
        now = clock.now()
        kept = self._signatures.get(service)
        if kept is None or not timedelta() <= now - kept.made_at < SIGN_AGAIN:
            expires = int((now + SIGNED_FOR).timestamp())
            claims = {"aud": service, "exp": expires, "sub": self._contact}
            kept = _Signature(self._vapid.sign(claims)["Authorization"], now)
            self._signatures[service] = kept
        return kept

    def _post(
        self, endpoint: str, sealed: bytes, headers: dict[str, str], signature: _Signature
    ) -> Outcome:
        response = self._session.post(
            endpoint,
            data=sealed,
            headers={**headers, "Authorization": signature.header},
            timeout=WITHIN,
            allow_redirects=False,
            stream=True,
        )
        try:
            # What is there of it: a server that drips could keep a sender for hours.
            said = response.raw.read1(ANSWER_READ) or b""
        except Exception:  # noqa: BLE001 - the status is there, the words only help
            said = b""
        finally:
            response.close()
        if response.status_code < 300:
            signature.was_taken = True
        return _outcome_of(response, said.decode("utf-8", "replace"), signature)


# --- what is sent ----------------------------------------------------------------------------


def _sealed(message: Message, recipient: Recipient) -> bytes | None:
    """The message as that browser alone can read it; None when its keys are none."""
    words = {
        "nid": str(message.notification_id),
        "category": str(message.topic),
        "title": message.title,
        "body": message.body,
    }
    keys = {"p256dh": recipient.p256dh, "auth": recipient.auth}
    try:
        pusher = WebPusher({"endpoint": recipient.address, "keys": keys})
        sealed = pusher.encode(json.dumps(words).encode().ljust(SIZE), "aes128gcm")
        return bytes(sealed["body"])
    except Exception as error:  # noqa: BLE001 - whatever is no key raises what it likes
        log.warning("web_push_keys_unusable", error=type(error).__name__)
        return None


def _headers(message: Message) -> dict[str, str]:
    """A repetition replaces the first, by its topic, while a browser has not fetched it.

    The topic is 32 hexadecimal digits: Mozilla asks for letters and digits, Apple for base64.
    """
    return {
        "Content-Type": "application/octet-stream",
        "Content-Encoding": "aes128gcm",
        "Accept-Encoding": "identity",
        "TTL": str(message.seconds),
        "Urgency": "high" if message.is_urgent else "normal",
        "Topic": message.notification_id.hex,
    }


# --- how it ended ----------------------------------------------------------------------------


_OTHER_KEY = (
    "vapid public key mismatch",  # Mozilla, 401
    "do not correspond to the credentials used to create",  # Google, 403
    "vapidpkhashmismatch",  # Apple, 400
)
"""The browser has subscribed to another sender's key; no message of ours will ever reach it."""
_NO_SUCH_BROWSER = ("baddevicetoken",)
"""Apple, 400."""
_UNSIGNED = ("unauthorizedregistration",)
"""Google, 400, for what others answer with 401."""

_TOO_MANY = {429, 406}
"""406 is Microsoft's."""
_NOT_NOW = {408, 425}


def _outcome_of(response: requests.Response, said: str, signature: _Signature) -> Outcome:
    """What an answer means. A word in it can tell one browser's fault from ours, nothing more."""
    status, said = response.status_code, said.lower()
    wait = wait_of(response.headers.get("Retry-After"))
    if status < 300:
        # Its `Location` is a message's own address, by which it could be taken back: not kept.
        return Outcome(ending=Ending.ACCEPTED)
    if status < 400:
        return later("redirected", wait)
    if status in {404, 410}:
        return gone(DropReason.UNREGISTERED)
    if status in _TOO_MANY:
        return later("quota", max(LEAST_WAIT, wait or LEAST_WAIT))
    if status >= 500 or status in _NOT_NOW:
        return later("service_error", wait)
    return _refused(status, said, signature)


def _refused(status: int, said: str, signature: _Signature) -> Outcome:
    """A 4xx that no waiting mends: because of this browser, of this message, or of our key.

    Only the last stops the channel. A signature that this service has taken before is a good one:
    what is refused with it is one browser's affair, and must not keep messages from all others.
    """
    if any(words in said for words in _OTHER_KEY):
        return gone(DropReason.WRONG_SENDER)
    if any(words in said for words in _NO_SUCH_BROWSER):
        return gone(DropReason.BAD_ADDRESS)
    if status in {401, 403} or any(words in said for words in _UNSIGNED):
        if signature.was_taken:
            return failed("refused")
        return fault("key_refused")
    return failed("too_large" if status == 413 else "refused")
