"""The world the table is played in: everybody and one of everything, in both constellations."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import clock, db
from hub_api.access import Role
from hub_api.accounts import service as accounts
from hub_api.accounts.invites import invite
from hub_api.accounts.sessions import start_session
from hub_api.constellations import service as constellations
from hub_api.constellations.models import Constellation, HubAbsence, HubAppointment, HubHome
from hub_api.households import service as households
from hub_api.households.models import Gender, Household, LegalStatus
from hub_api.notifications import service as notifications
from hub_api.notifications.categories import Category
from hub_api.notifications.models import Notification
from tests.authorisation import care, concerns, packs, respite
from tests.authorisation.endings import end_what_is_over
from tests.authorisation.matrix import NOBODYS
from tests.factories.accounts import make_account
from tests.factories.homes import make_child
from tests.factories.notifications import make_delivery, make_device, make_preferences
from tests.factories.tasks import make_task
from tests.factories.world import Family, Neighbourhood, make_bed, make_family, make_neighbourhood
from tests.phone import in_days

NOWHERE = str(UUID(int=1))
Lists = dict[str, dict[str, set[str]]]


@dataclass(frozen=True)
class World:
    """Ids by the letters of the table."""

    here: Neighbourhood
    elsewhere: Neighbourhood
    people: dict[str, UUID | None]
    """Account by column."""
    sessions: dict[str, UUID]
    refresh_tokens: dict[str, str]
    objects: dict[str, dict[str, str]]
    """Kind → letter → id, one that does not exist included."""
    lists: Lists
    """Operation → letter → the ids it may show. `M` is found by the person's name instead."""
    asked_with_key: dict[str, Any]
    """The body the carer sent with `KEY`."""
    invite_code: str
    """Of an invitation that nobody has answered."""

    @property
    def bodies(self) -> dict[str, Callable[[str], dict[str, Any]]]:
        """Operation → what is sent with it, by the letter of the object in its path."""
        return {
            **concerns.bodies(self.objects),
            "createHubAppointment": lambda whose: {
                "household_id": self.objects["quiet"].get(whose, NOWHERE),
                "name": "New hub",
                "home_authority": "Kent",
                # Once nobody is to stay at the one before, and before the one that is to come.
                "starts_on": in_days(300)[:10],
                "ends_on": in_days(310)[:10],
            },
            "changeHubAppointment": lambda _: {"ends_on": in_days(305)[:10]},
            "createEmergency": lambda whose: respite.pleading(
                self.objects["household"].get(whose, NOWHERE),
                self.objects["second_child"].get(whose, NOWHERE),
            ),
            "createMembership": lambda whose: {
                "household_id": self.objects["newcomer"].get(whose, NOWHERE)
            },
        }

    def ask_body(self, whose: str, **changes: Any) -> dict[str, Any]:
        """What asks for a free night for a child of this household."""
        child = self.objects["child"].get(whose, str(uuid7()))
        return {**respite.asking(self.objects["household"][whose], child, days=60), **changes}


def build(app: Any, owner: sa.Engine) -> World:
    """Fill an empty database, asking the app for what only it can make."""
    with db.transaction(owner):
        here, elsewhere = make_neighbourhood("Here", 4), make_neighbourhood("Elsewhere", 4)
        people = _make_people(here, elsewhere)
        _add_child_to_hub(here)
        quiet = {"C": make_family(here.id, "Quiet family"), "X": elsewhere.neighbours}
        _make_places(here, elsewhere)
    with app.app_context(), db.transaction(owner):
        pairs = {who: start_session(id_) for who, id_ in people.items() if id_}
        invite_code = invite(accounts.create_account("in@test.example", "In").id, invited_by=None)
        notifications.notify(filter(None, people.values()), Category.REQUEST_ACCEPTED, uuid7())
        sessions = _give_phones(people)
    end_what_is_over(owner, people)
    asked, asked_with_key = respite.make_respite(app, owner, here, elsewhere)
    with owner.connect() as connection:
        lists = _read_lists(connection, here, elsewhere, people)
        objects = _choose_objects(here, elsewhere, quiet, lists)
        objects |= {kind: {NOBODYS: str(uuid7()), **ids} for kind, ids in asked.items()}
        objects |= _choose_places(connection, here, elsewhere, quiet, lists)
        objects |= _choose_accounts(connection, here, elsewhere, people, sessions)
    with app.app_context(), db.transaction(owner):
        made, listed = care.add_records(objects, here.liaison_worker)
        workers = {"C": here.liaison_worker, "X": elsewhere.liaison_worker}
        made |= packs.add_packs(objects, listed, workers, (people["manager"], people["ended"]))
        made |= concerns.add_concerns(here, elsewhere, people, listed)
    refresh_tokens = {who: pair["refresh_token"] for who, pair in pairs.items()}
    return World(
        here=here,
        elsewhere=elsewhere,
        people=people,
        sessions=sessions,
        refresh_tokens=refresh_tokens,
        objects=objects | made,
        lists=lists | listed,
        asked_with_key=asked_with_key,
        invite_code=invite_code,
    )


# --- people ----------------------------------------------------------------------------------


def _read_sessions(people: dict[str, UUID | None]) -> dict[str, UUID]:
    found = db.session().execute(sa.text("select account_id, id from sessions")).all()
    names = {id_: who for who, id_ in people.items()}
    return {names[account]: session for account, session in found}


def _make_people(here: Neighbourhood, elsewhere: Neighbourhood) -> dict[str, UUID | None]:
    hub = {"constellation_id": here.id}
    people = {
        "carer": here.family.carer,
        "next_door": here.neighbours.carer,
        "hub": here.hub_carer,
        "liaison": here.liaison_worker,
        "hub_else": elsewhere.hub_carer,
        "duty": make_account(Role.HOME_DUTY_STAFF).id,
        "manager": make_account(Role.PROGRAMME_MANAGER).id,
        "admin": make_account(Role.SYSTEM_ADMINISTRATOR).id,
        "ended": make_account(Role.HUB_CARER, **hub).id,
        "nobody": None,
        "two": make_account(Role.HUB_CARER, **hub).id,
        "fosters": make_account(Role.PROGRAMME_MANAGER).id,
        "oncall": make_account(Role.ON_CALL_MANAGER).id,
        "not_yet": make_account().id,
        "logged_out": make_account(Role.HUB_CARER, **hub).id,
        "expired": make_account(Role.HUB_CARER, **hub).id,
        "deactivated": make_account(Role.HUB_CARER, **hub).id,
        "moved_away": make_family(here.id, "Moved family").carer,
    }
    for who in ("two", "fosters"):
        _become_carer(people[who], elsewhere.family.id)
    _become_carer(people["ended"], here.family.id)
    # Not tomorrow: a run may go on beyond midnight.
    next_week = clock.london_today() + timedelta(days=7)
    accounts.grant_role(people["not_yet"], Role.HUB_CARER, starts_on=next_week, **hub)
    return people


def _give_phones(people: dict[str, UUID | None]) -> dict[str, UUID]:
    """Each has a phone, and what they were told is on its way to it. The sessions by person."""
    sessions = _read_sessions(people)
    for who, session_id in sessions.items():
        account_id = people[who]
        device = make_device(account_id, session_id)
        mine = sa.select(Notification).where(Notification.account_id == account_id)
        for told in db.session().scalars(mine):
            make_delivery(told, device)
        make_preferences(account_id)
    return sessions


def _add_child_to_hub(here: Neighbourhood) -> None:
    home = (
        db.session()
        .scalars(sa.select(Household).join(HubHome).where(HubHome.id == here.hub_home))
        .one()
    )
    born_on = clock.london_today() - timedelta(days=365 * 9)
    make_child(home, "Hub child", born_on, Gender.FEMALE, LegalStatus.SECTION_31)


EMPTY = "Empty"


def _make_places(*places: Neighbourhood) -> None:
    """Each with a task, a bed for some nights, and nights without guests; and a constellation to
    which nobody belongs."""
    first, last = (clock.london_today() + timedelta(days=days) for days in (200, 202))
    for place in places:
        make_task(place.id)
        signed = {"temporary_reason": "emergency", "added_by": place.hub_carer}
        db.session().add(make_bed(place, "folding bed", starts_on=first, ends_on=last, **signed))
        away = {"first_night": first, "last_night": last, "reason": "leave"}
        scope = {"constellation_id": place.id, "hub_home_id": place.hub_home}
        db.session().add(HubAbsence(**scope, **away, added_by=place.hub_carer))
        _make_what_is_to_come(place)
    constellations.found_constellation(EMPTY)


def _make_what_is_to_come(place: Neighbourhood) -> None:
    """A membership and an appointment that have not begun; the hub home pauses before it."""
    pause, begins = (clock.london_today() + timedelta(days=days) for days in (300, 320))
    scope = {"constellation_id": place.id, "hub_home_id": place.hub_home}
    serving = sa.select(HubAppointment).filter_by(**scope)
    db.session().scalars(serving).one().ends_on = pause
    db.session().flush()
    db.session().add(HubAppointment(**scope, starts_on=begins))
    joining = households.add_household(place.id, "Joining family")
    constellations.add_member(place.id, joining.id, begins)


def _become_carer(account_id: UUID, household_id: UUID) -> None:
    today = clock.london_today()
    accounts.grant_role(
        account_id, Role.SATELLITE_CARER, starts_on=today, household_id=household_id
    )


# --- finding it again ------------------------------------------------------------------------

LISTS = {
    "listConstellations": "select id, id from constellations",
    "listHubAppointments": "select id, constellation_id from hub_appointments",
    "listBeds": "select id, constellation_id from beds",
    "listBlockedNights": "select id, constellation_id from hub_absences",
    "listMemberships": "select id, constellation_id from memberships",
    "listHouseholds": "select id, id from households",
    "listRespiteRequests": "select id, household_id, state = 'draft' from respite_requests",
    "listSleepovers": "select id, household_id from sleepovers",
    **respite.LISTS,
    "listTasks": "select id, constellation_id from tasks",
    "listAccounts": "select id, null from accounts",
    "listAuditEvents": "select id, constellation_id from audit_events",
}
"""Operation → every id it could list, with the household or constellation it is of, and whether it
is a draft. What is of neither belongs to the service."""

OWN_LISTS = {
    "listNotifications": "select id, account_id from notifications",
    "listSessions": "select id, account_id from sessions where ended_at is null",
    "listDevices": "select id, account_id from devices",
}
"""Operation → every id it could list, with the account it belongs to."""


def _read_lists(
    connection: sa.Connection,
    here: Neighbourhood,
    elsewhere: Neighbourhood,
    people: dict[str, UUID | None],
) -> Lists:
    letters = {
        here.family.id: "H",
        here.neighbours.id: "N",
        elsewhere.family.id: "E",
        here.id: "C",
        elsewhere.id: "X",
        None: "S",
    }
    for household, constellation in connection.execute(
        sa.text("select id, constellation_id from households")
    ):
        letters.setdefault(household, letters[constellation])
    lists: Lists = {operation: defaultdict(set) for operation in LISTS}
    for operation, statement in LISTS.items():
        for id_, place, *draft in connection.execute(sa.text(statement)):
            # A constellation that is neither: the empty one.
            letter = letters.get(place, "S")
            letter = letter.lower() if draft == [True] else letter
            lists[operation][letter].add(str(id_))
    names = {id_: who for who, id_ in people.items()}
    for operation, statement in OWN_LISTS.items():
        owned = lists[operation] = {who: set() for who in people}
        for id_, account in connection.execute(sa.text(statement)):
            owned.setdefault(names.get(account, "somebody else"), set()).add(str(id_))
    return lists


def _choose_objects(
    here: Neighbourhood, elsewhere: Neighbourhood, quiet: dict[str, Family], lists: Lists
) -> dict[str, dict[str, str]]:
    families = {"H": here.family, "N": here.neighbours, "E": elsewhere.family, **quiet}
    objects = {
        "constellation": {"C": here.id, "X": elsewhere.id},
        "household": {letter: family.id for letter, family in families.items()},
        "child": {letter: family.children[0] for letter, family in families.items()},
        "second_child": {letter: family.children[1] for letter, family in families.items()},
        "quiet": {letter: family.id for letter, family in quiet.items()},
        "quiet_child": {letter: family.children[0] for letter, family in quiet.items()},
        "key": {"H": respite.KEY},
        "task": {letter: min(lists["listTasks"][letter]) for letter in "CX"},
    }
    return {
        kind: {NOBODYS: str(uuid7())} | {letter: str(id_) for letter, id_ in found.items()}
        for kind, found in objects.items()
    }


def _choose_places(
    connection: sa.Connection,
    here: Neighbourhood,
    elsewhere: Neighbourhood,
    quiet: dict[str, Family],
    lists: Lists,
) -> dict[str, dict[str, str]]:
    temporary = "select id from beds where temporary_reason is not null"
    for_a_while = {str(id_) for (id_,) in connection.execute(sa.text(temporary))}
    members = "select household_id, id from memberships"
    membership = dict(connection.execute(sa.text(members)).all())
    empty = sa.select(Constellation.id).where(Constellation.name == EMPTY)
    places = {"C": here, "X": elsewhere}
    found = {
        "empty": {"S": connection.scalars(empty).one()},
        "appointment": {letter: min(lists["listHubAppointments"][letter]) for letter in places},
        "to_come": {letter: max(lists["listHubAppointments"][letter]) for letter in places},
        "hub_home": {letter: place.hub_home for letter, place in places.items()},
        "joins": {letter: max(lists["listMemberships"][letter]) for letter in places},
        "bed": {letter: min(lists["listBeds"][letter] - for_a_while) for letter in places},
        "temporary": {letter: min(lists["listBeds"][letter] & for_a_while) for letter in places},
        "blocked": {letter: min(lists["listBlockedNights"][letter]) for letter in places},
        "membership": {letter: membership[family.id] for letter, family in quiet.items()},
        # The household of the hub home: it is in the constellation and no satellite of it.
        "newcomer": {k: min(_hub_households(connection, place)) for k, place in places.items()},
    }
    return {
        kind: {NOBODYS: str(uuid7())} | {letter: str(id_) for letter, id_ in of_kind.items()}
        for kind, of_kind in found.items()
    }


def _hub_households(connection: sa.Connection, place: Neighbourhood) -> list[UUID]:
    found = sa.select(HubHome.household_id).where(HubHome.id == place.hub_home)
    return list(connection.scalars(found))


def _choose_accounts(
    connection: sa.Connection,
    here: Neighbourhood,
    elsewhere: Neighbourhood,
    people: dict[str, UUID | None],
    sessions: dict[str, UUID],
) -> dict[str, dict[str, str]]:
    accounts_ = {"H": here.family.carer, "X": elsewhere.hub_carer}
    roles = dict(connection.execute(sa.text("select account_id, id from role_grants")).all())
    return {
        "account": {NOBODYS: str(uuid7()), **{k: str(id_) for k, id_ in accounts_.items()}},
        "closed": {NOBODYS: str(uuid7()), "H": str(people["deactivated"])},
        "role": {NOBODYS: str(uuid7()), **{k: str(roles[id_]) for k, id_ in accounts_.items()}},
        "session": {NOBODYS: str(uuid7()), "H": str(sessions["carer"])},
        **_choose_phones(connection, here, elsewhere),
    }


def _choose_phones(
    connection: sa.Connection, here: Neighbourhood, elsewhere: Neighbourhood
) -> dict[str, dict[str, str]]:
    """Phones by the id their app has chosen, and the first thing their people were told."""
    accounts_ = {"H": here.family.carer, "X": elsewhere.hub_carer}
    phones = dict(
        connection.execute(sa.text("select account_id, installation_id from devices")).all()
    )
    told = "select account_id, min(id::text) from notifications group by account_id"
    first = dict(connection.execute(sa.text(told)).all())
    return {
        kind: {NOBODYS: str(uuid7()), **{letter: found[id_] for letter, id_ in accounts_.items()}}
        for kind, found in (("device", phones), ("notification", first))
    }
