"""Whoever a concern is about finds no trace of it: every GET of the document, before and after.

Compared byte for byte, status and headers too, but for the time of day: as the person, as others of
the household, about what is there and about the concern and its task. A programme manager from
whom it isn't hidden sees the difference.
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import time
from typing import Any

import pytest
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import db, jobs
from hub_api.concerns import policy as concerns_policy
from hub_api.notifications import channels, planning
from hub_api.notifications.models import ChannelName
from hub_api.tasks import policy as tasks_policy
from tests.concerns.conftest import CONCERNS, Cast
from tests.factories.notifications import make_preferences
from tests.phone import Phone, contract
from tests.sync.phones import CopyingPhone

PREFIX = "/api/v1"
GETS = sorted(
    path.removeprefix(PREFIX)
    for path, operations in contract()["paths"].items()
    if "get" in operations and path.startswith(PREFIX)
)
OF_ONES_OWN = {"Date", "RateLimit"}
QUERIES = {
    "/tasks": ["", "?state=done", "?state=settled"],
    "/concerns": ["", "?state=open", "?state=closed"],
    "/audit-events": ["?limit=200", "?limit=200&outcome=refused", "?action=concern:create"],
}
CHANGES_BY_ITSELF = {"/openapi.json", "/sync"}
"""Asked for by nobody in particular; and catching up, whose place in the course of changes differs:
see `TestCatchingUp`."""

OF_A_PLACE = {
    "household_id": "households", "child_id": "children", "request_id": "respite_requests",
    "sleepover_id": "sleepovers", "hub_home_id": "hub_appointments",
}  # fmt: skip
"""By the name a path gives an id: the table it is looked for in, one of its own for each."""


def ids_of(cast: Cast, rows: Callable[..., list[Any]]) -> dict[str, list[str]]:
    """An object of each kind that those who walk have to do with, and an account of theirs."""
    here, found = cast.world.here, {}
    for name, table in OF_A_PLACE.items():
        column = "hub_home_id" if name == "hub_home_id" else "id"
        (row,) = rows(
            f"select {column} as id from {table} where constellation_id = :here"
            " order by id desc limit 1",
            here=here.id,
        )
        found[name] = [str(row.id)]
    return {**found, "constellation_id": [str(here.id)], "account_id": [str(here.hub_carer)]}


class Walker(Phone):
    """A phone that knows who else walks."""

    walkers: frozenset[str] = frozenset()


def walk(
    phone: Walker, ids: dict[str, list[str]], unknown: str, paths: Sequence[str] = GETS
) -> dict[str, Any]:
    """What every GET says to somebody, about each of these objects."""
    said = {}
    for path in paths:
        if path in CHANGES_BY_ITSELF:
            continue
        *around, last = re.findall(r"{(\w+)}", path) or [""]
        known = {name: ids.get(name, [unknown])[0] for name in around}
        for id_ in ids.get(last) or [unknown]:
            filled = path.format(**known, **{last: id_})
            for query in QUERIES.get(path, [""]):
                said[f"{filled}{query}"] = answer(phone, f"{filled}{query}")
    return said


def answer(phone: Walker, path: str) -> Any:
    """Status, headers and bytes, but for what one's own asking changes."""
    headers = {**phone.headers, "X-Request-ID": "the-same-id"}
    got = phone.app.test_client().get(f"{PREFIX}{path}", headers=headers)
    assert got.status_code < 500, path
    body = got.data
    changing = OF_ONES_OWN
    if path.startswith("/audit-events") and got.status_code == 200:
        changing, body = OF_ONES_OWN | {"Content-Length", "Link"}, _of_others(phone, body)
    said = [(name, value) for name, value in got.headers if name not in changing]
    return got.status_code, said, body


def _of_others(phone: Walker, body: bytes) -> bytes:
    """The record without the logins of this test, and without what the walks themselves leave in
    it: looks at the record, and refusals."""
    items = [
        item
        for item in json.loads(body)["items"]
        if item["action"] != "session:start" and item["actor_id"] not in phone.walkers
    ]
    return json.dumps(items).encode()


def walkers(cast: Cast, *people: str) -> dict[str, Walker]:
    """Phones of these people, in this order."""
    phones = {who: Walker(cast.world.app, cast.people[who]) for who in people}
    for phone in phones.values():
        phone.walkers = frozenset(str(cast.people[who]) for who in people)
    return phones


@pytest.fixture
def quiet(cast, owner, settings, monkeypatch):
    """Everybody sleeps all day, and the worker can wake them by e-mail."""
    engine = db.make_engine(settings.required_database().worker, connections=2)
    monkeypatch.setattr(jobs, "_engine", engine)
    monkeypatch.setattr(channels, "_open", {ChannelName.EMAIL: object()})
    with db.transaction(owner):
        for account_id in cast.people.values():
            make_preferences(account_id, quiet_from=time(0), quiet_until=time(23, 59))
    yield engine
    engine.dispose()


@pytest.fixture
def story(cast, quiet, rows):
    """All that becomes of a concern: written, told, read, looked for, refused, done, decided."""

    def play(by: str, about: str, handler: str) -> str:
        concern_id = cast.raised(by, about)
        with db.transaction(quiet):
            told = rows("select id from notifications where category = 'concern_raised'")
            planning.make_ready([row.id for row in told])
        path, worker = f"{CONCERNS}/{concern_id}", cast.phone(handler)
        (task,) = worker.get("/tasks").json["items"]
        why = {"outcome": "other", "words": "Talked it over."}
        answered = [
            worker.get(path),
            worker.get(f"/audit-events?subject_id={concern_id}"),
            worker.post(f"/tasks/{task['id']}/done", If_Match='"1"'),
            worker.post(f"{path}/addenda", {"words": "More."}),
            worker.post_seen(path, why, verb="outcome"),
            cast.phone("carer").get(f"/tasks/{task['id']}"),
            cast.phone("duty").post(f"{path}/outcome", why),
        ]
        assert [said.status_code for said in answered] == [200, 200, 200, 201, 200, 403, 403]
        passed = rows("select * from audit_events where action = 'notification:pass_quiet_hours'")
        assert passed
        return concern_id

    return play


STORIES = {
    "hub_carer": ("carer", "worker", ["hub_carer"]),
    "worker": ("carer", "manager", ["worker", "second_worker"]),
    "manager": ("carer", "worker", ["manager"]),
    "partner": ("hub_carer", "manager", ["neighbour", "managing_neighbour"]),
    "neighbour": ("hub_carer", "worker", ["neighbour", "managing_neighbour"]),
}
"""About whom → who writes it, who handles it, and who must find no trace."""
WITNESS = "second_manager"
WALKED = [about for about in STORIES if about != "neighbour"]
"""What is kept from the same people is walked once: about the one of them without an account."""
WITNESSED = "partner"
"""One walk shows that there was something to find."""


class TestWhomItIsKeptFrom:
    @pytest.mark.parametrize("about", WALKED)
    def test_find_in_every_get_what_was_there_before(self, cast, story, rows, about):
        by, handler, kept_from = STORIES[about]
        cast.world.booked()
        unknown = str(uuid7())
        # The witness comes last: that they look at the record is itself in it.
        phones = walkers(cast, *kept_from, *([WITNESS] if about == WITNESSED else []))
        there = ids_of(cast, rows)
        before = {who: walk(phone, there, unknown) for who, phone in phones.items()}
        concern_id = story(by, about, handler)
        after = {who: walk(phone, there, unknown) for who, phone in phones.items()}
        (task,) = rows("select id from tasks")
        hidden = {"concern_id": [concern_id], "task_id": [str(task.id)]}
        for who in kept_from:
            assert changed(before[who], after[who]) == set(), who
            assert told_apart(phones[who], hidden, unknown) == set(), who
        if about == WITNESSED:
            seen = {path.partition("?")[0] for path in changed(before[WITNESS], after[WITNESS])}
            assert seen >= {CONCERNS, "/tasks", "/notifications", "/audit-events"}
            assert told_apart(phones[WITNESS], hidden, unknown) != set()

    @pytest.mark.parametrize("about", STORIES)
    def test_hear_of_nothing_when_they_catch_up(self, cast, story, about):
        by, handler, kept_from = STORIES[about]
        copies = {who: CopyingPhone(cast.phone(who)) for who in (*kept_from, WITNESS)}
        for copy in copies.values():
            copy.settle()
        story(by, about, handler)
        for who in kept_from:
            for caught in copies[who].catch_up():
                assert (caught["gone"], caught["reset"]) == ([], []), who
                assert not any(caught["changed"].values()), who
        (caught,) = copies[WITNESS].catch_up()
        assert caught["changed"]["tasks"]
        assert caught["changed"]["notifications"]


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The paths that answer otherwise now."""
    assert before.keys() == after.keys()
    return {path for path, said in before.items() if said != after[path]}


def told_apart(phone: Walker, hidden: dict[str, list[str]], unknown: str) -> set[str]:
    """The paths that say more of a hidden object than of nothing."""
    paths = [path for path in GETS if any(f"{{{kind}}}" in path for kind in hidden)]
    found = walk(phone, hidden, unknown, paths)
    nothing = walk(phone, {}, unknown, paths)
    ids = [id_ for of_kind in hidden.values() for id_ in of_kind]
    return {
        path
        for path, said in found.items()
        for id_ in ids
        if id_ in path and said != nothing[path.replace(id_, unknown)]
    }


@pytest.mark.usefixtures("compiled_anew")
class TestTheDatabaseAlone:
    """Row-level security, with every policy of these slices saying yes."""

    @pytest.mark.parametrize("about", ["hub_carer", "manager", "neighbour"])
    def test_hides_it(self, cast, story, monkeypatch, about):
        by, handler, kept_from = STORIES[about]
        concern_id = story(by, about, handler)
        for policy in (concerns_policy, tasks_policy):
            monkeypatch.setattr(policy, "visible_to", lambda _: sa.true())
        monkeypatch.setattr(concerns_policy, "addenda_visible_to", lambda _: sa.true())
        for who in kept_from:
            phone = cast.phone(who)
            assert phone.get(CONCERNS).json["items"] == [], who
            for path in (f"{CONCERNS}/{concern_id}", f"{CONCERNS}/{concern_id}/addenda"):
                assert phone.get(path).status_code == 404
        assert cast.phone(WITNESS).get(CONCERNS).json["items"] != []


class TestThePoliciesAlone:
    def test_hide_it(self, cast, story, owner):
        """The policies, with row-level security off."""
        tables = ("concerns", "concern_addenda", "tasks", "audit_events")
        concern_id = story("carer", "manager", "worker")
        with owner.begin() as connection:
            for table in tables:
                connection.exec_driver_sql(f"alter table {table} disable row level security")
        try:
            phone = cast.phone("manager")
            assert phone.get(CONCERNS).json["items"] == []
            assert phone.get(f"{CONCERNS}/{concern_id}").status_code == 404
            assert phone.get(f"{CONCERNS}/{concern_id}/addenda").status_code == 404
            assert phone.get("/tasks?state=done").json["items"] == []
            assert phone.get(f"/audit-events?subject_id={concern_id}").json["items"] == []
            assert cast.phone(WITNESS).get(CONCERNS).json["items"] != []
        finally:
            with owner.begin() as connection:
                for table in tables:
                    connection.exec_driver_sql(f"alter table {table} enable row level security")
