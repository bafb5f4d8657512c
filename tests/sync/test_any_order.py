"""Whatever happens while phones are off: in the end each holds what it would find in the lists.

A random walk over the verbs of requests, stays, families and roles. Phones are off for as long as
the dice say; the others' copies are compared after each step in `TestEachVerb`.
"""

import random
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from hub_api import clock, db
from hub_api.access import Role
from hub_api.accounts.models import RoleGrant
from hub_api.tasks.kinds import TaskKind
from hub_api.tasks.models import Task
from tests.factories.tasks import make_task
from tests.factories.world import make_bed
from tests.phone import in_days
from tests.sync.phones import CopyingPhone, all_lists

STEPS = 45


class Life:
    """A world in which anybody does anything, and phones that know of it by catching up alone."""

    def __init__(self, world, owner, dice):
        self.world, self.owner, self.dice = world, owner, dice
        here, there = world.here, world.elsewhere
        self.manager = world.staff[Role.PROGRAMME_MANAGER]
        self.families = [here.family, here.neighbours, there.family]
        self.people = {
            "carer": here.family.carer,
            "neighbour": here.neighbours.carer,
            "carer_there": there.family.carer,
            "hub_carer": here.hub_carer,
            "hub_carer_there": there.hub_carer,
            "liaison_worker": here.liaison_worker,
            "manager": self.manager,
        }
        self.copies = {name: CopyingPhone(None) for name in self.people}
        self.done: dict[str, int] = {}
        self.refused: dict[str, dict] = {}
        self.drafts, self.longest = 0.3, 5

    def phone(self, account):
        return self.world.phone(account)

    def tell(self, name, limit=200):
        """One phone catches up, and agrees with its lists."""
        copy = self.copies[name]
        copy.phone, copy.limit = self.phone(self.people[name]), limit
        copy.catch_up()
        assert copy.kept == all_lists(copy.phone), name

    def tell_everybody(self):
        for name in self.people:
            self.tell(name, limit=self.dice.choice([1, 7, 200]) if self.done else 200)

    # --- what can happen ---------------------------------------------------------------------

    def any_of(self, account, path):
        items = self.phone(account).get(path).json.get("items", [])
        return self.dice.choice(items) if items else None

    def ask(self):
        family = self.dice.choice(self.families)
        day = self.dice.randint(1, 30)
        body = self.world.ask_body(
            household_id=str(family.id),
            children=[str(c) for c in self.dice.sample(family.children, self.dice.randint(1, 2))],
            arrives_at=in_days(day),
            departs_at=in_days(day + self.dice.randint(1, self.longest), hour=10),
            draft=self.dice.random() < self.drafts,
        )
        return self.phone(family.carer).post("/respite-requests", body)

    def on_request(self, verb, account, body=None):
        request = self.any_of(account, "/respite-requests")
        if request is None:
            return None
        path = f"/respite-requests/{request['id']}"
        return self.phone(account).post_seen(path, body, verb=verb)

    def patch_request(self):
        account = self.dice.choice(self.families).carer
        request = self.any_of(account, "/respite-requests?state=submitted")
        if request is None:
            return None
        day = self.dice.randint(2, 40)
        body = {"arrives_at": in_days(day), "departs_at": in_days(day + 2, hour=10)}
        children = self.any_of(account, "/households")["children"]
        if self.dice.random() < 0.5 and children:
            body["children"] = [self.dice.choice(children)["id"]]
        path, phone = f"/respite-requests/{request['id']}", self.phone(account)
        return phone.send("PATCH", path, body, If_Match=phone.get(path).headers["ETag"])

    def on_stay(self, verb, account, state="", body=None):
        stay = self.any_of(account, f"/sleepovers?state={state}")
        if stay is None:
            return None
        if verb == "handover":  # who was there waits until the child comes
            return self.in_time_of(stay, verb, account, "arrives_at", body)
        if verb == "return":
            return self.in_time_of(stay, verb, account, "departs_at", body)
        return self.phone(account).post_seen(f"/sleepovers/{stay['id']}", body, verb=verb)

    def in_time_of(self, stay, verb, account, when, body):
        at = max(clock.now(), clock.now().fromisoformat(stay[when].replace("Z", "+00:00")))
        self.traveller.move_to(at + timedelta(minutes=1))
        return self.phone(account).post_seen(f"/sleepovers/{stay['id']}", body, verb=verb)

    def family_path(self):
        return f"/households/{self.dice.choice(self.families).id}"

    def seen(self, method, path, body, get=None):
        phone = self.phone(self.manager)
        etag = phone.get(get or path).headers.get("ETag", '"1"')
        return phone.send(method, path, body, If_Match=etag)

    def change_child(self):
        child = self.dice.choice(self.dice.choice(self.families).children)
        body = {"first_name": f"Child {self.dice.randint(1, 99)}"}
        return self.seen("PATCH", f"/children/{child}", body)

    def let_child_leave(self):
        child = self.dice.choice(self.dice.choice(self.families).children)
        day = clock.london_today() + timedelta(days=self.dice.randint(-1, 3))
        body = {"left_on": str(day)}
        return self.seen("POST", f"/children/{child}/leave", body, get=f"/children/{child}")

    def move(self):
        path = self.family_path()
        to = self.dice.choice([self.world.here, self.world.elsewhere])
        return self.seen("POST", f"{path}/move", {"constellation_id": str(to.id)}, get=path)

    def end_or_begin_role(self):
        with self.owner.begin() as connection:
            account = self.dice.choice([self.people["hub_carer"], self.people["neighbour"]])
            grants = sa.update(RoleGrant).where(RoleGrant.account_id == account)
            is_ended = self.dice.random() < 0.5
            ends_on = clock.london_today() if is_ended else None
            connection.execute(grants.values(ends_on=ends_on))

    def task(self):
        worker, is_new = self.people["liaison_worker"], self.dice.random() < 0.5
        if is_new:
            with db.transaction(self.owner):
                return make_task(self.world.here.id)
        task = self.any_of(worker, "/tasks")
        path = f"/tasks/{task['id']}" if task else None
        return path and self.phone(worker).post_seen(path, verb="done")

    def rename_hub(self):
        with self.owner.begin() as connection:
            name = {"name": f"Hub {self.dice.randint(1, 99)}", "id": self.world.here.hub_home}
            connection.execute(sa.text("update hub_homes set name = :name where id = :id"), name)

    def rename_worker(self):
        phone = self.phone(self.people["liaison_worker"])
        body = {"display_name": f"Worker {self.dice.randint(1, 99)}"}
        return phone.send("PATCH", "/me", body, If_Match=phone.get("/me").headers["ETag"])

    def add_adult(self):
        body = {"name": f"Adult {self.dice.randint(1, 99)}"}
        return self.phone(self.manager).post(f"{self.family_path()}/adults", body)

    def rename_household(self):
        path = self.family_path()
        return self.seen("PATCH", path, {"name": f"Home {self.dice.randint(1, 99)}"})

    def remove_for_good(self):
        """As keeping no longer than needed may one day do: a task that is taken away."""
        with self.owner.begin() as connection:
            connection.execute(
                sa.delete(Task).where(Task.kind == TaskKind.HUB_CARER_MISSING, Task.state != "open")
            )

    def days_pass(self):
        self.traveller.shift(timedelta(days=self.dice.randint(1, 4), hours=self.dice.randint(0, 9)))

    def verbs(self):
        hub, worker = self.people["hub_carer"], self.people["liaison_worker"]
        carer = self.dice.choice(self.families).carer
        reason = {"reason": "There is nobody else."}
        return {
            "ask": self.ask,
            "ask_again": self.ask,
            "submit": lambda: self.on_request("submit", carer),
            "accept": lambda: self.on_request("accept", hub),
            "accept_again": lambda: self.on_request("accept", hub),
            "approve": lambda: self.on_request("approve", worker, reason),
            "decline": lambda: self.on_request("decline", hub, {"reason": "hub_unable"}),
            "withdraw": lambda: self.on_request("withdraw", carer, {"reason": "other"}),
            "override": lambda: self.on_request(
                "overrides", worker, {"code": "length", "reason": "There is nobody else."}
            ),
            "patch": self.patch_request,
            "cancel": lambda: self.on_stay(
                "cancel", carer, "confirmed", {"reason": "child_unwell"}
            ),
            "handover": lambda: self.on_stay("handover", hub, "confirmed"),
            "return": lambda: self.on_stay("return", hub, "in_stay"),
            "close": lambda: self.on_stay("close", hub, "returned"),
            "extend": lambda: self.on_stay(
                "extend", worker, "in_stay", {"departs_at": in_days(3), **reason}
            ),
            "end_early": lambda: self.on_stay("end-early", hub, "in_stay", {"reason": "other"}),
            "child": self.change_child,
            "leave": self.let_child_leave,
            "move": self.move,
            "role": self.end_or_begin_role,
            "task": self.task,
            "hub": self.rename_hub,
            "worker": self.rename_worker,
            "adult": self.add_adult,
            "household": self.rename_household,
            "remove": self.remove_for_good,
            "days": self.days_pass,
        }

    def step(self, name=None):
        verbs = self.verbs()
        name = name or self.dice.choice(sorted(verbs))
        answer = verbs[name]()
        went = answer is None or getattr(answer, "status_code", 200) < 300
        self.done[name] = self.done.get(name, 0) + bool(went and answer is not None)
        if not went:
            self.refused[name] = answer.json
        return name

    def until_done(self, name):
        """A step that is tried with other objects while it is refused."""
        before = self.done.get(name, 0)
        for _ in range(12):
            self.step(name)
            if self.done[name] > before:
                return


@pytest.fixture
def life(world, owner):
    def live(seed):
        with db.transaction(owner) as session:
            session.add_all(make_bed(world.here, f"more {n}") for n in range(4))
        return Life(world, owner, random.Random(seed))

    return live


@pytest.mark.parametrize("seed", range(4))
def test_phones_that_were_off_for_long_hold_what_the_lists_show(life, seed):
    with time_machine.travel(clock.now(), tick=True) as traveller:
        found = life(seed)
        found.traveller = traveller
        found.tell_everybody()
        for _ in range(STEPS):
            found.step()
            if found.dice.random() < 0.25:
                found.tell(found.dice.choice(sorted(found.people)), found.dice.choice([3, 200]))
        found.tell_everybody()
        found.tell_everybody()


def test_after_each_verb_everybody_elses_phone_holds_it(life):
    order = [
        "ask", "patch", "accept", "ask", "decline", "ask", "withdraw", "ask", "accept", "cancel",
        "ask", "accept", "handover", "extend", "end_early", "close", "ask", "accept", "handover",
        "return", "close", "task", "task", "child", "worker", "adult", "household", "leave",
    ]  # fmt: skip
    with time_machine.travel(clock.now(), tick=True) as traveller:
        found = life(7)
        found.traveller = traveller
        found.families, found.drafts, found.longest = found.families[:1], 0, 3
        found.tell_everybody()
        for verb in order:
            found.until_done(verb)
            for name in found.people:
                found.tell(name)
    missing = set(order) - {verb for verb, times in found.done.items() if times}
    assert not missing, {verb: found.refused.get(verb) for verb in missing}
