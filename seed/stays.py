"""A constellation's stays, planned night by night: asked for, decided on, lived through.

3-10 stays a month of one to three nights, some longer with the liaison worker's approval, and some
declined, withdrawn, never answered, cancelled or ended early (domain.md, section 8). What is
planned for a day to come is in the state it would be in now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from hub_api import child_keys, clock
from hub_api.access import Role
from hub_api.respite.models import (
    DeclineReason,
    RequestedChild,
    RequestKind,
    RequestReason,
    RequestState,
    RespiteRequest,
    WithdrawReason,
)
from hub_api.sleepovers import beds, checks
from hub_api.sleepovers.facts import Stay
from hub_api.sleepovers.models import (
    BedNight,
    CheckOverride,
    RespiteDecision,
    Sleepover,
)
from seed import lives
from seed.families import siblings_in
from seed.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from hub_api.settings import Settings
    from hub_api.sleepovers.beds import Plan
    from seed.rows import Dice, Rows
    from seed.town import Home, Town

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SHORT_OF_BEDS = frozenset({"guest_bed", "bedroom_sharing", "hub_away"})
"""The checks for which a hub carer declines kindly, and everybody knew that it might be so."""
LENGTHS = {1: 45, 2: 34, 3: 15, 4: 2, 5: 2, 6: 1, 7: 1}
"""How many of a hundred stays have so many nights."""
NOTES = (
    "Please leave the landing light on; it helps with settling.",
    "Football on Saturday at ten, kit is in the blue bag.",
    "A quiet first hour works best, then supper.",
    "Swimming went well this week and may be all the talk.",
    "Homework is due on Monday and is nearly done.",
    "Likes to ring home after tea.",
    "Prefers not to share the bathroom shelf.",
    "It has been a hard week at school, so gently does it.",
)
WHY_LONGER = (
    "The carers are away for a family wedding and everybody agrees that the hub is best.",
    "A short operation for the carer; the school run works from the hub.",
    "The half-term week was agreed with the child's social worker.",
)


@dataclass(slots=True)
class Asked:
    """One request on its way, and how far it has come by now."""

    id: UUID
    home: Home
    stay: Stay
    asked_at: datetime
    found: list[checks.Check]
    state: RequestState = RequestState.SUBMITTED
    version: int = 2
    decline_reason: DeclineReason | None = None
    withdraw_reason: WithdrawReason | None = None


class Planner:
    """Plans the stays of one constellation and adds their rows. `until` is the last arrival."""

    def __init__(self, town: Town, rows: Rows, dice: Dice, rules: Settings, now: datetime) -> None:
        self._town, self._rows, self._dice, self._rules, self._now = town, rows, dice, rules, now
        self._ledger = Ledger(town)

    def plan(self) -> None:
        """Everything from the first month to the last day."""
        for day, count in sorted(self._evenings()):
            self._ask_for(day, count)

    def _evenings(self) -> Iterable[tuple[date, int]]:
        """Days of arrival, mostly Fridays, and numbers of nights. Somebody is always there now."""
        yield clock.london_today() - DAY, 3
        day = self._town.since + 10 * DAY
        while day <= self._town.until:
            for _ in range(self._dice.randint(6, 9)):
                arrival = day + self._dice.randrange(30) * DAY
                if self._dice.chance(0.6):
                    arrival += (4 - arrival.weekday()) % 7 * DAY
                (nights,) = self._dice.choices([*LENGTHS], [*LENGTHS.values()])
                if arrival <= self._town.until:
                    yield arrival, nights
            day += 30 * DAY

    # --- asking ----------------------------------------------------------------------------------

    def _ask_for(self, day: date, count: int) -> None:
        home = self._dice.choice(self._town.homes)
        arrives_at = clock.london_instant(day, time(self._dice.randint(15, 18), 30))
        departs_at = clock.london_instant(day + count * DAY, time(self._dice.randint(10, 17)))
        asked_at = arrives_at - self._dice.between(3 * DAY, 45 * DAY)
        asked_at = max(asked_at, clock.london_instant(self._town.since + DAY, time(10)))
        request_id = self._dice.id_at(asked_at)
        stay = self._stay(home, request_id, arrives_at, departs_at)
        if asked_at > self._now - HOUR or not self._ledger.may_ask(stay, self._rules):
            return
        facts = self._ledger.facts(stay)
        found = checks.judge(stay, facts, self._rules)
        asked = Asked(request_id, home, stay, asked_at, found)
        blocks = {check.code for check in checks.blocking(found)} - {"length"}
        plan = beds.allocate(stay, facts)
        if plan is not None and not blocks and self._ledger.is_right(stay, plan):
            self._keep(asked, "submitted", asked_at, home.carer)
            self._decide(asked, plan)
            self._add_request(asked)
        elif blocks <= SHORT_OF_BEDS and self._dice.chance(0.4):
            self._keep(asked, "submitted", asked_at, home.carer)
            self._decline(asked)
            self._add_request(asked)

    def _stay(
        self, home: Home, request_id: UUID, arrives_at: datetime, departs_at: datetime
    ) -> Stay:
        rules = self._rules
        nights = clock.nights(arrives_at, departs_at, rules.night_starts, rules.night_ends)
        return Stay(
            hub_home_id=self._town.hub_home_id,
            children=tuple(sorted(self._who_comes(home))),
            arrives_at=arrives_at,
            departs_at=departs_at,
            nights=tuple(nights),
            reason=str(self._dice.choice([*RequestReason])),
            request_id=request_id,
        )

    def _who_comes(self, home: Home) -> list[UUID]:
        """One child, or brothers and sisters together."""
        groups = siblings_in(home.children)
        if groups and self._dice.chance(0.7):
            group = self._dice.choice(groups)
            return [child.id for child in group[: 2 if self._dice.chance(0.6) else 3]]
        return [self._dice.choice(home.children).id]

    # --- deciding --------------------------------------------------------------------------------

    def _decide(self, asked: Asked, plan: Plan) -> None:
        luck = self._dice.random()
        if luck < 0.05:
            self._decline(asked)
        elif luck < 0.10:
            self._withdraw(asked)
        elif luck < 0.14:
            self._let_expire(asked)
        elif len(asked.stay.nights) > self._rules.longest_stay:
            self._approve(asked, plan)
        else:
            accepted_at = self._answered_at(asked)
            if accepted_at <= self._now:
                self._move(asked, RequestState.ACCEPTED, "accepted", accepted_at)
                self._book(asked, plan, accepted_at)

    def _answered_at(self, asked: Asked) -> datetime:
        answered_at = asked.asked_at + self._dice.between(2 * HOUR, 60 * HOUR)
        return min(answered_at, asked.stay.arrives_at - 3 * HOUR)

    def _decline(self, asked: Asked) -> None:
        declined_at = self._answered_at(asked)
        if declined_at <= self._now:
            self._move(asked, RequestState.DECLINED, "declined", declined_at)
            asked.decline_reason = self._dice.choice(
                [DeclineReason.HUB_FULL, DeclineReason.HUB_FULL, DeclineReason.HUB_UNABLE]
            )

    def _withdraw(self, asked: Asked) -> None:
        withdrawn_at = self._answered_at(asked)
        if withdrawn_at <= self._now:
            asked.state, asked.version = RequestState.WITHDRAWN, asked.version + 1
            asked.withdraw_reason = self._dice.choice([*WithdrawReason])
            self._keep(asked, "withdrawn", withdrawn_at, asked.home.carer)

    def _let_expire(self, asked: Asked) -> None:
        expired_at = self._expires_at(asked) + timedelta(minutes=5)
        if expired_at <= self._now:
            asked.state, asked.version = RequestState.EXPIRED, asked.version + 1
            self._keep(asked, "expired", expired_at, None)

    def _approve(self, asked: Asked, plan: Plan) -> None:
        """A longer stay: the hub carer says yes and the beds are held, then the liaison worker."""
        held_at = self._answered_at(asked)
        approved_at = min(
            held_at + self._dice.between(HOUR, 30 * HOUR), asked.stay.arrives_at - HOUR
        )
        if held_at > self._now:
            return
        self._move(asked, RequestState.AWAITING_APPROVAL, "held", held_at)
        if approved_at > self._now:
            self._add_nights(asked, plan, {})
            self._ledger.take(asked.id, plan)
            return
        facts = self._ledger.facts(asked.stay)
        asked.found = checks.judge(
            asked.stay, facts, self._rules, {"length": checks.Waiver(Role.LIAISON_WORKER)}
        )
        self._add_override(asked, approved_at)
        asked.state, asked.version = RequestState.ACCEPTED, asked.version + 1
        self._keep(asked, "approved", approved_at, self._town.liaison_worker)
        self._book(asked, plan, approved_at)

    def _add_override(self, asked: Asked, at: datetime) -> None:
        """Why the liaison worker approves; the text is bound to its row, so the id comes first."""
        row_id, children = self._dice.id_at(at), asked.stay.children
        reason = self._dice.choice(WHY_LONGER)
        self._rows.add_keyed(
            CheckOverride,
            id=row_id,
            constellation_id=self._town.id,
            request_id=asked.id,
            code="length",
            role=Role.LIAISON_WORKER,
            reason=child_keys.protect(CheckOverride.reason, row_id, children, reason),
            given_by=self._town.liaison_worker,
            given_at=at,
            expires_at=asked.stay.departs_at,
            child_ids=[*children],
            pairs=[],
        )

    def _move(self, asked: Asked, state: RequestState, decision: str, at: datetime) -> None:
        """What the hub carer decides."""
        asked.state, asked.version = state, asked.version + 1
        self._keep(asked, decision, at, self._town.hub_carer)

    def _keep(self, asked: Asked, decision: str, at: datetime, by: UUID | None) -> None:
        self._rows.add(
            RespiteDecision,
            at,
            constellation_id=self._town.id,
            request_id=asked.id,
            decision=decision,
            decided_by=by,
            decided_at=at,
            checks=orjson.dumps([check.as_json() for check in asked.found]).decode(),
        )

    def _expires_at(self, asked: Asked) -> datetime:
        return clock.london_instant(asked.stay.nights[0] + DAY, self._rules.night_ends)

    def _add_request(self, asked: Asked) -> None:
        stay = asked.stay
        self._rows.add_keyed(
            RespiteRequest,
            id=asked.id,
            version=asked.version,
            constellation_id=self._town.id,
            household_id=asked.home.id,
            hub_home_id=stay.hub_home_id,
            asked_by=asked.home.carer,
            state=asked.state,
            kind=RequestKind.PLANNED,
            reason=stay.reason,
            arrives_at=stay.arrives_at,
            departs_at=stay.departs_at,
            nights=[*stay.nights],
            created_at=asked.asked_at,
            submitted_at=asked.asked_at,
            expires_at=self._expires_at(asked),
            decline_reason=asked.decline_reason,
            withdraw_reason=asked.withdraw_reason,
            note=self._note(asked),
        )
        for child_id in stay.children:
            self._rows.add_keyed(
                RequestedChild,
                request_id=asked.id,
                child_id=child_id,
                constellation_id=self._town.id,
            )

    def _note(self, asked: Asked) -> Any:
        if not self._dice.chance(0.2):
            return None
        text = self._dice.choice(NOTES)
        return child_keys.protect(RespiteRequest.note, asked.id, asked.stay.children, text)

    # --- staying ---------------------------------------------------------------------------------

    def _book(self, asked: Asked, plan: Plan, at: datetime) -> None:
        """One sleepover per child, in the state of today; siblings come and go together."""
        life = lives.live(asked.stay, at, self._now, self._dice)
        nights = {
            child_id: {night: bed for night, bed in beds.items() if night in life.nights}
            for child_id, beds in plan.items()
        }
        ids = {}
        for child_id in asked.stay.children:
            ids[child_id] = self._rows.add(
                Sleepover,
                at,
                constellation_id=self._town.id,
                household_id=asked.home.id,
                hub_home_id=asked.stay.hub_home_id,
                request_id=asked.id,
                child_id=child_id,
                arrives_at=asked.stay.arrives_at,
                departs_at=asked.stay.departs_at,
                confirmed_at=at,
                **life.columns,
            )
            if asked.stay.reason == RequestReason.CARERS_HOLIDAY and life.nights:
                self._ledger.remember_holiday(asked.id, child_id, asked.stay.arrives_at)
        self._add_nights(asked, nights, ids)
        self._ledger.take(asked.id, nights)

    def _add_nights(self, asked: Asked, plan: Plan, sleepovers: dict[UUID, UUID]) -> None:
        for child_id, nights in plan.items():
            for night, bed_id in nights.items():
                self._rows.add_keyed(
                    BedNight,
                    bed_id=bed_id,
                    night=night,
                    child_id=child_id,
                    request_id=asked.id,
                    sleepover_id=sleepovers.get(child_id),
                    hub_home_id=asked.stay.hub_home_id,
                    constellation_id=self._town.id,
                )
