"""Real stays to write about, and what is written about them, for made-up requests."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from hub_api import db
from hub_api.sleepovers.models import Sleepover
from tests.factories.care import make_care

Fill = Callable[[Any], None]


class Care:
    """`bring` gives a case a stay that is at some point today."""

    def __init__(self, by: UUID, owner: Any, bring: Callable[[Any, str], None]) -> None:
        self._by, self._owner, self._bring = by, owner, bring

    def fills(self) -> dict[str, Fill]:
        return {
            "writeStayEntry": self._entry,
            "recordIncident": self._incident,
            "tellOfIncident": self._to_tell,
            "reportMissing": self._missing,
            "tellOfMissing": self._missing_one,
            "endMissing": self._missing_one,
            "holdReturnInterview": self._back,
            "beginOuting": self._outing,
            "endOuting": self._out,
            "recordMedication": self._medicine,
            "recordCareHandover": self._at_the_door,
            "confirmHandover": self._to_confirm,
            "writeDebrief": self._debrief,
        }

    def _entry(self, case: Any) -> None:
        self._bring(case, "staying")
        case.body = {"text": "Slept well."}

    def _incident(self, case: Any) -> None:
        self._bring(case, "staying")
        case.body = {"kind": "illness", "account": "A cold."}

    def _missing(self, case: Any) -> None:
        self._bring(case, "staying")
        case.body = {}

    def _to_tell(self, case: Any) -> None:
        self._written(case, "incident", "incident_id")
        case.body = {"notified_to": ["ofsted"]}

    def _missing_one(self, case: Any) -> None:
        self._written(case, "episode", "episode_id")
        case.body = {}

    def _outing(self, case: Any) -> None:
        self._bring(case, "staying")
        case.body = {"agreed_back_at": "2090-11-20T19:00:00Z"}

    def _out(self, case: Any) -> None:
        self._written(case, "outing", "outing_id")
        case.body = {}

    def _back(self, case: Any) -> None:
        self._written(case, "back", "episode_id")
        case.body = {}

    def _medicine(self, case: Any) -> None:
        made = self._made(case)
        case.body = {"medicine_id": str(made["medicine"].id), "outcome": "given"}

    def _at_the_door(self, case: Any) -> None:
        made = self._made(case)
        counted = {"medicine_id": str(made["medicine"].id), "counted": 3}
        case.body = {"kind": "return", "counts": [counted]}

    def _to_confirm(self, case: Any) -> None:
        self._written(case, "handover", "handover_id")

    def _debrief(self, case: Any) -> None:
        self._bring(case, "returned")
        case.body = {"would_come_again": "unsure"}

    def _written(self, case: Any, kind: str, parameter: str) -> None:
        """One of what is written about a stay that goes on."""
        made = self._made(case)
        case.path_parameters = {parameter: str(made[kind].id)}
        case.headers["If-Match"] = '"1"'

    def _made(self, case: Any) -> dict[str, Any]:
        """Everything that may be written about a stay that goes on."""
        self._bring(case, "staying")
        with db.transaction(self._owner) as session:
            stay = session.get_one(Sleepover, UUID(case.path_parameters["sleepover_id"]))
            return make_care(stay, self._by)
