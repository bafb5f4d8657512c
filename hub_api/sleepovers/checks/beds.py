"""Is there a bed for everybody, in a room they may share?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.access import Role
from hub_api.clock import spoken_list
from hub_api.sleepovers import beds
from hub_api.sleepovers.checks.check import Check, Outcome

if TYPE_CHECKING:
    from datetime import date

    from hub_api.settings import Settings
    from hub_api.sleepovers.facts import Facts, Stay


def check_guest_bed(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """A free guest bed for every child on every night; never two children in one bed.

    The programme manager helps by adding a temporary bed, never by setting the rule aside.
    """
    full = _nights_without_beds(stay, facts)
    if not full:
        return Check("guest_bed", Outcome.PASS, "There is a guest bed for every night.")
    return Check(
        "guest_bed", Outcome.BLOCK, _words(stay, facts, full), full, Role.PROGRAMME_MANAGER
    )


def _nights_without_beds(stay: Stay, facts: Facts) -> tuple[date, ...]:
    free = beds.free_beds(stay, facts)
    return tuple(night for night in stay.nights if len(free[night]) < len(stay.children))


def _words(stay: Stay, facts: Facts, full: tuple[date, ...]) -> str:
    if not facts.beds:
        return (
            "This hub home has no guest beds at the moment. The liaison worker can tell you where "
            "else a sleepover is possible."
        )
    children = len(stay.children)
    few = "No guest bed is free" if children == 1 else f"There aren't {children} free guest beds"
    return f"{few} on {spoken_list([*full])}."


def check_bedroom_sharing(stay: Stay, facts: Facts, rules: Settings) -> Check:  # noqa: ARG001 - every check is called alike
    """A fostered child of three or older has a bedroom of its own, or an agreement in writing with
    whoever is in it (NMS 10.6).

    About the nights that have beds enough; the others are `guest_bed`'s.
    """
    full = _nights_without_beds(stay, facts)
    no_way = tuple(night for night in beds.nights_without_rooms(stay, facts) if night not in full)
    if not no_way:
        return Check("bedroom_sharing", Outcome.PASS, "There is a bedroom that suits every child.")
    return Check(
        "bedroom_sharing",
        Outcome.BLOCK,
        f"On {spoken_list([*no_way])} a bedroom would have to be shared, and we don't have the "
        "written agreement for that yet. The liaison worker can ask for it.",
        no_way,
    )
