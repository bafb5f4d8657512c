"""Real constellations, hub homes, beds and memberships for made-up requests about them."""

from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID

from hub_api import db
from hub_api.access import Role
from hub_api.households import service as households
from tests.conftest import World
from tests.phone import Phone, in_days

Fill = Callable[[Any], None]


class Places:
    """What a request about places names, made anew for each."""

    def __init__(self, world: World, decide: Callable[[Any, str, dict[str, Any]], None]) -> None:
        self.world, self._decide = world, decide
        self._numbers = count()
        self._manager = world.phone(world.staff[Role.PROGRAMME_MANAGER])
        self._hub_carer = world.hub_carer

    def fills(self) -> dict[str, Fill]:
        return {
            "createConstellation": self._new_name,
            "changeConstellation": self._rename,
            "closeConstellation": self._close,
            "createHubAppointment": self._appointment,
            "changeHubAppointment": self._appointment_end,
            "withdrawHubAppointment": self._appointment_to_come,
            "changeHubHome": self._hub_home,
            "createBed": self._bed,
            "changeBed": self._bed_change,
            "createTemporaryBed": self._temporary_bed,
            "createBlockedNights": self._block,
            "deleteBlockedNights": self._blocked,
            "createMembership": self._join,
            "changeMembership": self._leave,
            "withdrawMembership": self._joins,
        }

    def _new_constellation(self) -> dict[str, Any]:
        body = {"name": f"Place {next(self._numbers)}"}
        answer = self._manager.post("/constellations", body)
        assert answer.status_code == 201, answer.json
        return answer.json

    def _new_household(self, constellation_id: str) -> str:
        with db.transaction(self.world.app.engine):
            db.set_scope(self.world.here.hub_carer, [UUID(constellation_id)])
            name = f"Family {next(self._numbers)}"
            return str(households.add_household(UUID(constellation_id), name).id)

    def _inside(self, part: str, body: dict[str, Any], phone: Phone | None = None) -> Any:
        """Something new in the constellation here."""
        path = f"/constellations/{self.world.here.id}/{part}"
        answer = (phone or self._manager).post(path, body)
        assert answer.status_code == 201, answer.json
        return answer.json

    def _new_name(self, case: Any) -> None:
        case.body = {"name": f"Place {next(self._numbers)}"}

    def _rename(self, case: Any) -> None:
        self._close(case)
        self._new_name(case)

    def _close(self, case: Any) -> None:
        self._decide(case, "constellation_id", self._new_constellation())

    def _appointment(self, case: Any) -> None:
        place = self._new_constellation()["id"]
        case.path_parameters = {"constellation_id": place}
        household = self._new_household(place)
        case.body = {"household_id": household, "name": "Hub", "home_authority": "Kent"}

    def _appointment_end(self, case: Any) -> None:
        self._appointment(case)
        path = f"/constellations/{case.path_parameters['constellation_id']}/hub-appointments"
        appointed = self._manager.post(path, case.body).json["id"]
        case.path_parameters["appointment_id"] = appointed
        case.body = {"ends_on": in_days(9)[:10]}

    def _appointment_to_come(self, case: Any) -> None:
        self._appointment(case)
        path = f"/constellations/{case.path_parameters['constellation_id']}/hub-appointments"
        body = {**case.body, "starts_on": in_days(9)[:10]}
        case.path_parameters["appointment_id"] = self._manager.post(path, body).json["id"]

    def _hub_home(self, case: Any) -> None:
        here = self.world.here
        path = f"/constellations/{here.id}/hub-homes/{here.hub_home}"
        self._decide(case, "hub_home_id", self._manager.get(path).json)
        case.path_parameters |= {"constellation_id": str(here.id)}
        case.body = {"name": f"Hub {next(self._numbers)}"}

    def _bed(self, case: Any) -> None:
        case.body = {"label": f"Bed {next(self._numbers)}"}

    def _bed_change(self, case: Any) -> None:
        bed = self._inside("beds", {"label": f"Bed {next(self._numbers)}"})
        here = {"constellation_id": str(self.world.here.id)}
        self._decide(case, "bed_id", bed)
        case.path_parameters |= here
        self._bed(case)

    def _temporary_bed(self, case: Any) -> None:
        self._block(case)
        case.body |= {"label": f"Bed {next(self._numbers)}", "reason": "emergency"}

    def _block(self, case: Any) -> None:
        case.body = self._night()

    def _night(self) -> dict[str, str]:
        night = in_days(400 + next(self._numbers) % 300)[:10]
        return {"first_night": night, "last_night": night, "reason": "leave"}

    def _blocked(self, case: Any) -> None:
        blocked = self._inside("blocked-nights", self._night(), self._hub_carer)
        case.path_parameters["absence_id"] = blocked["id"]

    def _join(self, case: Any) -> None:
        case.body = {"household_id": self._new_household(str(self.world.here.id))}

    def _leave(self, case: Any) -> None:
        self._join(case)
        case.path_parameters["membership_id"] = self._inside("memberships", case.body)["id"]
        case.body = {"ends_on": in_days(9)[:10]}

    def _joins(self, case: Any) -> None:
        self._join(case)
        body = {**case.body, "starts_on": in_days(9)[:10]}
        case.path_parameters["membership_id"] = self._inside("memberships", body)["id"]
