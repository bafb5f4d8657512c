"""Nothing personal leaves: in no log, figure, refusal, header, audit row or job."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from hub_api import models
from tests.canaries.planting import HARMLESS, PERSONAL, TYPED, Canaries, plant
from tests.conftest import World
from tests.factories.concerns import concern_body
from tests.loopback import Loopback, free_port
from tests.phone import in_days
from tests.running.program import Program, addresses, hub_in_process, wait_until

TALKATIVE = str(Path(__file__).parent / "talkative.py")
ASKED = "/api/v1/respite-requests"
KEPT = [
    "audit_events", "audit_seals", "idempotency_keys", "notifications", "procrastinate_events",
    "procrastinate_jobs", "tasks", "throttles",
]  # fmt: skip
"""Tables that hold ids, states and dates only."""


class Town:
    """People at their phones, and all that they and the operator get to see."""

    def __init__(self, world: World, port: int, canaries: Canaries, logins: Any) -> None:
        self.world, self.canaries, self.logins = world, canaries, logins
        self.refusals: list[str] = []
        self.headers: list[str] = []
        self.statuses: set[int] = set()
        self._port = port
        self._open: list[Loopback] = []

    def phone(self, name: str = "") -> Loopback:
        """Somebody's phone, logged in; what it is answered is looked at."""
        http = Loopback(self._port)
        self._open.append(http)
        http.headers["User-Agent"] = self.canaries.new("user agent")
        http.headers["Referer"] = f"http://hub.test/{self.canaries.new('referer')}"
        http.event_hooks["response"] = [self._look(is_outsider=name in ("", "stranger"))]
        if name:
            tokens = http.post("/api/v1/auth/login", json=self.logins[name]).json()
            self.canaries.add("access token", tokens["access_token"].rpartition(".")[2])
            self.canaries.add("refresh token", tokens["refresh_token"])
            http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        return http

    def _look(self, *, is_outsider: bool) -> Callable[[httpx.Response], None]:
        def look(answer: httpx.Response) -> None:
            self.statuses.add(answer.status_code)
            self.headers.append(str(answer.headers))
            # A refusal may name a child to its own carer: "Amira is away that night already."
            if answer.status_code >= 400 and (is_outsider or answer.status_code >= 500):
                self.refusals.append(answer.read().decode())

        return look

    def close(self) -> None:
        for http in self._open:
            http.close()


def live(town: Town) -> None:
    """A sleepover asked for, looked at, accepted and called off."""
    here = town.world.here
    carer, hub_carer = town.phone("carer"), town.phone("hub_carer")
    for path in ("me", "households", "constellations", f"constellations/{here.id}/beds"):
        assert carer.get(f"/api/v1/{path}").status_code == 200
    for day in (7, 9):
        asked = carer.post(ASKED, json=ask_body(town, day)).json()
        decided = hub_carer.post(f"{ASKED}/{asked['id']}/accept", headers=seen(asked))
        assert decided.json()["state"] == "accepted"
    (stay, _) = carer.get("/api/v1/sleepovers").json()["items"]
    path = f"/api/v1/sleepovers/{stay['id']}/cancel"
    body = {"reason": "child_unwell"}
    assert carer.post(path, json=body, headers=seen(stay)).status_code == 200
    assert carer.post(ASKED, json=ask_body(town, 7)).status_code == 409  # the child is away
    first = hub_carer.get(f"{ASKED}?limit=1")
    assert "cursor" in first.headers["Link"]
    pack(town)
    worry(town, carer)
    carry_phones(town)
    join(town)


def pack(town: Town) -> None:
    """A carer writes what the hub must know; the hub carer and, in an emergency, a manager read."""
    new, child = town.canaries.new, town.world.here.family.children[0]
    carer, manager = town.phone("carer"), town.phone("manager")
    path = f"/api/v1/children/{child}"
    ring = {"name": new("contact"), "who": new("who"), "telephone": "020 7946 0000"}
    body = {"says": "details", "text": new("pack"), "contacts": [ring]}
    written = carer.put(f"{path}/pack/contacts", json=body, headers={"If-Match": '"1"'})
    assert written.status_code == 200
    medicine = {"name": new("medicine"), "dose": new("dose"), "instructions": new("instructions")}
    given = carer.post(f"{path}/medicines", json={**medicine, "as_needed": True})
    assert given.status_code == 201
    why = {"child_id": str(child), "reason": new("reason for breaking the glass")}
    assert manager.post("/api/v1/access/break-glass", json=why).status_code == 201
    for http in (carer, town.phone("hub_carer"), manager):
        assert body["text"] in http.get(f"{path}/pack").text
        assert body["text"] in http.get(f"{path}/pack/page").text
    wrong = {**body, "chosen": [new("odd word")]}
    answer = carer.put(f"{path}/pack/diet", json=wrong, headers={"If-Match": '"1"'})
    assert answer.status_code == 422
    assert town.phone("stranger").get(f"{path}/pack/page").status_code == 404


def worry(town: Town, carer: Loopback) -> None:
    """Somebody writes down a concern, which a manager reads and follows up."""
    here, new, path = town.world.here, town.canaries.new, "/api/v1/concerns"
    body = concern_body(here.family.children[0], about_account_id=here.hub_carer)
    written = carer.post(path, json={**body, "what_happened": new("concern")})
    path, manager = f"{path}/{written.json()['id']}", town.phone("manager")
    more, why = {"words": new("addendum")}, {"outcome": "other", "words": new("outcome")}
    assert carer.post(f"{path}/addenda", json=more).status_code == 201
    read = manager.get(path)
    decided = manager.post(f"{path}/outcome", json=why, headers=seen(read.json()))
    assert decided.status_code == 200, decided.text


def carry_phones(town: Town) -> None:
    """Two people log in on one phone, one after the other; the first has another as well."""
    phones, body = "/api/v1/devices", {"kind": "fid", "platform": "android"}
    carer, new = town.phone("carer"), town.canaries.new
    for http, number in ((carer, 1), (town.phone("hub_carer"), 1), (carer, 2)):
        known = {**body, "address": new("phone"), "app_version": new("app version")}
        assert http.put(f"{phones}/{UUID(int=number)}", json=known).status_code == 204
        (told, *_) = http.get("/api/v1/notifications").json()["items"]
        assert http.post(f"/api/v1/notifications/{told['id']}/opened").status_code == 204
    wrong = {**body, "kind": "webpush", "address": f"https://{new('push service')}.example/"}
    assert carer.put(f"{phones}/{UUID(int=3)}", json=wrong).status_code == 422
    assert carer.delete(f"{phones}/{UUID(int=2)}").status_code == 204
    assert carer.get(phones).json()["items"] != []


def join(town: Town) -> None:
    """Somebody new is invited and comes."""
    new, manager = town.canaries.new, town.phone("manager")
    person = {"email": f"{new('new email')}@test.example", "display_name": new("new name")}
    code = manager.post("/api/v1/accounts", json=person).json()["invite_code"]
    town.canaries.add("invite code", code)
    town.canaries.add("invite code as typed", code.replace("-", ""))
    answer = {"code": code, "password": new("first password")}
    assert town.phone().post("/api/v1/auth/activate", json=answer).status_code == 200
    wrong = {"code": new("wrong code"), "password": new("another password")}
    assert town.phone().post("/api/v1/auth/activate", json=wrong).status_code == 401


def seen(shown: dict[str, Any]) -> dict[str, str]:
    """The header that says which version of it was seen."""
    return {"If-Match": f'"{shown["version"]}"'}


def keep_records(town: Town) -> None:
    """The programme manager writes down who lives where, and what authorities say."""
    new, family, manager = town.canaries.new, town.world.here.family, town.phone("manager")
    home, (one, other) = f"/api/v1/households/{family.id}", map(str, family.children)
    since = {"starts_on": "2026-01-01"}
    placed_by = manager.get(f"/api/v1/children/{one}").json()["responsible_authority"]
    born = {"born_on": "2015-02-03", "gender": "female", "legal_status": "section_31"}
    for path, body in (
        (f"{home}/adults", {"name": new("adult's name")}),
        (f"{home}/children", {**born, "first_name": new("child's name")}),
        (
            f"{home}/fostering-exemptions",
            {"authority": new("authority"), "children": [one], **since},
        ),
        (
            f"/api/v1/children/{one}/sharing-agreements",
            {"authority": placed_by, "with_child_id": other, **since},
        ),
    ):
        assert manager.post(path, json=body).status_code == 201


def ask_body(town: Town, day: int) -> dict[str, Any]:
    family = town.world.here.family
    body = {
        "household_id": str(family.id),
        "children": [str(family.children[0])],
        "kind": "planned",
        "arrives_at": in_days(day),
        "departs_at": in_days(day + 1, hour=10),
        "reason": "rest_for_carer",
    }
    return {**body, "note": town.canaries.new("note")}


def pry(town: Town) -> None:
    """A stranger looks for what is not theirs, and types secrets where they don't belong."""
    world, new = town.world, town.canaries.new
    nobody, stranger = town.phone(), town.phone("stranger")
    for http in (nobody, stranger, town.phone("neighbour")):
        for path in (
            f"households/{world.here.family.id}",
            "sleepovers?limit=0",
            "respite-requests",
        ):
            http.get(f"/api/v1/{path}")
    for name in town.logins:
        typed = {**town.logins[name], "password": new("mistyped password")}
        assert nobody.post("/api/v1/auth/login", json=typed).status_code == 401
    unknown = {"email": f"{new('unknown email')}@test.example", "password": "x"}
    nobody.post("/api/v1/auth/login", json=unknown)
    nobody.post("/api/v1/auth/login", json={"email": new("email"), "password": [new("list")]})
    nobody.post("/api/v1/auth/login", content=f'{{"email": "{new("broken JSON")}"')
    nobody.get("/api/v1/me", headers={"Authorization": f"Bearer {new('odd token')}"})
    nobody.get(f"/api/v1/{new('address')}?name={new('query')}")
    for field in ("kind", "reason", "arrives_at", "household_id", "draft"):
        stranger.post(ASKED, json={**ask_body(town, 11), field: new(f"wrong {field}")})
    stranger.post(ASKED, json=ask_body(town, 12))
    stranger.get(f"/api/v1/households?cursor={new('cursor')}&limit={new('limit')}")
    stranger.get(f"/api/v1/households/{new('id')}")
    odd = {"If-Match": f'"{new("ETag")}"', "Idempotency-Key": new("key") * 5}
    stranger.post(f"{ASKED}/{world.here.id}/submit", headers=odd)


def go_wrong(town: Town) -> None:
    """Every kind of bug and breakdown, quoting a secret."""
    carer = town.phone("carer")
    for way in ("unexpected", "integrity", "odd_value", "unreachable", "late"):
        answer = carer.get("/api/v1/notifications", headers={"Go-Wrong": way})
        assert answer.status_code >= 500, way


def break_database(town: Town, owner: Any) -> None:
    """A table that is gone for a while, for the API and for a job."""
    carer, hub_carer = town.phone("carer"), town.phone("hub_carer")
    asked = carer.post(ASKED, json=ask_body(town, 20)).json()
    with owner.begin() as connection:
        connection.exec_driver_sql("alter table notifications rename to away")
    try:
        path = f"{ASKED}/{asked['id']}/accept"
        assert hub_carer.post(path, headers=seen(asked)).status_code == 500
        assert carer.get("/api/v1/notifications").status_code == 500
    finally:
        with owner.begin() as connection:
            connection.exec_driver_sql("alter table away rename to notifications")


@pytest.fixture
def environment(settings: Any) -> dict[str, Any]:
    return {
        **addresses(settings.required_database()),
        "HUB_DATA_DIR": settings.data_dir,
        "HUB_PORT": free_port(),
    }


@pytest.fixture
def town(
    world: World, owner: Any, settings: Any, environment: dict[str, Any]
) -> Iterator[tuple[Town, str]]:
    canaries, logins = plant(owner, world, settings.keys_path, settings.data_keys_path)
    made = Town(world, environment["HUB_PORT"], canaries, logins)
    yield made
    made.close()


class TestTheCanaries:
    def test_are_planted_wherever_people_write(self):
        """Put a new column into PERSONAL, or into HARMLESS where it holds words of the hub."""
        written = {
            f"{table.name}.{column.name}"
            for table in models.Base.metadata.sorted_tables
            for column in table.columns
            if isinstance(column.type, sa.Text)
        }
        personal = {f"{table}.{column}" for table, found in PERSONAL.items() for column in found}
        assert written == personal | HARMLESS | TYPED


class TestWhatLeaves:
    def test_gives_nobody_away(self, town, owner, rows, environment, tmp_path, capsys):
        canaries = town.canaries
        give_passwords(environment, canaries)
        api_log, worker_log = tmp_path / "api.log", tmp_path / "worker.log"
        with (
            Program((TALKATIVE, "api"), api_log, **environment) as api,
            Program((TALKATIVE, "worker"), worker_log, **environment) as worker,
        ):
            operator = town.phone()
            wait_until(lambda: is_up(api, operator))
            live(town)
            keep_records(town)
            pry(town)
            go_wrong(town)
            break_database(town, owner)
            wait_until(lambda: not rows(UNDECIDED))
            assert len(rows("select from jobs.procrastinate_jobs where status = 'failed'")) == 4
            left = what_left(town, operator, api, worker, rows, environment)
            found = {place: canaries.found_in(text) for place, text in left.items()}
            assert {place: what for place, what in found.items() if what} == {}
            assert sum(map(bool, left.values())) >= 10
            assert {401, 404, 409, 415, 422, 500, 503} <= town.statuses
            assert len(canaries) >= 50
            with capsys.disabled():
                size = sum(map(len, left.values()))
                print(f"\n{len(canaries)} canaries, {len(left)} places, {size} characters: 0 found")

            town.phone("carer").get("/api/v1/notifications", headers={"Go-Wrong": "leak"})
            assert canaries.found_in(api.said()) == {"quoted by an exception"}


def give_passwords(environment: dict[str, Any], canaries: Canaries) -> None:
    """Put a secret into what exceptions quote and into the database's addresses."""
    environment["CANARY"] = canaries.new("quoted by an exception")
    for name in [name for name in environment if name.endswith("DATABASE_URL")]:
        password = canaries.new("database password")
        environment[name] = environment[name].replace("@/", f":{password}@/")


def what_left(
    town: Town, operator: Loopback, api: Program, worker: Program, rows: Any, environment: Any
) -> dict[str, str]:
    """All that has left the processes, by place."""
    doctor = hub_in_process("doctor", **without_canary(environment))
    assert (api.is_running, worker.is_running) == (True, True)
    return {
        "the API's log": api.said(),
        "the worker's log": worker.said(),
        "figures": "".join(operator.get(f"/{page}").text for page in PAGES),
        "the doctor": doctor.output,
        "refusals": "\n".join(town.refusals),
        "headers": "\n".join(town.headers),
        **{table: kept(rows, table) for table in KEPT},
    }


UNDECIDED = "select from jobs.procrastinate_jobs where status in ('todo', 'doing')"
PAGES = ("metrics", "healthz", "readyz")


def is_up(api: Program, http: Loopback) -> bool:
    assert api.is_running, api.said()
    try:
        return http.get("/healthz").is_success
    except httpx.TransportError:
        return False


def kept(rows: Any, table: str) -> str:
    """Every row of a table as text."""
    schema = "jobs." if table.startswith("procrastinate") else ""
    return "\n".join(row.text for row in rows(f"select t::text as text from {schema}{table} t"))


def without_canary(environment: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in environment.items() if name != "CANARY"}
