"""Secrets in every place where real data would hold one."""

import json
import re
from pathlib import Path
from secrets import token_hex
from typing import Any

import sqlalchemy as sa

from hub_api import db
from hub_api.access import Role
from hub_api.accounts.passwords import hash_password
from tests.conftest import World
from tests.factories.notifications import make_device, make_preferences

PERSONAL = {
    "accounts": ["email", "display_name"],
    "adults": ["name"],
    "beds": ["label", "bedroom"],
    "children": ["first_name", "responsible_authority"],
    "constellations": ["name"],
    "devices": ["address", "p256dh", "auth", "app_version"],
    "fostering_exemptions": ["authority"],
    "households": ["name"],
    "hub_homes": ["name", "home_authority"],
    "notification_preferences": ["mobile"],
    "sharing_agreements": ["authority"],
}
"""Columns that hold what people wrote about people and places."""


class Canaries:
    """Strings that must not be found anywhere, by what they are."""

    def __init__(self) -> None:
        self._planted: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._planted)

    def new(self, what: str) -> str:
        """One that somebody is about to type or send."""
        return self.add(what, f"c{token_hex(12)}")

    def add(self, what: str, secret: str) -> str:
        self._planted[secret] = what
        return secret

    def found_in(self, text: str) -> set[str]:
        """What is given away in a text."""
        return {what for secret, what in self._planted.items() if secret in text}


HARMLESS = {
    "audit_events.action",
    "audit_events.outcome",
    "audit_events.request_id",
    "check_overrides.code",
    "check_overrides.role",
    "beds.temporary_reason",
    "break_glass.finding",
    "concern_addenda.outcome",
    "concerns.handled_by",
    "concerns.outcome",
    "channel_faults.channel",
    "channel_faults.reason",
    "children.gender",
    "consent_flags.kind",
    "consent_links.answer",
    "consent_links.giver",
    "consents.giver",
    "consents.how",
    "consents.parent",
    "children.legal_status",
    "debriefs.would_come_again",
    "deliveries.channel",
    "deliveries.provider_id",
    "deliveries.reason",
    "deliveries.state",
    "devices.drop_reason",
    "devices.installation_id",
    "devices.kind",
    "devices.locale",
    "devices.platform",
    "emergencies.asked_for",
    "emergencies.state",
    "emergencies.terms_reason",
    "emergency_asks.answer",
    "handovers.kind",
    "hub_absences.reason",
    "idempotency_keys.key",
    "incidents.kind",
    "kept_apart.reason",
    "medication_records.outcome",
    "notification_preferences.language",
    "notification_preferences.time_zone",
    "notifications.category",
    "notifications.severity",
    "pack_sections.says",
    "pack_sections.section",
    "respite_decisions.decision",
    "respite_requests.decline_reason",
    "respite_requests.kind",
    "respite_requests.reason",
    "respite_requests.state",
    "respite_requests.withdraw_reason",
    "role_grants.role",
    "sessions.end_reason",
    "sleepovers.cancel_reason",
    "sleepovers.early_end_reason",
    "sleepovers.state",
    "stay_entries.kind",
    "sync_entries.audience",
    "sync_entries.kind",
    "tasks.kind",
    "tasks.role",
    "tasks.state",
}
"""Columns of text that hold words of the hub, or ids."""

DATES = {
    "born_on": ("2011-03-01", 1500),
    "placed_on": ("2016-01-01", 1000),
    "bereaved_on": ("2019-01-01", 300),
}
"""A child's dates: the first there may be, and over how many days they are spread."""

TYPED = {"accounts.password_hash", "sessions.device"}
"""Columns whose secrets come with a login."""


def plant_columns(connection: sa.Connection, canaries: Canaries) -> None:
    """Make every personal value that is stored a secret."""
    for table, columns in PERSONAL.items():
        for column in columns:
            tail = "@test.example" if column == "email" else ""
            found = connection.exec_driver_sql(
                f"update {table} set {column} = 'c' || md5(random()::text) || '{tail}'"
                f" returning {column}"
            )
            for (secret,) in found:
                canaries.add(f"{table}.{column}", secret.removesuffix(tail))


def plant(
    owner: sa.Engine, world: World, *keys: Path
) -> tuple[Canaries, dict[str, dict[str, str]]]:
    """Make every personal value a secret; returns them, and the logins of four people."""
    canaries = Canaries()
    people = {
        "carer": world.here.family.carer,
        "hub_carer": world.here.hub_carer,
        "neighbour": world.here.neighbours.carer,
        "stranger": world.elsewhere.family.carer,
        "manager": world.staff[Role.PROGRAMME_MANAGER],
    }
    logins = {}
    with db.transaction(owner):
        for account_id in people.values():
            make_preferences(account_id)
            make_device(account_id, kind="webpush", p256dh="", auth="", app_version="")
    with owner.begin() as connection:
        plant_columns(connection, canaries)
        for column, (first, days) in DATES.items():
            found = connection.exec_driver_sql(
                f"update children set {column} = '{first}'::date + (random() * {days})::int"
                f" returning {column}::text"
            )
            for (day,) in found:
                canaries.add(f"children.{column}", day)
        for name, account_id in people.items():
            password = canaries.new("password")
            hashed = canaries.add("password hash", hash_password(password))
            (email,) = connection.execute(
                sa.text("update accounts set password_hash = :hash where id = :id returning email"),
                {"hash": hashed, "id": account_id},
            ).one()
            logins[name] = {"email": email, "password": password}
    for path in keys:
        for secret in re.findall(r"[A-Za-z0-9+/]{40,}", _strings(json.loads(path.read_text()))):
            canaries.add("private key", secret)
    return canaries, logins


def _strings(content: Any) -> str:
    if isinstance(content, dict):
        return "\n".join(_strings(inner) for inner in content.values())
    if isinstance(content, list):
        return "\n".join(_strings(inner) for inner in content)
    return str(content)
