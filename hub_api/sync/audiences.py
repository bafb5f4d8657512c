"""To whom it is said that something has changed.

Each change is addressed when it is made (migration 0022), at its object as it was and as it became:
whoever is at an address could see the object before or can see it now. So it gives away nothing to
say that an object has gone: its id alone goes to those who had it in their lists.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from hub_api.access import OVERSEEING, Role

if TYPE_CHECKING:
    from uuid import UUID

    from hub_api.access import Actor


class Audience(StrEnum):
    """Who of those at an address; or a role that oversees, for its holders and the manager."""

    ACCOUNT = "account"
    """The one person."""
    HOUSEHOLD = "household"
    """The carers of a household."""
    EVERYBODY = "everybody"
    """Whoever has a role in a constellation."""
    OVERSEERS = "overseers"
    """Those who see the whole constellation."""


def addresses(actor: Actor) -> list[tuple[str, UUID]]:
    """Audience and address of all that the actor is told: `policy.visible_to()` as a list."""
    return [
        (Audience.ACCOUNT, actor.account_id),
        *((Audience.HOUSEHOLD, home) for home in sorted({*actor.households()})),
        *((Audience.EVERYBODY, place) for place in actor.constellations()),
        *((Audience.OVERSEERS, place) for place in actor.constellations(*OVERSEEING)),
        *(
            (role, place)
            for role in OVERSEEING
            for place in actor.constellations(role, Role.PROGRAMME_MANAGER)
        ),
    ]
