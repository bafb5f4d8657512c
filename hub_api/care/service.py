"""Care: the door of this slice.

The stay's log is in entries.py, what happened to the child in incidents.py, a child who is missing
in missing.py, and the clocks that ask where a child is in backstop.py.
"""

from __future__ import annotations

from hub_api.care.entries import EntryIn, get_entry, list_entries, write_entry
from hub_api.care.incidents import (
    IncidentIn,
    get_incident,
    list_incidents,
    record_incident,
    tell_of_incident,
)
from hub_api.care.missing import (
    MissingIn,
    ToldOf,
    end_missing,
    get_episode,
    hold_interview,
    list_episodes,
    report_missing,
    tell_of_missing,
)

__all__ = [
    "EntryIn",
    "IncidentIn",
    "MissingIn",
    "ToldOf",
    "end_missing",
    "get_entry",
    "get_episode",
    "get_incident",
    "hold_interview",
    "list_entries",
    "list_episodes",
    "list_incidents",
    "record_incident",
    "report_missing",
    "tell_of_incident",
    "tell_of_missing",
    "write_entry",
]
