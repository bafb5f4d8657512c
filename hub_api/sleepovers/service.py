"""Sleepovers: the door of this slice.

The nights are in booking.py, the checks and what is kept of them in decisions.py, a stay as it
happens in running.py and extending.py, the hub's calendar in calendar.py.
"""

from __future__ import annotations

from hub_api.sleepovers.booking import (
    Booking,
    book,
    children_to_come,
    hold,
    is_extended,
    rebook,
    release,
)
from hub_api.sleepovers.calendar import bed_nights
from hub_api.sleepovers.decisions import (
    examine,
    keep_decision,
    latest_checks,
    refuse_if,
    refuse_slip_of_the_finger,
)
from hub_api.sleepovers.extending import extend_sleepover
from hub_api.sleepovers.homes import RUN_BY, Homes, hub_window
from hub_api.sleepovers.models import CLOCKS_DIFFER, Decision
from hub_api.sleepovers.overrides import (
    SetAside,
    check_overrides,
    end_overrides,
    override_reasons,
    overrides_in_force,
    set_aside,
)
from hub_api.sleepovers.policy import is_in_hub_window, looks_after
from hub_api.sleepovers.queries import (
    SYNCED,
    by_nights,
    get_sleepover,
    list_sleepovers,
    night_instants,
    stays,
)
from hub_api.sleepovers.reconsidering import reconsider as look_for_consent
from hub_api.sleepovers.running import (
    cancel_sleepover,
    close_sleepover,
    end_early,
    hand_over,
    raise_late_returns,
    record_return,
)

__all__ = [
    "CLOCKS_DIFFER",
    "RUN_BY",
    "SYNCED",
    "Booking",
    "Decision",
    "Homes",
    "SetAside",
    "bed_nights",
    "book",
    "by_nights",
    "cancel_sleepover",
    "check_overrides",
    "children_to_come",
    "close_sleepover",
    "end_early",
    "end_overrides",
    "examine",
    "extend_sleepover",
    "get_sleepover",
    "hand_over",
    "hold",
    "hub_window",
    "is_extended",
    "is_in_hub_window",
    "keep_decision",
    "latest_checks",
    "list_sleepovers",
    "look_for_consent",
    "looks_after",
    "night_instants",
    "override_reasons",
    "overrides_in_force",
    "raise_late_returns",
    "rebook",
    "record_return",
    "refuse_if",
    "refuse_slip_of_the_finger",
    "release",
    "set_aside",
    "stays",
]
