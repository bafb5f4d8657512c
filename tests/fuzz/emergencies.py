"""A real emergency for each made-up request about one."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from tests.conftest import World
from tests.factories.emergencies import plea


class Emergencies:
    """A new one each time; whatever was made of the one before stands in nobody's way."""

    def __init__(self, world: World, owner: Any) -> None:
        self.world, self._owner = world, owner

    def fills(self) -> dict[str, Callable[[Any], None]]:
        """Operation → what puts the real things into a request."""
        return {
            "createEmergency": self._plea,
            "getEmergency": lambda case: self._about(case, "emergency_id"),
            "setTermsAside": self._terms,
            **dict.fromkeys(
                ("getEmergencyAsk", "acceptEmergencyAsk", "declineEmergencyAsk"),
                lambda case: self._about(case, "ask_id"),
            ),
        }

    def _plea(self, case: Any) -> None:
        self._send_home()
        case.body = plea(self.world)

    def _raise(self) -> dict[str, Any]:
        self._send_home()
        answer = self.world.carer.post("/emergencies", plea(self.world))
        assert answer.status_code == 201, answer.json
        return answer.json

    def _send_home(self) -> None:
        """The child is at home tonight, whoever said yes before."""
        with self._owner.begin() as connection:
            connection.execute(
                sa.text(
                    "with gone as (delete from bed_nights n using respite_requests r"
                    " where r.id = n.request_id and r.kind = 'emergency' returning sleepover_id)"
                    " update sleepovers set state = 'cancelled', cancelled_at = now(),"
                    " cancel_reason = 'other' where state = 'confirmed'"
                    " and id in (select sleepover_id from gone)"
                )
            )

    def _about(self, case: Any, parameter: str) -> None:
        found = self._raise()
        id_ = found["id"] if parameter == "emergency_id" else found["asks"][0]["id"]
        case.path_parameters = {parameter: id_}

    def _terms(self, case: Any) -> None:
        self._about(case, "emergency_id")
        case.body = {"reason": "no_other_bed"}
