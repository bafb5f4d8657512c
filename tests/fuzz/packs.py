"""Real packs and medicines for made-up requests about them."""

from collections.abc import Callable
from typing import Any

from hub_api.access import Role
from tests.conftest import World
from tests.factories.packs import section_body

MEDICINE = {"name": "Calpol", "dose": "5 ml", "as_needed": True}


class Packs:
    """A section as it is by then, and a medicine for every request."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._child = f"/children/{world.here.family.children[0]}"

    def fills(self) -> dict[str, Callable[[Any], None]]:
        """Operation → what puts the real things into a request."""
        return {
            "putPackSection": self._section,
            "confirmPackSection": self._written,
            "createMedicine": self._medicine,
            "endMedicine": self._to_end,
            "breakGlass": self._why,
            "getBreakGlass": self._opened,
            "reviewBreakGlass": self._opened,
        }

    def _why(self, case: Any) -> None:
        child = str(self.world.here.family.children[0])
        case.body = {"child_id": child, "reason": "Nobody answers the telephone."}

    def _opened(self, case: Any) -> None:
        manager = self.world.phone(self.world.staff[Role.PROGRAMME_MANAGER])
        body = {"child_id": str(self.world.here.family.children[0]), "reason": "Nobody answers."}
        opened = manager.post("/access/break-glass", body).json
        case.path_parameters = {"break_glass_id": opened["id"]}
        if case.method.upper() == "POST":
            case.headers["If-Match"] = f'"{opened["version"]}"'
            case.body = {"finding": "justified"}

    def _version(self) -> int:
        sections = self.world.carer.get(f"{self._child}/pack").json["sections"]
        return next((s["version"] for s in sections if s["section"] == "diet"), 0)

    def _section(self, case: Any) -> None:
        case.headers["If-Match"] = f'"{self._version()}"'
        case.body = section_body("diet")

    def _written(self, case: Any) -> None:
        seen = {"If_Match": f'"{self._version()}"'}
        self.world.carer.send("PUT", f"{self._child}/pack/diet", section_body("diet"), **seen)
        case.headers["If-Match"] = f'"{self._version()}"'

    def _medicine(self, case: Any) -> None:
        case.body = MEDICINE

    def _to_end(self, case: Any) -> None:
        made = self.world.carer.post(f"{self._child}/medicines", MEDICINE).json
        case.path_parameters = {"medicine_id": made["id"]}
        case.headers["If-Match"] = f'"{made["version"]}"'
        case.body = {"ends_on": "2090-01-04"}
