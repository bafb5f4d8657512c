"""Care: the door of this slice.

The stay's log is in entries.py, what happened to the child in incidents.py, a child who is missing
in missing.py, and the clocks that ask where a child is in backstop.py; medicines are in
medication.py and counts.py, both homes at the door in handing_over.py, a child who is out in
outings.py, and what the child says of the stay in debriefs.py.
"""

from __future__ import annotations

from hub_api.care.debriefs import DebriefIn, get_debrief, list_debriefs, write_debrief
from hub_api.care.entries import EntryIn, get_entry, list_entries, write_entry
from hub_api.care.handing_over import (
    HandoverIn,
    confirm_handover,
    get_handover,
    list_handovers,
    record_handover,
)
from hub_api.care.incidents import (
    IncidentIn,
    get_incident,
    list_incidents,
    record_incident,
    tell_of_incident,
)
from hub_api.care.medication import (
    MedicationIn,
    get_record,
    list_records,
    record_medication,
)
from hub_api.care.missing import (
    MissingIn,
    ToldIn,
    end_missing,
    get_episode,
    hold_interview,
    list_episodes,
    report_missing,
    tell_of_missing,
)
from hub_api.care.outings import begin_outing, end_outing, get_outing, list_outings

__all__ = [
    "DebriefIn",
    "EntryIn",
    "HandoverIn",
    "IncidentIn",
    "MedicationIn",
    "MissingIn",
    "ToldIn",
    "begin_outing",
    "confirm_handover",
    "end_missing",
    "end_outing",
    "get_debrief",
    "get_entry",
    "get_episode",
    "get_handover",
    "get_incident",
    "get_outing",
    "get_record",
    "hold_interview",
    "list_debriefs",
    "list_entries",
    "list_episodes",
    "list_handovers",
    "list_incidents",
    "list_outings",
    "list_records",
    "record_handover",
    "record_incident",
    "record_medication",
    "report_missing",
    "tell_of_incident",
    "tell_of_missing",
    "write_debrief",
    "write_entry",
]
