"""A constellation made up by the dice: its hub home, its families, and what checks go by.

The shares are those of domain.md, section 8: 7-9 satellites, 10-17 children, more than four in five
of them adolescents, 14 % unaccompanied and seeking asylum, many hub carers living in Kent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from hub_api.access import Role
from hub_api.accounts.models import Account, RoleGrant
from hub_api.constellations.models import (
    AbsenceReason,
    Bed,
    Constellation,
    HubAbsence,
    HubAppointment,
    HubHome,
    Membership,
    TemporaryBedReason,
)
from hub_api.households.models import (
    Adult,
    Approval,
    Gender,
    Household,
    KeptApart,
    KeptApartReason,
    SharingAgreement,
)
from hub_api.sleepovers.facts import (
    Absence,
    AdultFacts,
    Agreement,
    Apart,
    ApprovalFacts,
    BedFacts,
    ChildFacts,
    ConsentFacts,
    ConsentFlagFacts,
)
from seed.consents import add_consents
from seed.families import Families, siblings_in
from seed.names import email_of

if TYPE_CHECKING:
    from uuid import UUID

    from seed.cast import Cast, Family
    from seed.names import Names
    from seed.rows import Dice, Rows

AUTHORITIES = ("Kent", "Kent", "Southwark", "Southwark", "Lewisham", "Bexley", "Medway")
"""Where hub carers live; it is who exempts from the fostering limit."""
CERTIFIED_FOR = timedelta(days=3 * 365 - 30)
"""A DBS certificate lasts three years; what is planned keeps a month from its end."""
BEDROOMS = ("Blue room", "Garden room", "Attic room", "Front room", "Yellow room", "Back room")


@dataclass(slots=True)
class Home:
    """A satellite household: its id, its carer's account and its children."""

    id: UUID
    carer: UUID
    children: list[ChildFacts] = field(default_factory=list)


@dataclass(slots=True)
class Town:
    """A constellation as the planner of stays knows it."""

    id: UUID
    name: str
    since: date
    until: date
    """The last day that anything is planned for."""
    hub_home_id: UUID
    hub_carer: UUID
    liaison_worker: UUID
    homes: list[Home] = field(default_factory=list)
    beds: list[BedFacts] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)
    approvals: list[ApprovalFacts] = field(default_factory=list)
    adults: list[AdultFacts] = field(default_factory=list)
    residents: list[ChildFacts] = field(default_factory=list)
    kept_apart: list[Apart] = field(default_factory=list)
    agreements: list[Agreement] = field(default_factory=list)
    consents: list[ConsentFacts] = field(default_factory=list)
    consent_flags: list[ConsentFlagFacts] = field(default_factory=list)

    def children(self) -> list[ChildFacts]:
        return [child for home in self.homes for child in home.children]


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes constellations, one after the other. `logins` are of demo accounts, by key."""

    rows: Rows
    dice: Dice
    names: Names
    today: date
    since: date
    until: date
    families: Families
    hashes: dict[str, str]
    """The password hashes of the demo logins, by key; everybody else can be invited."""

    def founded_at(self) -> datetime:
        return datetime.combine(self.since, time(9), tzinfo=UTC)

    def town(self, cast: Cast | None, liaison_worker: UUID) -> Town:
        """A constellation, with its rows. `cast` are people known beforehand."""
        at = self.founded_at()
        name = cast.name if cast else self.names.place()
        constellation_id = self.rows.add(Constellation, at, name=name)
        self.role(liaison_worker, Role.LIAISON_WORKER, constellation_id=constellation_id)
        town = self._hub(cast, constellation_id, name, liaison_worker)
        satellites = self.dice.randint(7, 9)
        spread = self.families.spread(satellites)
        for index, children in enumerate(spread):
            known = cast.family if cast and index == 0 else None
            town.homes.append(self._satellite(town, known, children))
        self._absences(town)
        self._temporary_bed(town)
        self._relations(town)
        add_consents(self.rows, town, self.founded_at())
        return town

    # --- people ------------------------------------------------------------------------------

    def account(self, name: str, login: str | None = None) -> UUID:
        """Somebody's account, with a password where it is a demo login."""
        return self.rows.add(
            Account,
            self.founded_at(),
            email=email_of(name),
            display_name=name,
            password_hash=self.hashes[login] if login else None,
            created_at=self.founded_at(),
        )

    def role(
        self,
        account_id: UUID,
        role: Role,
        constellation_id: UUID | None = None,
        household_id: UUID | None = None,
    ) -> None:
        self.rows.add(
            RoleGrant,
            self.founded_at(),
            account_id=account_id,
            role=role,
            constellation_id=constellation_id,
            household_id=household_id,
            starts_on=self.since,
        )

    def _household(
        self, constellation_id: UUID, family: Family | None
    ) -> tuple[UUID, str, UUID, AdultFacts]:
        """A household in its constellation: its id, its surname, and its carer: the account, and
        what checks go by."""
        surname = family.surname if family else self.names.surname()
        carer = family.carer if family else self.names.person(surname)
        at = self.founded_at()
        household_id = self.rows.add(
            Household, at, constellation_id=constellation_id, name=f"{surname} household"
        )
        self.rows.add(
            Membership,
            at,
            constellation_id=constellation_id,
            household_id=household_id,
            starts_on=self.since,
        )
        account_id = self.account(carer, family.login if family else None)
        adult = self._adult(constellation_id, household_id, carer, account_id)
        return household_id, surname, account_id, adult

    def _adult(
        self, constellation_id: UUID, household_id: UUID, name: str, account_id: UUID | None = None
    ) -> AdultFacts:
        issued_on = self._certified_on()
        self.rows.add(
            Adult,
            self.founded_at(),
            constellation_id=constellation_id,
            household_id=household_id,
            account_id=account_id,
            name=name,
            dbs_issued_on=issued_on,
        )
        return AdultFacts(dbs_issued_on=issued_on, left_on=None)

    def _certified_on(self) -> date:
        """Before there was anybody to look after, and lasting until the last day planned for.

        Only the newest certificate is kept, so that a load of more than three years has its first
        stays three years ago.
        """
        earliest = self.until - CERTIFIED_FOR
        return self.dice.day_between(earliest, max(earliest, self.since))

    def _approval(
        self, constellation_id: UUID, household_id: UUID, max_children: int
    ) -> ApprovalFacts:
        """Approved for everybody up to 18; the review is due within the year."""
        approval = ApprovalFacts(
            starts_on=self.since,
            ends_on=None,
            max_children=max_children,
            min_age=self.dice.choice((0, 0, 5)),
            max_age=18,
            genders=frozenset(str(gender) for gender in Gender),
            review_due_on=self.today + timedelta(days=self.dice.randint(330, 360)),
        )
        self.rows.add(
            Approval,
            self.founded_at(),
            constellation_id=constellation_id,
            household_id=household_id,
            starts_on=approval.starts_on,
            max_children=approval.max_children,
            min_age=approval.min_age,
            max_age=approval.max_age,
            genders=sorted(approval.genders),
            review_due_on=approval.review_due_on,
        )
        return approval

    # --- the hub home --------------------------------------------------------------------------

    def _hub(
        self, cast: Cast | None, constellation_id: UUID, name: str, liaison_worker: UUID
    ) -> Town:
        at = self.founded_at()
        household_id, surname, carer, adult = self._household(
            constellation_id, cast.hub if cast else None
        )
        self.role(carer, Role.HUB_CARER, constellation_id=constellation_id)
        hub_home_id = self.rows.add(
            HubHome,
            at,
            constellation_id=constellation_id,
            household_id=household_id,
            name=f"{name} hub",
            home_authority=cast.home_authority if cast else self.dice.choice(AUTHORITIES),
        )
        self.rows.add(
            HubAppointment,
            at,
            constellation_id=constellation_id,
            hub_home_id=hub_home_id,
            starts_on=self.since,
        )
        town = Town(
            constellation_id, name, self.since, self.until, hub_home_id, carer, liaison_worker
        )
        town.adults = [
            adult,
            self._adult(constellation_id, household_id, self.names.person(surname)),
        ]
        town.approvals = [self._approval(constellation_id, household_id, max_children=4)]
        if cast is None and self.dice.chance(0.4):
            town.residents = self.families.fostered(self.rows, constellation_id, household_id)
        for label, bedroom in cast.beds if cast else self._bedrooms():
            self._bed(town, label, bedroom, self.since)
        return town

    def _bedrooms(self) -> list[tuple[str, str]]:
        """Two or three guest beds; of three, two often share a room."""
        count = self.dice.choice((2, 2, 3))
        rooms = self.dice.sample(BEDROOMS, count)
        if count == 3 and self.dice.chance(0.6):
            shared = rooms[1]
            return [
                (rooms[0], rooms[0]),
                (f"{shared}, by the window", shared),
                (f"{shared}, by the door", shared),
            ]
        return [(room, room) for room in rooms]

    def _bed(
        self,
        town: Town,
        label: str,
        bedroom: str,
        starts_on: date,
        ends_on: date | None = None,
        reason: TemporaryBedReason | None = None,
    ) -> None:
        bed_id = self.rows.add(
            Bed,
            datetime.combine(starts_on, time(9), tzinfo=UTC),
            constellation_id=town.id,
            hub_home_id=town.hub_home_id,
            label=label,
            bedroom=bedroom,
            starts_on=starts_on,
            ends_on=ends_on,
            temporary_reason=reason,
            added_by=town.liaison_worker if reason else None,
        )
        town.beds.append(BedFacts(starts_on, ends_on, bed_id, label, bedroom))

    def _temporary_bed(self, town: Town) -> None:
        """Once, for a fortnight, there was one bed more."""
        latest = self.today - timedelta(days=16)
        if latest > self.since:
            day = self.dice.day_between(self.since, latest)
            self._bed(
                town, "Camp bed", "Study", day, day + timedelta(days=14),
                TemporaryBedReason.EMERGENCY,
            )  # fmt: skip

    def _absences(self, town: Town) -> None:
        """A week of leave about every four months, one of them ahead."""
        weeks = [self.today + timedelta(days=52)]
        day = self.since + timedelta(days=self.dice.randint(20, 60))
        while day < self.today - timedelta(days=10):
            weeks.append(day)
            day += timedelta(days=self.dice.randint(90, 150))
        for first_night in weeks:
            last_night = first_night + timedelta(days=6)
            at = datetime.combine(min(first_night, self.today), time(8), tzinfo=UTC)
            self.rows.add(
                HubAbsence,
                at - timedelta(days=20),
                constellation_id=town.id,
                hub_home_id=town.hub_home_id,
                first_night=first_night,
                last_night=last_night,
                reason=AbsenceReason.LEAVE,
                added_by=town.hub_carer,
                created_at=at - timedelta(days=20),
            )
            town.absences.append(Absence(first_night, last_night))

    # --- satellites ------------------------------------------------------------------------------

    def _satellite(self, town: Town, family: Family | None, count: int) -> Home:
        household_id, _, carer, _ = self._household(town.id, family)
        self.role(carer, Role.SATELLITE_CARER, household_id=household_id)
        self._approval(town.id, household_id, max_children=3)
        home = Home(household_id, carer)
        if family:
            home.children = self.families.known(self.rows, town.id, household_id, family.children)
        else:
            home.children = self.families.children(self.rows, town.id, household_id, count)
        return home

    def _relations(self, town: Town) -> None:
        """Two children of different families who are kept apart; siblings who may share a room."""
        lonely = [home for home in town.homes if len(home.children) == 1]
        one, other = sorted(
            child.id for home in self.dice.sample(lonely, 2) for child in home.children
        )
        recorded = {"recorded_by": town.liaison_worker, "recorded_at": self.founded_at()}
        self.rows.add(
            KeptApart,
            self.founded_at(),
            constellation_id=town.id,
            child_id=one,
            other_child_id=other,
            reason=KeptApartReason.RISK_ASSESSMENT,
            starts_on=self.since,
            **recorded,
        )
        town.kept_apart.append(Apart(self.since, None, one, other))
        for siblings in siblings_in(town.children()):
            for child in siblings:
                for sibling in siblings:
                    if child is not sibling:
                        self._agreement(town, child.id, sibling.id, recorded)

    def _agreement(
        self, town: Town, child_id: UUID, with_child_id: UUID, recorded: dict[str, object]
    ) -> None:
        self.rows.add(
            SharingAgreement,
            self.founded_at(),
            constellation_id=town.id,
            child_id=child_id,
            with_child_id=with_child_id,
            authority=self.families.authorities.get(child_id, "Southwark"),
            starts_on=self.since,
            **recorded,
        )
        town.agreements.append(Agreement(self.since, None, child_id, with_child_id))
