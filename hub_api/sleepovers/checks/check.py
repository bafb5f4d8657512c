"""What a check answers with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hub_api.access import Role

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105 - the outcome of a check
    WARN = "warn"
    BLOCK = "block"


OVERRIDABLE = {
    "kept_apart": Role.LIAISON_WORKER,
    "checks_current": Role.PROGRAMME_MANAGER,
    "hub_away": Role.HUB_CARER,
    "length": Role.LIAISON_WORKER,
}
"""The checks that may be set aside for one request, and by whom. Not among them is what takes a
record of its own: a temporary bed, an exemption, an agreement to share a room."""

_PROBLEMS = {
    "guest_bed": "nights_taken",
    "child_one_place": "child_already_away",
    "length": "stay_too_long",
}
"""Where the code of the refusal is older than the check."""


Pairs = frozenset[frozenset["UUID"]]
"""Children, two by two."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """A check was set aside by this role; what is about pairs of children, for these alone."""

    by: Role
    pairs: Pairs = frozenset()


@dataclass(frozen=True, slots=True)
class Check:
    """One rule's answer. `nights` are the nights it is about; empty when about all of them.

    `override` is the role that may set a block aside, with a reason, or by a record of its own;
    where it has been set aside, the outcome is a warning and `is_overridden` says so.
    """

    code: str
    outcome: Outcome
    sentence: str
    nights: tuple[date, ...] = ()
    override: Role | None = None
    is_overridden: bool = False
    pairs: Pairs = frozenset()
    """The children who would meet. Never shown or kept with the check: it says who is there."""

    @property
    def problem(self) -> str:
        """The `code` of the 409 that this check's block becomes."""
        return _PROBLEMS.get(self.code, self.code)

    def as_json(self) -> dict[str, Any]:
        shown = asdict(self)
        del shown["pairs"]
        return {**shown, "nights": [night.isoformat() for night in self.nights]}
