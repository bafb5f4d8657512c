"""How an emergency is answered: settings of their own, beside those of `settings.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    WholeNumber = Callable[[Mapping[str, str], str, int, int, int], int]

KNOWN = {"HUB_EMERGENCY_ANSWER_MINUTES", "HUB_EDT_TELEPHONE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyRules:
    """The settings of emergencies; docs/operator.md lists the environment variables."""

    answer_within: timedelta = timedelta(minutes=15)
    """How long those who are asked have before the next are asked as well."""

    edt_telephone: str = ""
    """The number of the emergency duty team, shown with every emergency; empty: not known here."""


USUAL = EmergencyRules()


def from_environment(env: Mapping[str, str], whole_number: WholeNumber) -> EmergencyRules:
    """Read them; `whole_number` is the reader of `settings.py`. Raises `SettingsError`."""
    minutes = whole_number(env, "HUB_EMERGENCY_ANSWER_MINUTES", 15, 1, 240)
    return EmergencyRules(
        answer_within=timedelta(minutes=minutes),
        edt_telephone=env.get("HUB_EDT_TELEPHONE", "").strip(),
    )
