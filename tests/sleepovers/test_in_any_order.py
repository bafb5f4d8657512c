"""Requests and stays in whatever order people think of: the app against a small model of it.

Everybody tries everything at any time, time passes, and after each step the database is recounted:
no state that its verb doesn't lead to, no bed-night without a live stay or a hold, none missing,
and never more fostered children in the hub home than the law allows (Children Act 1989 Sch 7).
"""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from uuid_utils.compat import uuid7

from hub_api import clock, db, jobs
from hub_api.respite.jobs import expire_requests
from tests.factories.world import make_family, make_neighbourhood
from tests.phone import Phone

EXAMPLES = int(os.environ.get("STATEFUL_EXAMPLES", "12"))
STEPS = int(os.environ.get("STATEFUL_STEPS", "50"))

REQUEST_VERBS = {
    "submit": {"draft": {"submitted"}},
    "accept": {"submitted": {"accepted", "awaiting_approval"}},
    "approve": {"awaiting_approval": {"accepted"}},
    "decline": {"submitted": {"declined"}, "awaiting_approval": {"declined"}},
    "withdraw": {
        "draft": {"withdrawn"},
        "submitted": {"withdrawn"},
        "awaiting_approval": {"withdrawn"},
    },
}
STAY_VERBS = {
    "handover": {"confirmed": {"in_stay"}},
    "return": {"in_stay": {"returned"}},
    "end-early": {"in_stay": {"returned"}},
    "close": {"returned": {"closed"}},
    "cancel": {"confirmed": {"cancelled"}},
    "extend": {"confirmed": {"confirmed"}, "in_stay": {"in_stay"}},
}
"""What each verb may lead to from where; from elsewhere it must be refused and change nothing."""

EAGER = {
    "extend": 7, "decline": 2, "end-early": 7, "handover": 5, "approve": 5, "accept": 4,
    "cancel": 5, "submit": 2, "return": 5, "close": 3, "withdraw": 2, "change": 1,
}  # fmt: skip
"""How often each is chosen of what may be done, so that lives get as far as their end."""

LEAST = min(5, EXAMPLES * STEPS // 60)
"""How often each must succeed in all lives together, or nothing is known of it."""

CHANGEABLE = {"draft", "submitted", "awaiting_approval"}
"""Where a request's own carer may ask for other dates."""

BODIES: dict[str, Any] = {
    "approve": {"reason": "The carer's operation takes a week to heal."},
    "decline": {"reason": "hub_full"},
    "withdraw": {"reason": "no_longer_needed"},
    "end-early": {"reason": "child_wants_to_go_home"},
    "cancel": {"reason": "child_unwell"},
}
BEGINS = datetime(2026, 10, 21, 9, tzinfo=UTC)
"""A few days before the clocks change."""

REFUSED = {403, 404, 409}
HUB_CARER, LIAISON_WORKER = 0, 1
"""Where they are among the `people`; the families' carers follow."""

WHICH = st.integers(0, 999)
"""One of those there are, counted from the oldest."""

WISH = st.tuples(
    st.integers(0, 2), st.integers(1, 2), st.integers(0, 12), st.integers(1, 8), st.booleans()
)
"""Whose family, how many children, in how many days, for how many nights, and if only a draft."""

ACTS = [*["turn"] * 8, "ask", "ask", "time", "decide", "stay", "change"]
"""What a step may be, each as often as it should be tried."""


class AnyOrder(RuleBasedStateMachine):
    app: Any
    owner: sa.Engine
    done: Counter[str]

    @initialize(wishes=st.lists(WISH, min_size=3, max_size=6))
    def begin(self, wishes: list[tuple[Any, ...]]) -> None:
        self.travel = time_machine.travel(BEGINS, tick=False)
        self.clock = self.travel.start()
        with db.transaction(self.owner):
            self.place = make_neighbourhood(f"Any {uuid7()}", beds=2)
            families = [self.place.family, self.place.neighbours, make_family(self.place.id, "C")]
        self.families = families
        self.people = [
            self.place.hub_carer, self.place.liaison_worker, *(f.carer for f in families)
        ]  # fmt: skip
        for wish in wishes:
            self.wish_for(*wish)
        for verb in ("submit", "accept", "accept", "accept", "approve", "handover"):
            if ripe := self.ripe(verb):
                self.take(verb, *ripe[0], 0)

    def teardown(self) -> None:
        if hasattr(self, "travel"):
            self.travel.stop()

    # --- what people do ----------------------------------------------------------------------

    @rule(
        act=st.sampled_from(ACTS), which=WHICH, wish=WISH, who=st.integers(0, 4),
        request_verb=st.sampled_from(sorted(REQUEST_VERBS)),
        stay_verb=st.sampled_from(sorted(STAY_VERBS)), days=st.integers(-2, 3),
        hours=st.integers(1, 40),
    )  # fmt: skip
    def step(
        self, act: str, which: int, wish: tuple[Any, ...], who: int, request_verb: str,
        stay_verb: str, days: int, hours: int,
    ) -> None:  # fmt: skip
        """One rule for all: of several, hypothesis would leave some out of whole lives."""
        if act == "ask":
            self.wish_for(*wish)
        elif act == "turn":
            self.turn(which, wish)
        elif act == "time":
            self.let_pass(timedelta(hours=hours))
        elif act == "stay" and self.states("sleepovers"):
            self.run_stay(which, stay_verb, who)
        elif act == "change" and self.states("respite_requests"):
            self.change(which, days, wish[3], who)
        elif self.states("respite_requests"):
            self.decide(which, request_verb, who)

    def wish_for(self, family: int, children: int, days: int, nights: int, draft: bool) -> None:
        asking = self.families[family]
        arrives_at = (clock.now() + timedelta(days=days)).replace(hour=17, minute=0)
        body = {
            "household_id": str(asking.id),
            "children": [str(child) for child in asking.children[:children]],
            "kind": "planned",
            "arrives_at": arrives_at.isoformat(),
            "departs_at": (arrives_at + timedelta(days=nights, hours=-7)).isoformat(),
            "reason": "rest_for_carer",
            "draft": draft,
        }
        answer = Phone(self.app, asking.carer).post("/respite-requests", body)
        assert answer.status_code in {201, 409}, answer.json
        self.done[f"ask {answer.status_code}"] += 1

    def decide(self, which: int, verb: str, who: int) -> None:
        self.attempt(which, "respite_requests", "respite-requests", verb, REQUEST_VERBS[verb], who)

    def run_stay(self, which: int, verb: str, who: int) -> None:
        self.attempt(which, "sleepovers", "sleepovers", verb, STAY_VERBS[verb], who)

    def change(self, which: int, days: int, nights: int, who: int) -> None:
        states = self.states("respite_requests")
        chosen = sorted(states)[which % len(states)]
        phone = Phone(self.app, self.people[who])
        seen = phone.get(f"/respite-requests/{chosen}")
        if seen.status_code == 404:
            return
        arrives_at = clock.now().replace(hour=17, minute=0) + timedelta(days=3 + days)
        body = {
            "arrives_at": arrives_at.isoformat(),
            "departs_at": (arrives_at + timedelta(days=nights, hours=-7)).isoformat(),
        }
        answer = phone.send(
            "PATCH", f"/respite-requests/{chosen}", body, If_Match=seen.headers["ETag"]
        )
        assert answer.status_code in {200, *REFUSED}, answer.json
        after = self.states("respite_requests")
        if answer.status_code == 200:
            may_become = {"awaiting_approval": "submitted"}.get(states[chosen], states[chosen])
            assert after[chosen] == may_become
            assert states[chosen] in {"draft", "submitted", "awaiting_approval", "accepted"}
        else:
            assert after == states
        self.done[f"change {answer.status_code}"] += 1

    # --- and what they would do: the one whose turn it is, with what is in a state for it -------

    def turn(self, which: int, wish: tuple[Any, ...]) -> None:
        """Something that may be done is done by one who may; whoever has nothing to do asks."""
        verbs = [verb for verb in EAGER for _ in range(EAGER[verb]) if self.ripe(verb)]
        if not verbs:
            self.wish_for(*wish)
            return
        verb = verbs[which % len(verbs)]
        ripe = self.ripe(verb)
        self.take(verb, *ripe[which // len(verbs) % len(ripe)], which)

    def ripe(self, verb: str) -> list[tuple[str, str]]:
        """The ids and states of what is in a state for this verb, the oldest first."""
        table = "sleepovers" if verb in STAY_VERBS else "respite_requests"
        leads = STAY_VERBS.get(verb) or REQUEST_VERBS.get(verb, CHANGEABLE)
        return [found for found in sorted(self.states(table).items()) if found[1] in leads]

    def take(self, verb: str, id_: str, state: str, which: int) -> None:
        """Whoever may do it does it, at a time for it."""
        table = "sleepovers" if verb in STAY_VERBS else "respite_requests"
        place = sorted(self.states(table)).index(id_)
        if verb == "change":
            self.change(place, which % 7, 1 + which % 3, self.whose_turn(id_, verb, state))
        elif table == "sleepovers":
            verb = self.still_possible(id_, verb, state)
            self.when_due(id_, verb, which % 4 - 1)
            who = LIAISON_WORKER if verb == "extend" and which % 2 else HUB_CARER
            self.attempt(place, table, table, verb, STAY_VERBS[verb], who)
        else:
            who = self.whose_turn(id_, verb, state)
            self.attempt(place, table, "respite-requests", verb, REQUEST_VERBS[verb], who)

    def still_possible(self, stay: str, verb: str, state: str) -> str:
        """The verb, or what people do instead when its time is over."""
        (due,) = (row for row in self.rows(DUE) if str(row.id) == stay)
        if state == "confirmed" and due.arrives_at <= clock.now():
            return "handover" if clock.now() < due.departs_at else "cancel"
        is_last_day = due.departs_at - clock.now() < timedelta(hours=20)
        if state == "in_stay" and verb != "return" and is_last_day:
            return "return"
        return verb

    def when_due(self, stay: str, verb: str, hours: int) -> None:
        """A child comes about when agreed, and goes home about then; until then, time passes."""
        (due,) = (row for row in self.rows(DUE) if str(row.id) == stay)
        at = due.arrives_at if verb == "handover" else due.departs_at
        if verb == "end-early":
            at -= timedelta(hours=26)
        if verb in {"handover", "return", "end-early"}:
            self.let_pass(max(timedelta(0), at + timedelta(hours=hours) - clock.now()))

    def let_pass(self, time: timedelta) -> None:
        self.clock.shift(time)
        before = self.states("respite_requests")
        expire_requests(0)
        for request, state in self.states("respite_requests").items():
            if state != before[request]:
                assert (before[request], state) in {
                    ("submitted", "expired"),
                    ("awaiting_approval", "expired"),
                }
                self.done[f"expire {before[request]}"] += 1

    def whose_turn(self, request: str, verb: str, state: str) -> int:
        """Whom of `people` a request in this state waits for."""
        if verb in {"submit", "withdraw", "change"}:
            households = {str(r.id): r.household_id for r in self.rows(OF_HOUSEHOLDS)}
            asking = [family.id for family in self.families].index(households[request])
            return LIAISON_WORKER + 1 + asking
        return LIAISON_WORKER if state == "awaiting_approval" else HUB_CARER

    def attempt(self, which: int, table: str, path: str, verb: str, leads: Any, who: int) -> None:
        states = self.states(table)
        chosen = sorted(states)[which % len(states)]
        phone = Phone(self.app, self.people[who])
        seen = phone.get(f"/{path}/{chosen}")
        if seen.status_code == 404:
            return
        body = BODIES.get(verb)
        if verb == "extend":
            body = {"departs_at": seen.json["departs_at"]}
            later = 1 + which % 2
            departs_at = datetime.fromisoformat(body["departs_at"]) + timedelta(days=later)
            body = {"departs_at": departs_at.isoformat(), "reason": "The carer is still unwell."}
        answer = phone.post(f"/{path}/{chosen}/{verb}", body, If_Match=seen.headers["ETag"])
        after = self.states(table)
        assert answer.status_code in {200, *REFUSED}, (verb, answer.json)
        if answer.status_code == 200:
            assert after[chosen] in leads[states[chosen]], (verb, states[chosen], after[chosen])
            assert answer.json["state"] == after[chosen]
        else:
            assert after == states
        self.done[f"{verb} {answer.status_code}"] += 1

    # --- what must always be true ----------------------------------------------------------------

    def states(self, table: str) -> dict[str, str]:
        return {
            str(row.id): row.state
            for row in self.rows(f"select id, state from {table} where constellation_id = :place")
        }

    def rows(self, statement: str) -> list[Any]:
        with self.owner.connect() as connection:
            return list(connection.execute(sa.text(statement), {"place": self.place.id}))

    @invariant()
    def nights_and_stays_agree(self) -> None:
        if not hasattr(self, "place"):
            return
        assert self.rows(WITHOUT_STAY) == []
        assert self.rows(NOT_ITS_NIGHTS) == []
        assert self.rows(NOT_HELD) == []
        assert self.rows(ACCEPTED_WITHOUT_STAYS) == []

    @invariant()
    def the_limit_holds(self) -> None:
        if hasattr(self, "place"):
            assert all(row.children <= 3 for row in self.rows(FOSTERED_BY_NIGHT))


DUE = "select id, arrives_at, departs_at from sleepovers where constellation_id = :place"
OF_HOUSEHOLDS = "select id, household_id from respite_requests where constellation_id = :place"

WITHOUT_STAY = """
    select n.* from bed_nights n join respite_requests r on r.id = n.request_id
      left join sleepovers s on s.id = n.sleepover_id
     where n.constellation_id = :place
       and not (s.state in ('confirmed', 'in_stay', 'returned', 'closed') and r.state = 'accepted'
                or n.sleepover_id is null and r.state = 'awaiting_approval')
"""
NIGHTS_OF = """
    (select array_agg(d::date order by d)
       from generate_series(({0})::date - 1, ({1})::date, interval '1 day') d
      where {0} < ((d::date + 1 + time '05:00') at time zone 'Europe/London')
        and {1} > ((d::date + time '23:00') at time zone 'Europe/London'))
"""
"""The London nights between two instants, counted by PostgreSQL and not by the app."""

HELD = "(select array_agg(night order by night) from bed_nights n where n.sleepover_id = s.id)"
NOT_ITS_NIGHTS = f"""
    select s.id, s.state from sleepovers s
     where s.constellation_id = :place and (
           s.state in ('confirmed', 'in_stay')
           and {HELD} is distinct from {NIGHTS_OF.format("s.arrives_at", "s.departs_at")}
        or s.state in ('returned', 'closed') and s.returned_at <= s.departs_at
           and {HELD} is distinct from {NIGHTS_OF.format("s.arrived_at", "s.returned_at")}
        or s.state = 'cancelled' and {HELD} is not null)
"""
NOT_HELD = """
    select r.id from respite_requests r join requested_children c on c.request_id = r.id
     where r.constellation_id = :place and r.state = 'awaiting_approval'
       and (select array_agg(night order by night) from bed_nights n
             where n.request_id = r.id and n.child_id = c.child_id) is distinct from r.nights
"""
ACCEPTED_WITHOUT_STAYS = """
    select r.id from respite_requests r
     where r.constellation_id = :place and (r.state = 'accepted') <> (
           (select array_agg(child_id order by child_id) from requested_children c
             where c.request_id = r.id)
         = (select array_agg(child_id order by child_id) from sleepovers s
             where s.request_id = r.id))
"""
FOSTERED_BY_NIGHT = """
    select n.night, count(*) as children from bed_nights n join children c on c.id = n.child_id
     where n.constellation_id = :place
       and c.legal_status in ('section_20', 'section_31', 'remand')
     group by n.night
"""


@pytest.fixture
def worker_engine(settings: Any) -> Any:
    engine = db.make_engine(settings.required_database().worker, connections=2)
    jobs.use_engine(engine)
    yield engine
    engine.dispose()


@pytest.mark.usefixtures("worker_engine")
def test_in_whatever_order(app: Any, owner: sa.Engine) -> None:
    done: Counter[str] = Counter()
    machine = type("AnyOrderHere", (AnyOrder,), {"app": app, "owner": owner, "done": done})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize="STATEFUL_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=[Phase.generate],  # to shrink a life takes longer than to read it
        ),
    )
    print(f"\n{EXAMPLES} lives of {STEPS} steps: {dict(sorted(done.items()))}")
    assert {verb: done[f"{verb} 200"] for verb in EAGER if done[f"{verb} 200"] < LEAST} == {}
    assert done["expire submitted"] > 0


def test_every_verb_has_its_turn() -> None:
    assert EAGER.keys() == {*REQUEST_VERBS, *STAY_VERBS, "change"}
