"""Real households, children and records for made-up requests about them."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

from hub_api import clock, db
from hub_api.constellations import service as constellations
from hub_api.households import service as households
from tests.conftest import World
from tests.phone import Phone

BORN = {
    "first_name": "Mia",
    "born_on": "2015-02-03",
    "gender": "female",
    "legal_status": "section_31",
}
TERMS = {
    "starts_on": "2024-01-05",
    "max_children": 3,
    "min_age": 5,
    "max_age": 17,
    "genders": ["female"],
    "review_due_on": "2027-01-04",
}
SINCE = {"starts_on": "2026-01-01"}
ENDS = {"ends_on": "2027-01-04"}
GIVEN = {"giver": "delegated_by_authority", "how": "placement_plan", **SINCE}
WITHOUT_BODY = {"closeHousehold", "withdrawConsent"}


class Families:
    """Something new for every request, so that none of them stands in the way of the next."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._numbers = count()

    def fills(self) -> dict[str, Callable[[Any], None]]:
        """Operation → what puts the real things into a request."""
        return {
            "createHousehold": self._new_household,
            "changeHousehold": lambda case: self._about(case, "household_id", self._household()),
            "closeHousehold": lambda case: self._about(case, "household_id", self._household()),
            "moveHousehold": self._move,
            "createAdult": lambda case: self._body(case, name="Jo"),
            "changeAdult": self._adult,
            "createChild": lambda case: self._body(case, **BORN),
            "changeChild": lambda case: self._about(case, "child_id", self._child(), **BORN),
            "letChildLeave": lambda case: self._about(
                case, "child_id", self._child(), left_on=str(clock.london_today())
            ),
            "setSiblings": lambda case: self._about(
                case, "child_id", self._child(), children=[self._child()["id"]]
            ),
            "createApproval": self._approval_to_make,
            "changeApproval": lambda case: self._about(
                case, "approval_id", self._made("approvals", TERMS), max_children=2
            ),
            "createFosteringExemption": lambda case: self._body(case, **self._exemption()),
            "endFosteringExemption": lambda case: self._about(
                case, "exemption_id", self._made("fostering-exemptions", self._exemption()), **ENDS
            ),
            **self._of_consents(),
            "keepApart": lambda case: self._body(case, **self._apart()),
            "endKeptApart": lambda case: self._about(
                case, "kept_apart_id", self._of_child("kept-apart", self._apart()), **ENDS
            ),
            "createSharingAgreement": lambda case: self._body(case, **self._sharing()),
            "endSharingAgreement": lambda case: self._about(
                case,
                "agreement_id",
                self._of_child("sharing-agreements", self._sharing()),
                **ENDS,
            ),
        }

    def _of_consents(self) -> dict[str, Callable[[Any], None]]:
        return {
            "recordConsent": lambda case: self._body(case, **GIVEN),
            "endConsent": lambda case: self._about(
                case, "consent_id", self._of_child("consents", GIVEN), **ENDS
            ),
            "withdrawConsent": lambda case: self._about(
                case, "consent_id", self._of_child("consents", GIVEN)
            ),
            "recordConsentFlag": lambda case: self._body(
                case, kind="risky_networks", **SINCE, **ENDS
            ),
            "endConsentFlag": lambda case: self._about(
                case,
                "flag_id",
                self._of_child("consent-flags", {"kind": "absconding", **SINCE}),
                **ENDS,
            ),
            "createConsentLink": lambda case: self._body(case, **self._question()),
            "takeBackConsentLink": self._take_back,
        }

    @property
    def _liaison(self) -> Phone:
        return self.world.phone(self.world.here.liaison_worker)

    def _body(self, case: Any, **body: Any) -> None:
        case.body = body

    def _about(self, case: Any, parameter: str, seen: dict[str, Any], **body: Any) -> None:
        case.path_parameters = {parameter: seen["id"]}
        case.headers["If-Match"] = f'"{seen["version"]}"'
        if parameter == "household_id":
            body = {"name": "Another name"}
        if case.operation.definition.raw["operationId"] not in WITHOUT_BODY:
            case.body = body

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._liaison.post(path, body)
        assert answer.status_code == 201, answer.json
        return answer.json

    def _household(self) -> dict[str, Any]:
        """One that joined yesterday, so that it may go today."""
        place = self.world.here
        with db.transaction(self.world.app.engine):
            db.set_scope(place.liaison_worker, [place.id])
            made = households.add_household(place.id, f"Household {next(self._numbers)}")
            yesterday = clock.london_today() - timedelta(days=1)
            constellations.add_member(place.id, made.id, yesterday)
            return {"id": str(made.id), "version": 1}

    def _new_household(self, case: Any) -> None:
        case.body = {"constellation_id": str(self.world.here.id), "name": "New household"}

    def _move(self, case: Any) -> None:
        self._about(case, "household_id", self._household())
        case.body = {"constellation_id": str(self.world.elsewhere.id)}

    def _adult(self, case: Any) -> None:
        self._about(case, "adult_id", self._made("adults", {"name": "Jo"}), name="Joe")

    def _approval_to_make(self, case: Any) -> None:
        case.path_parameters = {"household_id": self._household()["id"]}
        case.body = TERMS

    def _made(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._post(f"/households/{self._household()['id']}/{kind}", body)

    def _child(self) -> dict[str, Any]:
        return self._made("children", BORN)

    def _of_child(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._post(f"/children/{self._child()['id']}/{kind}", body)

    def _exemption(self) -> dict[str, Any]:
        return {"authority": "Kent", "children": [self._child()["id"]], **SINCE}

    def _apart(self) -> dict[str, Any]:
        return {"other_child_id": self._child()["id"], "reason": "past_harm", **SINCE}

    def _question(self) -> dict[str, Any]:
        night = str(clock.london_today())
        return {"giver": "social_worker", "first_night": night, "last_night": night}

    def _take_back(self, case: Any) -> None:
        link = self._of_child("consent-links", self._question())
        case.path_parameters = {"link_id": link["id"]}

    def _sharing(self) -> dict[str, Any]:
        return {"with_child_id": self._child()["id"], "authority": "Kent", **SINCE}
