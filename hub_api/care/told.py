"""When those were told who look for a missing child, and which of these times can't be right."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

from hub_api import clock
from hub_api.care import stays
from hub_api.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class ToldOf(TypedDict):
    """Who was told, and when: `schemas.ToldOfIn`."""

    police_at: datetime | None
    edt_at: datetime | None
    social_worker_at: datetime | None


Times = dict[str, "datetime | None"]
"""By the name of their column."""

RANG_WHILE_LOOKING = timedelta(hours=6)
"""Who looks for a child may ring before anybody calls the child missing; a time that is earlier by
more is a slip of the finger, and would say for good that somebody knows who was never rung."""

_WORDS = {
    "noticed_at": "The child was missed at {}.",
    "agreed_at": "The child was to be back at {}.",
    "police_at": "The police were told at {}.",
    "edt_at": "The emergency duty team was told at {}.",
    "social_worker_at": "The child's social worker was told at {}.",
}


def times_of(body: ToldOf) -> Times:
    """Who was told, and when. Raises `Conflict` for a time still to come."""
    told: Times = {
        "police_at": body["police_at"],
        "edt_at": body["edt_at"],
        "social_worker_at": body["social_worker_at"],
    }
    for at in told.values():
        if at is not None:
            stays.refuse_future(at)
    return told


def slips_of(told: Times, noticed_at: datetime) -> Times:
    """Those of these times that are hours before the child was missed."""
    earliest = noticed_at - RANG_WHILE_LOOKING
    return {name: at for name, at in told.items() if at is not None and at < earliest}


def refuse_slips(told: Times, noticed_at: datetime) -> None:
    """Raise `Conflict` for a time that is hours before the child was missed."""
    if slips_of(told, noticed_at):
        raise Conflict(
            "That is hours before the child was missed. Please check the time. If the child was "
            "missed earlier, please report it again and say when.",
            code="too_early",
        )


def in_words(times: Mapping[str, datetime | None]) -> list[str]:
    """A sentence for each of these times."""
    return [
        _WORDS[name].format(clock.spoken_instant(at))
        for name, at in times.items()
        if at is not None
    ]
