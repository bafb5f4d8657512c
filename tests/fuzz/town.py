"""Real ids, versions and credentials for made-up requests: otherwise everything is a 404."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count, cycle
from typing import Any
from uuid import UUID, uuid4

from hub_api import db
from hub_api.access import Role
from hub_api.api import write_cursor
from tests.conftest import World
from tests.factories.accounts import PASSWORD
from tests.factories.concerns import concern_body
from tests.factories.notifications import browser_body, make_notification, phone_body
from tests.factories.tasks import make_task
from tests.factories.todays_stays import bring_to
from tests.fuzz.care import Care
from tests.fuzz.emergencies import Emergencies
from tests.fuzz.families import Families
from tests.fuzz.packs import Packs
from tests.fuzz.places import Places
from tests.phone import Phone, in_days

Fill = Callable[[Any], None]
RECEIPTS = ("receiveNotification", "openNotification", "acknowledgeNotification")
OF_A_FAMILY = (
    "adult_id", "approval_id", "exemption_id", "kept_apart_id", "agreement_id", "consent_id",
    "flag_id", "link_id",
)  # fmt: skip
OF_A_STAY = ("incident_id", "episode_id", "handover_id", "outing_id")
"""What is made anew for each request that is about one."""


class Town:
    """The world with somebody of every role, and a real value for whatever a request names."""

    def __init__(self, world: World, owner: Any) -> None:
        self.world = world
        self._days: Iterator[int] = cycle(range(7, 390))
        self._people: dict[str, UUID | None] = {
            "satellite_carer": world.here.family.carer,
            "hub_carer": world.here.hub_carer,
            "liaison_worker": world.here.liaison_worker,
            "programme_manager": world.staff[Role.PROGRAMME_MANAGER],
            "nobody": None,
        }
        self._fills: dict[str, Fill] = {
            "logIn": self._credentials,
            "refreshTokens": self._refresh_token,
            **self._of_requests(),
            **self._of_stays(),
            "completeTask": self._task,
            **self._of_concerns(),
            "activateAccount": self._invitation,
            "changeMe": self._me,
            "putNotificationPreferences": self._preferences,
            "changePassword": self._password,
            "revokeSession": self._session,
            **self._of_accounts(),
            **dict.fromkeys(RECEIPTS, self._told),
            "registerDevice": self._phone_body,
            "removeDevice": self._phone,
            **self._of_other_slices(owner),
        }
        self._numbers = count()
        self._owner = owner
        self._asked, self._stayed = self._ask(), self._booked()
        self._waits, self._concerned = self._raise(), self._worry()

    def _of_accounts(self) -> dict[str, Fill]:
        return {
            "inviteAccount": self._newcomer,
            "changeAccount": self._account,
            "inviteAccountAgain": self._account,
            "closeAccount": self._account,
            "reopenAccount": self._closed_account,
            "giveRole": self._role_to_give,
            "endRole": self._role_to_end,
        }

    def _of_other_slices(self, owner: Any) -> dict[str, Fill]:
        return {
            **Care(self.world.here.liaison_worker, owner, self._at).fills(),
            **Emergencies(self.world, owner).fills(),
            **Families(self.world).fills(),
            **Places(self.world, self._decide).fills(),
            **Packs(self.world).fills(),
        }

    def _of_requests(self) -> dict[str, Fill]:
        return {
            "createRespiteRequest": self._wish,
            "submitRespiteRequest": self._draft,
            "acceptRespiteRequest": self._request,
            "changeRespiteRequest": self._other_dates,
            "approveRespiteRequest": self._held,
            "declineRespiteRequest": self._request,
            "withdrawRespiteRequest": self._request,
            "overrideCheck": self._long_request,
        }

    def _of_concerns(self) -> dict[str, Fill]:
        return {
            "createConcern": self._concern_to_write,
            "createAddendum": self._more_of_a_concern,
            "recordOutcome": self._outcome,
        }

    def _of_stays(self) -> dict[str, Fill]:
        return {
            "cancelSleepover": self._stay,
            "handOverSleepover": self._arriving,
            "returnSleepover": self._staying,
            "endSleepoverEarly": self._staying,
            "extendSleepover": self._to_extend,
            "closeSleepover": self._returned,
            "getBedNights": self._month,
        }

    def phone(self, role: str) -> Phone:
        """A new login of somebody in this role."""
        return self.world.phone(self._people[role])

    # New logins each time: somebody in the town may change a password and end the others.

    @property
    def _carer(self) -> Phone:
        return self.world.carer

    @property
    def _hub_carer(self) -> Phone:
        return self.world.hub_carer

    @property
    def _manager(self) -> Phone:
        return self.phone("programme_manager")

    def fill(self, case: Any, phone: Phone) -> None:
        """Put what is really there into a made-up request that this phone will send."""
        self._asking = phone
        case.headers.pop("Idempotency-Key", None)
        case.path_parameters = {name: self._standing(name) for name in case.path_parameters}
        if case.query:
            case.query = {"limit": "5", "cursor": write_cursor(UUID(int=2**128 - 1))}
        definition = case.operation.definition.raw
        self._fills.get(definition["operationId"], lambda _: None)(case)

    def _standing(self, name: str) -> str:
        here = self.world.here
        standing = {
            "constellation_id": here.id,
            "household_id": here.family.id,
            "child_id": here.family.children[0],
            **dict.fromkeys(OF_A_FAMILY, UUID(int=0)),
            "section": "diet",
            "medicine_id": UUID(int=0),
            "break_glass_id": UUID(int=0),
            "request_id": self._asked["id"],
            "sleepover_id": self._stayed["id"],
            **dict.fromkeys(OF_A_STAY, UUID(int=0)),
            "emergency_id": self._asked["id"],
            "ask_id": UUID(int=0),
            "task_id": self._waits,
            "concern_id": self._concerned,
            "account_id": self.world.here.neighbours.carer,
            "role_id": UUID(int=0),
            "appointment_id": UUID(int=0),
            "hub_home_id": here.hub_home,
            "bed_id": here.beds[0],
            "absence_id": UUID(int=0),
            "membership_id": UUID(int=0),
            "session_id": UUID(int=0),
            "installation_id": uuid4(),
            "notification_id": UUID(int=0),
        }
        return str(standing[name])

    def _ask(self, **changes: Any) -> dict[str, Any]:
        body = self.world.ask_body(**self._free_night(), **changes)
        for _ in range(changes.get("nights", 1)):
            next(self._days)  # no night beside it: adjoining stays count as one
        answer = self._carer.post("/respite-requests", body)
        assert answer.status_code == 201, answer.json
        return answer.json

    def _free_night(self) -> dict[str, Any]:
        """A night that nobody asked for, and a child who is at home the night before and after."""
        day = next(self._days)
        return {"days": day, "children": [str(self.world.here.family.children[day % 2])]}

    def _booked(self) -> dict[str, Any]:
        request = self._ask()
        path = f"/respite-requests/{request['id']}/accept"
        answer = self._hub_carer.post(path, If_Match=f'"{request["version"]}"')
        assert answer.status_code == 200, answer.json
        return self._carer.get("/sleepovers?limit=1").json["items"][0]

    def _raise(self) -> UUID:
        here = self.world.here
        with db.transaction(self.world.app.engine):
            db.set_scope(here.family.carer, [here.id])
            return make_task(here.id)

    def _credentials(self, case: Any) -> None:
        email = self._carer.get("/me").json["email"]
        case.body = {"email": email, "password": PASSWORD}

    def _refresh_token(self, case: Any) -> None:
        case.body = {"refresh_token": self.phone("satellite_carer").tokens["refresh_token"]}

    def _wish(self, case: Any) -> None:
        night = self._free_night()
        day = night["days"]
        case.body = {
            **case.body,
            "household_id": str(self.world.here.family.id),
            "children": night["children"],
            "arrives_at": in_days(day),
            "departs_at": in_days(day + 1, hour=10),
        }

        if case.query:
            case.query = {"dry_run": "true"}

    def _other_dates(self, case: Any) -> None:
        day = next(self._days)
        self._request(case)
        case.body = {"arrives_at": in_days(day), "departs_at": in_days(day + 1, hour=10)}

    def _long_request(self, case: Any) -> None:
        asked = self._ask(nights=4)
        self._decide(case, "request_id", asked)
        case.body = {"code": "length", "reason": "There is nobody else."}

    def _held(self, case: Any) -> None:
        asked = self._ask(nights=4)
        path = f"/respite-requests/{asked['id']}/accept"
        held = self._hub_carer.post(path, If_Match=f'"{asked["version"]}"').json
        self._decide(case, "request_id", held)

    def _draft(self, case: Any) -> None:
        self._decide(case, "request_id", self._ask(draft=True))

    def _request(self, case: Any) -> None:
        self._decide(case, "request_id", self._ask())

    def _stay(self, case: Any) -> None:
        self._decide(case, "sleepover_id", self._booked())

    def _at(self, case: Any, state: str) -> None:
        stay = self._booked()
        with self._owner.begin() as connection:
            bring_to(connection, stay["id"], state)
        self._decide(case, "sleepover_id", stay)

    def _arriving(self, case: Any) -> None:
        self._at(case, "arriving")
        case.body = {}

    def _staying(self, case: Any) -> None:
        self._at(case, "staying")
        is_early = case.operation.definition.raw["operationId"] == "endSleepoverEarly"
        case.body = {"reason": "other"} if is_early else {}

    def _returned(self, case: Any) -> None:
        self._at(case, "returned")

    def _to_extend(self, case: Any) -> None:
        stay = self._booked()
        self._decide(case, "sleepover_id", stay)
        later = datetime.fromisoformat(stay["departs_at"]) + timedelta(hours=1)
        case.body = {"departs_at": later.isoformat()}

    def _month(self, case: Any) -> None:
        case.query = {}

    def _task(self, case: Any) -> None:
        self._decide(case, "task_id", {"id": str(self._raise()), "version": 1})

    def _worry(self) -> str:
        about = {"about_account_id": self.world.here.hub_carer}
        answer = self._carer.post("/concerns", self._concern(**about))
        assert answer.status_code == 201, answer.json
        return str(answer.json["id"])

    def _concern(self, **about: Any) -> dict[str, Any]:
        return concern_body(self.world.here.family.children[0], **about)

    def _concern_to_write(self, case: Any) -> None:
        case.body = self._concern(about_account_id=self.world.here.neighbours.carer)
        if case.query:
            case.query = {"dry_run": "true"}

    def _more_of_a_concern(self, case: Any) -> None:
        case.body = {"words": "She told me the same again."}

    def _outcome(self, case: Any) -> None:
        self._decide(case, "concern_id", {"id": self._worry(), "version": 1})
        case.body = {"outcome": "other", "words": "Talked it over with both."}

    def _invite(self, **more: Any) -> dict[str, Any]:
        body = {"email": self._email(), "display_name": "Somebody New", **more}
        answer = self._manager.post("/accounts", body)
        assert answer.status_code == 201, answer.json
        return answer.json

    def _email(self) -> str:
        return f"somebody-{next(self._numbers)}@test.example"

    def _invitation(self, case: Any) -> None:
        case.body = {"code": self._invite()["invite_code"], "password": "three random words"}

    def _me(self, case: Any) -> None:
        case.headers["If-Match"] = self._asking.get("/me").headers.get("ETag", '"1"')
        case.body = {"display_name": "Somebody Else"}

    def _preferences(self, case: Any) -> None:
        seen = self._asking.get("/me/notification-preferences")
        case.headers["If-Match"] = seen.headers.get("ETag", '"0"')
        case.body = {
            "quiet_hours": None, "time_zone": "Europe/London", "mobile": None,
            "language": "en", "choices": [],
        }  # fmt: skip

    def _password(self, case: Any) -> None:
        case.body = {"current_password": PASSWORD, "new_password": PASSWORD}

    def _session(self, case: Any) -> None:
        newest = self._carer.get("/auth/sessions").json["items"][0]
        case.path_parameters = {"session_id": newest["id"]}

    def _newcomer(self, case: Any) -> None:
        case.body = {"email": self._email(), "display_name": "Somebody New"}

    def _account(self, case: Any) -> None:
        self._decide(case, "account_id", self._invite())
        if case.operation.definition.raw["operationId"] == "changeAccount":
            case.body = {"email": self._email()}

    def _closed_account(self, case: Any) -> None:
        path = f"/accounts/{self._invite()['id']}"
        self._decide(case, "account_id", self._manager.post_seen(path, verb="close").json)

    def _role_to_give(self, case: Any) -> None:
        self._account(case)
        case.body = {"role": "hub_carer", "constellation_id": str(self.world.here.id)}

    def _role_to_end(self, case: Any) -> None:
        role = {"role": "hub_carer", "constellation_id": str(self.world.here.id)}
        account = self._invite(roles=[role])
        self._decide(case, "account_id", account)
        case.path_parameters = {"role_id": account["roles"][0]["id"]}
        case.body = {}

    def _told(self, case: Any) -> None:
        person = self._asking.account_id or self.world.here.family.carer
        with db.transaction(self._owner):
            case.path_parameters = {"notification_id": str(make_notification(person).id)}

    def _phone_body(self, case: Any) -> None:
        case.body = browser_body() if next(self._numbers) % 2 else phone_body()

    def _phone(self, case: Any) -> None:
        path = f"/devices/{case.path_parameters['installation_id']}"
        self._asking.send("PUT", path, phone_body())

    def _decide(self, case: Any, parameter: str, seen: dict[str, Any]) -> None:
        case.path_parameters = {parameter: seen["id"]}
        case.headers["If-Match"] = f'"{seen["version"]}"'
