"""What goes with the children of a seeded constellation: consents, packs, medicines and counts.

Played beside `player.py`, by the same dice and over HTTP. What somebody gets wrong is played, too:
a wrong count, another child's medicine, a consent that is taken back while a stay is booked.
"""

from datetime import time, timedelta
from itertools import cycle

from hub_api import clock

DAY = timedelta(days=1)
BEDTIME = time(20)
CAME_WITH = 10
"""Doses of each medicine that go along."""
USUAL = {
    "section_20": {"giver": "delegated_by_parent", "parent": "mother", "how": "placement_plan"},
    "section_31": {"giver": "delegated_by_authority", "how": "placement_plan"},
    "remand": {"giver": "youth_offending_team", "how": "in_writing"},
    "staying_put": {"giver": "young_adult", "how": "by_telephone"},
}
"""Whose word it takes, by legal status; the others' carers consent by asking."""
SOCIAL_WORKER = {"giver": "social_worker", "how": "by_telephone"}

VERBS = {
    "consents:give", "consents:withdraw", "consents:end", "consent-flags:begin",
    "consent-flags:end", "packs:write", "packs:confirm", "medicines:add", "medicines:end",
    "medicines:never-given", "care:correct-dose", "care:correct-count",
}  # fmt: skip
"""What is played here beside the verbs on stays."""


class Caring:
    """The liaison worker and the carers at their papers; `send` and `chance` are the player's."""

    def __init__(self, rows, dice, send, chance, people):
        self._rows, self._dice, self._send, self._chance = rows, dice, send, chance
        self._hub, self._liaison, self._carers = people
        self._unsaid = set()
        """Children without a word that was there before: it comes again one day."""
        self._outcomes = cycle(("given", "missed", "given", "given", "refused", "given", "given"))

    # --- consents ---------------------------------------------------------------------------------

    def evening(self):
        """Consents are taken back and end, proceedings begin and end, and words are given anew."""
        today = clock.london_today()
        if self._chance(0.06) and (held := self._consents()):
            row = self._dice.choice(held)
            self._unsaid.add(row.child_id)
            if self._chance(0.6):
                path = f"/consents/{row.id}/withdraw"
                self._send(self._liaison, "consents:withdraw", "POST", path, None, row.version)
            else:
                ends_on = {"ends_on": str(today + self._dice.randint(1, 14) * DAY)}
                path = f"/consents/{row.id}"
                self._send(self._liaison, "consents:end", "PATCH", path, ends_on, row.version)
        if self._chance(0.03):
            child = self._dice.choice(self._looked_after())
            kind = self._dice.choice(("care_proceedings", "absconding", "risky_networks"))
            body = {"kind": kind, "starts_on": str(today + self._dice.randint(0, 7) * DAY)}
            path = f"/children/{child.id}/consent-flags"
            self._send(self._liaison, "consent-flags:begin", "POST", path, body)
            self._unsaid.add(child.id)
        if self._chance(0.03) and (flags := self._flags()):
            row = self._dice.choice(flags)
            body = {"ends_on": str(max(today, row.starts_on) + self._dice.randint(1, 5) * DAY)}
            path = f"/consent-flags/{row.id}"
            self._send(self._liaison, "consent-flags:end", "PATCH", path, body, row.version)
        for child_id in sorted(self._unsaid):
            if self._chance(0.12):
                self._unsaid.discard(child_id)
                self._ask_again(child_id)

    def _ask_again(self, child_id):
        """Everybody whose word it may take gives it, from tonight on."""
        (child,) = self._rows("select legal_status from children where id = :id", id=child_id)
        flagged = [flag for flag in self._flags() if flag.child_id == child_id]
        words = [USUAL.get(child.legal_status), SOCIAL_WORKER if flagged else None]
        for word in filter(None, words):
            body = {**word, "starts_on": str(clock.london_today())}
            path = f"/children/{child_id}/consents"
            self._send(self._liaison, "consents:give", "POST", path, body)

    def _consents(self):
        return self._rows(
            "select id, version, child_id from consents"
            " where withdrawn_at is null and ends_on is null order by id"
        )

    def _flags(self):
        return self._rows(
            "select id, version, child_id, starts_on from consent_flags"
            " where ends_on is null order by id"
        )

    def _looked_after(self):
        return self._rows(
            "select id from children where legal_status in ('section_20', 'section_31', 'remand')"
            " order by id"
        )

    # --- packs ------------------------------------------------------------------------------------

    def unwrite(self, share):
        """Begin with packs of children at home that lack something nobody has written yet."""
        for child in self._rows(_AT_HOME):
            if self._chance(share):
                self._rows(
                    "delete from pack_sections where child_id = :id and section = :section"
                    " returning id",
                    id=child.id,
                    section=self._dice.choice(("allergies", "diet", "school_run")),
                )

    def complete(self, stay):
        """The carer writes what the hub carer was told is missing at the door."""
        carer, path = self._carers[stay.household_id], f"/children/{stay.child_id}/pack"
        body = {"says": "nothing_to_tell"}
        for section in self._send(carer, "packs:read", "GET", path).json["missing"]:
            self._send(carer, "packs:write", "PUT", f"{path}/{section}", body, 0)

    def look_over(self, home):
        """A carer looks whether a pack is still right, and what the child takes now."""
        child = self._dice.choice(home.children)
        path = f"/children/{child}/pack"
        pack = self._send(home.carer, "packs:read", "GET", path).json
        if pack["sections"]:
            said = self._dice.choice(pack["sections"])
            path = f"{path}/{said['section']}/confirm"
            self._send(home.carer, "packs:confirm", "POST", path, None, said["version"])
        current = [medicine for medicine in pack["medicines"] if medicine["ends_on"] is None]
        if current:
            medicine = self._dice.choice(current)
            body = {"ends_on": str(clock.london_today() + self._dice.randint(1, 3) * DAY)}
            path = f"/medicines/{medicine['id']}/end"
            self._send(home.carer, "medicines:end", "POST", path, body, medicine["version"])
        elif self._chance(0.7):
            times = {"times_of_day": ["20:00"]} if self._chance(0.5) else {"as_needed": True}
            body = {"name": "Cetirizine", "dose": "10 mg", **times}
            path = f"/children/{child}/medicines"
            self._send(home.carer, "medicines:add", "POST", path, body)

    # --- medicines --------------------------------------------------------------------------------

    def give(self, stay):
        """What the hub carer writes down in the morning: yesterday's bedtime, and a headache."""
        yesterday = clock.london_today() - DAY
        due_at = clock.london_instant(yesterday, BEDTIME)
        path = f"/sleepovers/{stay.id}/medication"
        for medicine in self._medicines(stay.child_id, yesterday):
            if medicine.as_needed:
                if self._chance(0.4):
                    body = {"medicine_id": str(medicine.id), "outcome": "given"}
                    self._send(self._hub, "sleepovers:medication", "POST", path, body)
            elif stay.arrived_at < due_at:
                body = self._dose(medicine, due_at)
                self._send(self._hub, "sleepovers:medication", "POST", path, body)
        wrong = self._rows(_NOT_THEIRS, child=stay.child_id, day=yesterday)
        if wrong and self._chance(0.2):
            medicine = self._dice.choice(wrong)
            timed = {} if medicine.as_needed else {"due_at": due_at.isoformat()}
            body = {"medicine_id": str(medicine.id), "outcome": "given", **timed}
            self._send(self._hub, "medicines:never-given", "POST", path, body)

    def _dose(self, medicine, due_at):
        outcome = next(self._outcomes)
        said = {"given_at": (due_at + DAY / 288).isoformat()}
        if outcome != "given":
            said = {"why": "Was asleep already."}
        about = {"medicine_id": str(medicine.id), "due_at": due_at.isoformat()}
        return {**about, "outcome": outcome, **said}

    def _medicines(self, child_id, day):
        return self._rows(
            "select id, as_needed from medicines where child_id = :child and starts_on <= :day"
            " and (ends_on is null or ends_on > :day) order by id",
            child=child_id,
            day=day,
        )

    def correct(self):
        """Somebody ticked the wrong box, or counted wrong, and says so."""
        if self._chance(0.1) and (wrong := self._rows(_STANDING)):
            row = self._dice.choice(wrong)
            outcome = self._dice.choice(("missed", "recorded_in_error"))
            body = {
                "medicine_id": str(row.medicine_id),
                "due_at": row.due_at and row.due_at.isoformat(),
                "outcome": "recorded_in_error" if row.due_at is None else outcome,
                "why": "I ticked the wrong box.",
                "corrects": str(row.id),
            }
            path = f"/sleepovers/{row.sleepover_id}/medication"
            self._send(self._liaison, "care:correct-dose", "POST", path, body)
        if self._chance(0.1) and (asked := self._rows(_COUNTED, since=self._since())):
            row = self._dice.choice(asked)
            anew = [{**count, "counted": count["counted"] + 1} for count in row.counts]
            body = {"kind": row.kind, "counts": anew, "why": "One more.", "corrects": str(row.id)}
            path = f"/sleepovers/{row.sleepover_id}/handovers"
            carer = self._carers[row.household_id]
            self._send(carer, "care:correct-count", "POST", path, body)

    def _since(self):
        """Stays that are over since then are still the hub carer's to look at."""
        return clock.now() - 6 * DAY

    # --- handover and return ----------------------------------------------------------------------

    def hand_over(self, stay):
        """One of the two homes writes down what came along; the other confirms it next morning."""
        counts = [
            {"medicine_id": str(medicine.id), "counted": CAME_WITH}
            for medicine in self._medicines(stay.child_id, clock.london_today())
        ]
        body = {"kind": "handover", "belongings": "Bag and bear", "counts": counts}
        who = self._dice.choice((self._hub, self._carers[stay.household_id]))
        path = f"/sleepovers/{stay.id}/handovers"
        self._send(who, "sleepovers:handovers", "POST", path, body)

    def bring_home(self, stay):
        """What went along is counted again, and now and then a dose is gone."""
        counts = [
            {
                "medicine_id": str(row.medicine_id),
                "counted": max(0, row.left - self._chance(0.1)),
            }
            for row in self._rows(_LEFT, stay=stay.id)
        ]
        path = f"/sleepovers/{stay.id}/handovers"
        body = {"kind": "return", "counts": counts}
        carer = self._carers[stay.household_id]
        self._send(carer, "sleepovers:handovers", "POST", path, body)

    def confirm(self):
        """Each home confirms what the other wrote down."""
        for row in self._rows(
            "select h.id, h.version, h.hub_confirmed_at, s.household_id from handovers h"
            " join sleepovers s on s.id = h.sleepover_id"
            " where (h.hub_confirmed_at is null or h.family_confirmed_at is null)"
            " and (s.returned_at is null or s.returned_at > :since)"
            " and not exists (select from handovers x where x.corrects = h.id) order by h.id",
            since=self._since(),
        ):
            who = self._hub if row.hub_confirmed_at is None else self._carers[row.household_id]
            path = f"/handovers/{row.id}/confirm"
            self._send(who, "care:confirm", "POST", path, None, row.version)


_AT_HOME = """
    select distinct child_id as id from pack_sections
     where child_id not in (select child_id from sleepovers where state = 'in_stay') order by 1"""

_NOT_THEIRS = """
    select id, as_needed from medicines
     where child_id <> :child or starts_on > :day or ends_on <= :day order by id"""
"""Other children's medicines, and those that are over or haven't begun."""

_LEFT = """
    select c.medicine_id,
           c.counted - (select count(*) from medication_records m
                         where m.sleepover_id = h.sleepover_id and m.medicine_id = c.medicine_id
                           and m.outcome = 'given' and not exists (
                               select from medication_records x where x.corrects = m.id)) as left
      from handovers h join medicine_counts c on c.handover_id = h.id
     where h.sleepover_id = :stay and h.kind = 'handover'
       and not exists (select from handovers x where x.corrects = h.id) order by 1"""

_STANDING = """
    select m.id, m.sleepover_id, m.medicine_id, m.due_at from medication_records m
     where m.outcome = 'given'
       and not exists (select from medication_records x where x.corrects = m.id) order by m.id"""

_COUNTED = """
    select h.id, h.sleepover_id, h.kind, s.household_id,
           (select json_agg(json_build_object('medicine_id', c.medicine_id, 'counted', c.counted))
              from medicine_counts c where c.handover_id = h.id) as counts
      from handovers h join sleepovers s on s.id = h.sleepover_id
     where exists (select from medicine_counts c where c.handover_id = h.id)
       and (s.returned_at is null or s.returned_at > :since)
       and not exists (select from handovers x where x.corrects = h.id) order by h.id"""
