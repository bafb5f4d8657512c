"""The people of a seeded constellation, using the hub over HTTP as the dice decide.

They play every verb of `VERBS`, and the OpenAPI document has no other for requests and stays.
"""

import re
from collections import Counter
from datetime import time, timedelta

from hub_api import clock
from tests.phone import Phone, contract
from tests.seed import caring

DAY = timedelta(days=1)
FINE = {200, 201, 204, 403, 404, 409}
"""Answers that a person may get who does nothing wrong but perhaps comes too late."""


VERBS = {
    "respite-requests:ask",
    *(
        f"respite-requests:{verb}"
        for verb in ("submit", "accept", "approve", "decline", "withdraw", "change", "overrides")
    ),
    *(
        f"sleepovers:{verb}"
        for verb in ("handover", "return", "end-early", "extend", "close", "cancel")
    ),
    *(
        f"sleepovers:{verb}"
        for verb in (
            "log-entries", "incidents", "missing-episodes", "outings", "medication", "handovers",
            "debrief",
        )
    ),
    "constellations:block",
}  # fmt: skip
"""What people can do with requests and stays, and with the nights of the hub."""

BESIDE = {
    "care:back",
    "care:told",
    "care:returned",
    "care:notified",
    "care:confirm",
    "packs:read",
} | (caring.VERBS - {"medicines:never-given"})
"""What they do about what was written of a stay, by its own id, and with a child's papers."""


def verbs_of_the_document():
    """What the document lets people do with a request or a stay, as `resource:verb`."""
    found = set()
    for path, operations in contract()["paths"].items():
        if one := re.fullmatch(r"/api/v1/(respite-requests|sleepovers)/\{\w+\}(/[a-z-]+)?", path):
            if "post" in operations:
                found.add(f"{one[1]}:{one[2][1:]}")
            if "patch" in operations:
                found.add(f"{one[1]}:change")
        elif path.endswith("/blocked-nights") and "post" in operations:
            found.add("constellations:block")
    return found


class Player:
    """Everybody at once. `done` counts the answers by verb and status."""

    def __init__(self, app, rows, dice):
        self._rows, self._dice, self._app = rows, dice, app
        self._phones = {}
        self.done = Counter()
        self._place = rows("select id from constellations")[0].id
        self._hub = self._account("hub_carer")
        self._liaison = self._account("liaison_worker")
        self._homes = rows(
            "select g.household_id as id, g.account_id as carer,"
            " array(select c.id from children c where c.household_id = g.household_id) as children"
            " from role_grants g where role = 'satellite_carer' order by g.id"
        )
        self._carers = {home.id: home.carer for home in self._homes}
        people = (self._hub, self._liaison, self._carers)
        self._papers = caring.Caring(rows, dice, self._send, self._chance, people)
        self._papers.unwrite(0.8)

    def _account(self, role):
        return self._rows("select account_id from role_grants where role = :r", r=role)[0][0]

    def _phone(self, account):
        if account not in self._phones:
            self._phones[account] = Phone(self._app, account)
        return self._phones[account]

    def _send(self, account, verb, method, path, body=None, version=None):
        headers = {} if version is None else {"If_Match": f'"{version}"'}
        answer = self._phone(account).send(method, path, body, **headers)
        assert answer.status_code in FINE, (verb, body, answer.status_code, answer.json)
        self.done[verb, answer.status_code] += 1
        return answer

    def _do(self, account, verb, row, body=None):
        """One verb on one request or stay."""
        resource, _, word = verb.partition(":")
        method, path = ("PATCH", "") if word == "change" else ("POST", f"/{word}")
        return self._send(account, verb, method, f"/{resource}/{row.id}{path}", body, row.version)

    # --- one evening, one morning -----------------------------------------------------------------

    def evening(self):
        """Half past six: children arrive, requests are answered, people ask."""
        for stay in self._stays("confirmed"):
            if stay.departs_at <= clock.now():
                self._do(self._hub, "sleepovers:cancel", stay, {"reason": "did_not_come"})
            elif stay.arrives_at <= clock.now() and self._chance(0.96):
                self._hand_over(stay)
            elif stay.arrives_at > clock.now() and self._chance(0.015):
                who = self._carers[stay.household_id]
                self._do(who, "sleepovers:cancel", stay, {"reason": "child_unwell"})
            elif self._chance(0.02):
                self._extend(stay)
        for request in self._requests("draft", "submitted", "awaiting_approval"):
            self._answer(request)
        if self._chance(0.55):
            self._ask()
        self._papers.evening()

    def _hand_over(self, stay):
        """At the door: what the pack lacks is written there, and medicines are counted."""
        answer = self._do(self._hub, "sleepovers:handover", stay, {})
        if answer.status_code == 409 and answer.json["code"] == "pack_incomplete":
            self._papers.complete(stay)
            answer = self._do(self._hub, "sleepovers:handover", stay, {})
        if answer.status_code == 200 and self._chance(0.85):
            self._papers.hand_over(stay)

    def morning(self):
        """Eleven: children go home, some of them early, and what is over is closed."""
        for stay in self._stays("in_stay"):
            self._papers.give(stay)
            self._write(stay)
            self._end(stay)
        self._see_to()
        self._papers.correct()
        for stay in self._stays("returned"):
            self._debrief(stay)
            if self._chance(0.5):
                self._do(self._hub, "sleepovers:close", stay)
        if self._chance(0.03):
            self._block()
        if self._chance(0.05):
            self._move()
        if self._chance(0.2):
            self._papers.look_over(self._dice.choice(self._homes))

    def _write(self, stay):
        """What the hub carer writes about a stay, and now and then a child who is missing."""
        written = {
            ("log-entries", 0.5): {"kind": "fact", "text": "Slept well, and had porridge."},
            ("incidents", 0.1): {"kind": "serious_illness", "account": "A high temperature."},
            ("missing-episodes", 0.05): {"circumstances": "Went out after breakfast."},
            ("outings", 0.2): {"agreed_back_at": (clock.now() + DAY / 8).isoformat()},
        }
        for (verb, share), body in written.items():
            if self._chance(share):
                path = f"/sleepovers/{stay.id}/{verb}"
                self._send(self._hub, f"sleepovers:{verb}", "POST", path, body)

    def _debrief(self, stay):
        """The carer brought the child home, and asks how it was."""
        if self._chance(0.7):
            self._papers.bring_home(stay)
        if self._chance(0.7):
            body = {"would_come_again": "yes", "own_words": "We made pancakes."}
            path, carer = f"/sleepovers/{stay.id}/debrief", self._carers[stay.household_id]
            self._send(carer, "sleepovers:debrief", "POST", path, body)

    def _see_to(self):
        """Children who were missing are back, and others are told of what must be told."""
        for row in self._rows("select id from missing_episodes where returned_at is null"):
            path = f"/missing-episodes/{row.id}"
            self._send(self._hub, "care:told", "POST", f"{path}/told", {"edt_at": self._now()})
            self._send(self._hub, "care:returned", "POST", f"{path}/returned", {})
        for row in self._rows("select id from outings where back_at is null order by id"):
            self._send(self._hub, "care:back", "POST", f"/outings/{row.id}/back", {})
        self._papers.confirm()
        for row in self._rows(
            "select id, version from incidents where notify_by is not null and notified_at is null"
        ):
            body, path = {"notified_to": ["ofsted"]}, f"/incidents/{row.id}/notified"
            self._send(self._liaison, "care:notified", "POST", path, body, row.version)

    def _end(self, stay):
        if stay.departs_at - clock.now() < DAY / 2:
            self._do(self._hub, "sleepovers:return", stay, {})
        elif self._chance(0.2):
            self._do(self._hub, "sleepovers:end-early", stay, {"reason": "carer_ready"})
        elif self._chance(0.2):
            self._extend(stay)

    def everybody_asks(self, arrival):
        """Everybody wants the same night away, as on a bank holiday."""
        for home in self._homes:
            self._ask(home, arrival)

    def _ask(self, home=None, arrival=None):
        home = home or self._dice.choice(self._homes)
        children = self._dice.sample(home.children, self._dice.choice((1, 1, len(home.children))))
        (nights,) = self._dice.choices((1, 2, 3, 5, 7, 8), (40, 30, 15, 8, 4, 3))
        arrival = arrival or clock.london_today() + self._dice.randint(1, 25) * DAY
        self._send(
            home.carer,
            "respite-requests:ask",
            "POST",
            "/respite-requests",
            {
                "household_id": str(home.id),
                "children": [str(child) for child in children],
                "kind": "planned",
                "arrives_at": self._at(arrival, self._dice.choice((15, 17, 18, 22))),
                "departs_at": self._at(arrival + nights * DAY, self._dice.choice((10, 12, 16))),
                "reason": self._dice.choice(("rest_for_carer", "carers_holiday", "family_event")),
                "note": self._dice.choice((None, "Both like a story.")),
                "draft": self._chance(0.15),
            },
        )

    def _answer(self, request):
        carer = self._carers[request.household_id]
        why = {"reason": "Agreed with the child's social worker."}
        if request.state == "draft":
            ways = {(carer, "submit", None): 50}
        else:
            ways = {
                (carer, "withdraw", "no_longer_needed"): 5,
                (self._hub, "decline", "hub_unable"): 5,
                (carer, "change", None): 8,
            }
        if request.state == "submitted":
            ways |= {(self._hub, "accept", None): 50, (self._liaison, "overrides", "length"): 8}
        if request.state == "awaiting_approval":
            ways |= {(self._liaison, "approve", None): 50}
        ways[None] = 100 - sum(ways.values())
        (way,) = self._dice.choices([*ways], [*ways.values()])
        if way is None:
            return
        who, verb, reason = way
        bodies = {"approve": why, "overrides": {"code": reason, **why}}
        if verb == "change":
            self._change(who, request)
        else:
            body = bodies.get(verb, {"reason": reason} if reason else None)
            self._do(who, f"respite-requests:{verb}", request, body)

    def _move(self):
        """The hub carer or the liaison worker finds other dates for what was accepted."""
        if ahead := [r for r in self._requests("accepted") if r.arrives_at > clock.now()]:
            who = self._dice.choice((self._hub, self._liaison))
            self._change(who, self._dice.choice(ahead))

    def _change(self, who, request):
        days = self._dice.choice((-1, 1, 2)) * DAY
        body = {
            "arrives_at": (request.arrives_at + days).isoformat(),
            "departs_at": (request.departs_at + days).isoformat(),
        }
        self._do(who, "respite-requests:change", request, body)

    def _extend(self, stay):
        who = self._dice.choice((self._hub, self._liaison))
        later = {"departs_at": (stay.departs_at + DAY).isoformat(), "reason": "One night more."}
        self._do(who, "sleepovers:extend", stay, later)

    def _block(self):
        first = clock.london_today() + self._dice.randint(10, 40) * DAY
        nights = {
            "first_night": first.isoformat(),
            "last_night": (first + self._dice.randint(0, 4) * DAY).isoformat(),
            "reason": "leave",
        }
        path = f"/constellations/{self._place}/blocked-nights"
        self._send(self._hub, "constellations:block", "POST", path, nights)

    # --- what there is ----------------------------------------------------------------------------

    def _stays(self, state):
        return self._rows(
            "select id, version, household_id, child_id, arrives_at, departs_at, arrived_at"
            " from sleepovers where state = :state order by id",
            state=state,
        )

    def _requests(self, *states):
        return self._rows(
            "select id, version, state, household_id, arrives_at, departs_at from respite_requests"
            " where state = any (:states) and departs_at > :now order by id",
            states=list(states),
            now=clock.now() - DAY,
        )

    def _now(self):
        return clock.now().isoformat()

    def _chance(self, share):
        return self._dice.random() < share

    def _at(self, day, hour):
        return clock.london_instant(day, time(hour)).isoformat()
