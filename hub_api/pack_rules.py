"""How long a pack is open to the hub, and how long what it says counts as right: settings of their
own, beside those of `settings.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    WholeNumber = Callable[[Mapping[str, str], str, int, int, int], int]

KNOWN = {
    "HUB_PACK_OPEN_DAYS",
    "HUB_PACK_CONFIRMED_DAYS",
    "HUB_PACK_REST_HOURS",
    "HUB_BREAK_GLASS_MINUTES",
    "HUB_BREAK_GLASS_REVIEW_HOURS",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRules:
    """The settings of packs; docs/operator.md lists the environment variables."""

    open_after_return: timedelta = timedelta(days=7)
    """How long after a child's return the hub carer may still read the pack, and what was written
    about the stay."""

    confirmed_within: timedelta = timedelta(days=180)
    """How long ago a section may have been confirmed and still count as right."""

    rest_within: timedelta = timedelta(hours=24)
    """How soon the rest of a pack is to be there when an emergency began with the minimum."""

    glass_broken_for: timedelta = timedelta(minutes=60)
    """How long a record that was opened in an emergency stays open."""

    review_within: timedelta = timedelta(hours=24)
    """How soon somebody else is to look at why."""


USUAL = PackRules()


def from_environment(env: Mapping[str, str], whole_number: WholeNumber) -> PackRules:
    """Read them; `whole_number` is the reader of `settings.py`. Raises `SettingsError`."""
    return PackRules(
        open_after_return=timedelta(days=whole_number(env, "HUB_PACK_OPEN_DAYS", 7, 0, 90)),
        confirmed_within=timedelta(days=whole_number(env, "HUB_PACK_CONFIRMED_DAYS", 180, 1, 730)),
        rest_within=timedelta(hours=whole_number(env, "HUB_PACK_REST_HOURS", 24, 1, 24)),
        glass_broken_for=timedelta(
            minutes=whole_number(env, "HUB_BREAK_GLASS_MINUTES", 60, 5, 240)
        ),
        review_within=timedelta(hours=whole_number(env, "HUB_BREAK_GLASS_REVIEW_HOURS", 24, 1, 24)),
    )
