"""What can be set from outside, and nothing else: one dataclass, read once from the environment.

There is no default secret. Where something needed is missing, `SettingsError` says in one line
what to set; the command line prints that line and stops.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import time, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hub_api import emergency_rules, pack_rules
from hub_api.app_versions import app_version
from hub_api.care_settings import CARE_VARIABLES, CareSettings

if TYPE_CHECKING:
    from collections.abc import Mapping


class SettingsError(Exception):
    """Something in the environment is missing or unusable. Its message is one line."""


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """Where the one database is, seen as each of its three roles (docs/operator.md)."""

    api: str
    worker: str
    migration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """The ways to reach somebody; without credentials each is off and says so."""

    fcm_credentials_file: Path | None = None
    """The service account of Firebase Cloud Messaging, as JSON; unset: no push to phones."""

    fcm_url: str = "https://fcm.googleapis.com"

    vapid_key_file: Path | None = None
    """The private key that signs web push (RFC 8292), as PEM; unset: no push to browsers."""

    vapid_contact: str = ""
    """Whom a push service may write to, such as mailto:hub@example.org."""

    web_push_hosts: tuple[str, ...] = (
        "fcm.googleapis.com",
        "updates.push.services.mozilla.com",
        "web.push.apple.com",
        "notify.windows.com",
    )
    """The hosts a browser's endpoint may be at, those below them included."""

    notify_key_file: Path | None = None
    """The API key of GOV.UK Notify; unset: no e-mail and no text messages."""

    notify_url: str = "https://api.notifications.service.gov.uk"
    notify_email_template: str = ""
    notify_sms_template: str = ""

    quiet_from: time = time(0)
    quiet_until: time = time(0)
    """When nobody who hasn't chosen otherwise is disturbed, on their own clock; equal: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting with its default; docs/operator.md lists the environment variables."""

    host: str = "127.0.0.1"
    port: int = 8000
    data_dir: Path = Path("var")
    """Where the embedded database, the token keys, the logs and the demo logins live."""

    database: DatabaseUrls | None = None
    """Unset: the database embedded in `data_dir`, owned by `hub run`."""

    keys_file: Path | None = None
    """The ring of token keys; unset: `keys.json` in `data_dir`. `hub keys rotate` writes it."""

    data_keys_file: Path | None = None
    """The rings of data keys, never to be lost; unset: `data-keys.json` in `data_dir`."""

    audit_anchor_file: Path | None = None
    """Heads of the audit chain, outside the database; unset: `audit-anchor.log` in `data_dir`."""

    demo: bool = False
    """Put demo data into an empty database that is not the embedded one."""

    api_processes: int = 2
    api_threads: int = 4
    """Threads per API process; each holds at most one database connection."""

    access_token_lifetime: timedelta = timedelta(minutes=10)
    session_lifetime: timedelta = timedelta(days=30)
    """How long a phone may stay silent before its carer must log in again."""

    invite_lifetime: timedelta = timedelta(hours=48)
    link_lifetime: timedelta = timedelta(hours=72)
    """How long an invitation, and a link that asks for consent, may be answered."""

    login_attempts: int = 10
    """Failed logins in five minutes, for one account and from one address."""

    writes_allowed: int = 300
    """Requests that change something, in five minutes, for one account."""

    trusted_proxies: int = 0
    """How many proxies stand in front of the API and say where a request comes from."""

    minimum_app_version: tuple[int, ...] = ()
    """Apps that say they are older are asked to update; empty: none is."""

    refresh_grace: timedelta = timedelta(seconds=10)
    """How long a refresh token may be sent a second time, as honest double taps do."""

    night_starts: time = time(23, 0)
    night_ends: time = time(5, 0)
    """Night D is D `night_starts` to D+1 `night_ends`, London. A stay overlapping it holds it."""

    longest_stay: int = 3
    longest_approved_stay: int = 7
    """Nights a hub carer may accept alone, and a liaison worker approve; then formal respite."""

    dbs_lasts_years: int = 3
    """How long a DBS certificate counts as current (the service's policy)."""

    settling_in: timedelta = timedelta(weeks=4)
    """A placement younger than this is new: a warning."""

    grieving: timedelta = timedelta(weeks=12)
    """How long after a bereavement a stay away carries a warning."""
    early_handover: timedelta = timedelta(hours=12)
    """How long before the arrival agreed a child may come."""
    late_return_after: timedelta = timedelta(hours=1)
    """How long after the time agreed a child's return is late."""

    care: CareSettings = field(default_factory=CareSettings)
    """What is written about stays, and what must be told of it in time."""

    furthest_ahead: timedelta = timedelta(days=400)
    """How far ahead a sleepover may be asked for."""

    senders: int = 4
    """How many notifications the worker sends at a time."""
    packs: pack_rules.PackRules = pack_rules.USUAL
    emergencies: emergency_rules.EmergencyRules = emergency_rules.USUAL
    channels: Channels = Channels()  # how people are reached outside the app

    job_stalled_after: timedelta = timedelta(seconds=30)
    """A job whose worker has not been heard of for this long goes to another worker."""

    supervised: bool = False
    """Started by `hub run`, and to end when that ends."""

    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The rest of the `HUB_` environment, so that `hub doctor` can name what it does not know."""

    @property
    def keys_path(self) -> Path:
        return self.keys_file or self.data_dir / "keys.json"

    @property
    def data_keys_path(self) -> Path:
        return self.data_keys_file or self.data_dir / "data-keys.json"

    @property
    def audit_anchor_path(self) -> Path:
        return self.audit_anchor_file or self.data_dir / "audit-anchor.log"

    @property
    def pgdata(self) -> Path:
        return self.data_dir / "pgdata"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log"

    @property
    def demo_accounts_path(self) -> Path:
        return self.data_dir / "demo-accounts.json"

    def required_database(self) -> DatabaseUrls:
        if self.database is None:
            raise SettingsError(
                "HUB_DATABASE_URL is not set. `hub run` starts an embedded database by itself; "
                "to run the parts one by one, set HUB_DATABASE_URL, HUB_WORKER_DATABASE_URL and "
                "HUB_MIGRATION_DATABASE_URL."
            )
        return self.database


_KNOWN = {
    "HUB_HOST", "HUB_PORT", "HUB_DATA_DIR", "HUB_DATABASE_URL", "HUB_WORKER_DATABASE_URL",
    "HUB_MIGRATION_DATABASE_URL", "HUB_KEYS_FILE", "HUB_DATA_KEYS_FILE", "HUB_AUDIT_ANCHOR_FILE",
    "HUB_DEMO", "HUB_API_PROCESSES", "HUB_API_THREADS", "HUB_NIGHT_STARTS", "HUB_NIGHT_ENDS",
    "HUB_LONGEST_STAY", "HUB_FURTHEST_AHEAD_DAYS", "HUB_JOB_STALLED_SECONDS", "HUB_SUPERVISED",
    "HUB_INVITE_HOURS", "HUB_LOGIN_ATTEMPTS", "HUB_WRITES_ALLOWED", "HUB_TRUSTED_PROXIES",
    "HUB_MINIMUM_APP_VERSION", "HUB_LONGEST_APPROVED_STAY", "HUB_DBS_LASTS_YEARS",
    "HUB_SETTLING_IN_DAYS", "HUB_GRIEVING_DAYS", "HUB_LATE_RETURN_MINUTES",
    "HUB_EARLY_HANDOVER_HOURS", "HUB_SENDERS", "HUB_FCM_CREDENTIALS_FILE", "HUB_FCM_URL",
    "HUB_VAPID_KEY_FILE", "HUB_VAPID_CONTACT", "HUB_WEB_PUSH_HOSTS", "HUB_NOTIFY_KEY_FILE",
    "HUB_NOTIFY_URL", "HUB_NOTIFY_EMAIL_TEMPLATE", "HUB_NOTIFY_SMS_TEMPLATE", "HUB_QUIET_FROM",
    "HUB_QUIET_UNTIL", "HUB_CONSENT_LINK_HOURS", *pack_rules.KNOWN, *CARE_VARIABLES,
    *emergency_rules.KNOWN,
}  # fmt: skip


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises `SettingsError` with one line that says what to do."""
    env = os.environ if environ is None else environ
    number = partial(_whole_number, env)
    return Settings(
        host=env.get("HUB_HOST", "").strip() or "127.0.0.1",
        port=number("HUB_PORT", 8000, 1, 65535),
        data_dir=_folder(env),
        database=_database_urls(env),
        keys_file=_file(env, "HUB_KEYS_FILE"),
        data_keys_file=_file(env, "HUB_DATA_KEYS_FILE"),
        audit_anchor_file=_file(env, "HUB_AUDIT_ANCHOR_FILE"),
        demo=env.get("HUB_DEMO") == "1",
        api_processes=number("HUB_API_PROCESSES", 2, 1, 64),
        api_threads=number("HUB_API_THREADS", 4, 1, 64),
        night_starts=_time_of_day(env, "HUB_NIGHT_STARTS", time(23, 0)),
        night_ends=_time_of_day(env, "HUB_NIGHT_ENDS", time(5, 0)),
        longest_stay=number("HUB_LONGEST_STAY", 3, 1, 21),
        longest_approved_stay=number("HUB_LONGEST_APPROVED_STAY", 7, 1, 21),
        dbs_lasts_years=number("HUB_DBS_LASTS_YEARS", 3, 1, 10),
        settling_in=timedelta(days=number("HUB_SETTLING_IN_DAYS", 28, 0, 365)),
        grieving=timedelta(days=number("HUB_GRIEVING_DAYS", 84, 0, 730)),
        early_handover=timedelta(hours=number("HUB_EARLY_HANDOVER_HOURS", 12, 0, 48)),
        late_return_after=timedelta(minutes=number("HUB_LATE_RETURN_MINUTES", 60, 0, 1440)),
        care=CareSettings.read(number),
        job_stalled_after=timedelta(seconds=number("HUB_JOB_STALLED_SECONDS", 30, 1, 3600)),
        furthest_ahead=timedelta(days=number("HUB_FURTHEST_AHEAD_DAYS", 400, 1, 800)),
        invite_lifetime=timedelta(hours=number("HUB_INVITE_HOURS", 48, 1, 168)),
        link_lifetime=timedelta(hours=number("HUB_CONSENT_LINK_HOURS", 72, 1, 336)),
        login_attempts=number("HUB_LOGIN_ATTEMPTS", 10, 3, 100),
        writes_allowed=number("HUB_WRITES_ALLOWED", 300, 10, 100_000),
        trusted_proxies=number("HUB_TRUSTED_PROXIES", 0, 0, 5),
        minimum_app_version=_version(env, "HUB_MINIMUM_APP_VERSION"),
        senders=number("HUB_SENDERS", 4, 1, 16),
        packs=pack_rules.from_environment(env, _whole_number),
        emergencies=emergency_rules.from_environment(env, _whole_number),
        channels=_channels(env),
        supervised=env.get("HUB_SUPERVISED") == "1",
        extra={k: v for k, v in env.items() if k.startswith("HUB_") and k not in _KNOWN},
    )


def _channels(env: Mapping[str, str]) -> Channels:
    usual = Channels()
    return Channels(
        fcm_credentials_file=_file(env, "HUB_FCM_CREDENTIALS_FILE"),
        fcm_url=_address(env, "HUB_FCM_URL", usual.fcm_url),
        vapid_key_file=_file(env, "HUB_VAPID_KEY_FILE"),
        vapid_contact=env.get("HUB_VAPID_CONTACT", "").strip(),
        web_push_hosts=_words(env, "HUB_WEB_PUSH_HOSTS", usual.web_push_hosts),
        notify_key_file=_file(env, "HUB_NOTIFY_KEY_FILE"),
        notify_url=_address(env, "HUB_NOTIFY_URL", usual.notify_url),
        notify_email_template=env.get("HUB_NOTIFY_EMAIL_TEMPLATE", "").strip(),
        notify_sms_template=env.get("HUB_NOTIFY_SMS_TEMPLATE", "").strip(),
        quiet_from=_time_of_day(env, "HUB_QUIET_FROM", time(22, 0)),
        quiet_until=_time_of_day(env, "HUB_QUIET_UNTIL", time(7, 0)),
    )


def _folder(env: Mapping[str, str]) -> Path:
    text = env.get("HUB_DATA_DIR") or "var"
    try:
        return Path(text).expanduser().resolve()
    except (RuntimeError, OSError, ValueError):
        raise SettingsError(
            f"HUB_DATA_DIR={text!r} is not usable: give a folder such as /tmp/hub."
        ) from None


def _file(env: Mapping[str, str], name: str) -> Path | None:
    return Path(env[name]) if env.get(name) else None


def _words(env: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(env.get(name, "").replace(",", " ").split()) or default


def _address(env: Mapping[str, str], name: str, default: str) -> str:
    """Of a service that is told about people: over https, or on this very machine."""
    text = env.get(name, "").strip().rstrip("/") or default
    try:
        parts = urlsplit(text)
        is_safe = parts.scheme == "https" or (
            parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
        )
        is_usable = is_safe and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise SettingsError(
            f"{name}={text!r} is not usable: give an https address such as {default}."
        )
    return text


def _whole_number(
    env: Mapping[str, str], name: str, default: int, lowest: int, highest: int
) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and lowest <= int(text) <= highest):
        raise SettingsError(
            f"{name}={text!r} is not usable: give a whole number from {lowest} to {highest}."
        )
    return int(text)


def _version(env: Mapping[str, str], name: str) -> tuple[int, ...]:
    text = env.get(name, "").strip()
    found = app_version(text) if text else ()
    if found is None:
        raise SettingsError(f"{name}={text!r} is not usable: give a version such as 1.4.0.")
    return found


def _time_of_day(env: Mapping[str, str], name: str, default: time) -> time:
    text = env.get(name, "").strip()
    try:
        return time.fromisoformat(text) if text else default
    except ValueError:
        raise SettingsError(
            f"{name}={text!r} is not usable: give a time of day such as {default:%H:%M}."
        ) from None


def _database_urls(env: Mapping[str, str]) -> DatabaseUrls | None:
    names = ("HUB_DATABASE_URL", "HUB_WORKER_DATABASE_URL", "HUB_MIGRATION_DATABASE_URL")
    urls = [env.get(name, "").strip() for name in names]
    if not any(urls):
        return None
    for name, url in zip(names, urls, strict=True):
        if not url:
            raise SettingsError(
                f"{name} is not set. Outside the embedded database the hub needs all three of "
                f"{', '.join(names)}, one for each database role (docs/operator.md)."
            )
        if not _is_postgresql(url):
            raise SettingsError(
                f"{name} is not a PostgreSQL address. It looks like "
                "postgresql://role:password@host:5432/hub, with @ : / in a password written as "
                "%40 %3A %2F"
            )
    return DatabaseUrls(*urls)


def _is_postgresql(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_plain = parts.netloc.count("@") <= 1 and parts.port != 0
        return parts.scheme in {"postgresql", "postgres"} and is_plain
    except ValueError:
        return False


def make_folder(path: Path) -> None:
    """Make a data folder. Raises `SettingsError` saying what to do where that can't be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The data folder {path} can't be used ({error.strerror}). Choose another with "
            "HUB_DATA_DIR."
        ) from None


_current: Settings | None = None


def use(settings: Settings) -> Settings:
    """Make these the settings of this process. Called once, where a process begins."""
    global _current  # noqa: PLW0603 - one process, one set of settings
    _current = settings
    return settings


def current() -> Settings:
    """The settings of this process."""
    if _current is None:
        raise SettingsError("No settings yet: a process begins with settings.use(...).")
    return _current
