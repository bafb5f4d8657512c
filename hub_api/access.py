"""Who may do what: roles, permissions, and the actor of a request.

A permission opens a route. Which rows a person then sees is each slice's `policy.visible_to()`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


class Role(StrEnum):
    """The roles of a constellation and of the service around it (docs/safeguarding-lead.md)."""

    SATELLITE_CARER = "satellite_carer"
    HUB_CARER = "hub_carer"
    LIAISON_WORKER = "liaison_worker"
    HOME_DUTY_STAFF = "home_duty_staff"
    PROGRAMME_MANAGER = "programme_manager"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    ON_CALL_MANAGER = "on_call_manager"
    """Whoever is on call: a role on a rota, for the whole service, with an end as a rule."""


class Permission(StrEnum):
    """What a route can ask for, as `resource:action`."""

    OWN_ACCOUNT = "own_account:use"
    """See who I am, log out, read my inbox: everybody who can log in."""
    ACCOUNT_MANAGE = "account:manage"
    """See all accounts, invite people, close accounts; who gives which role: accounts/policy.py."""
    CONSTELLATION_READ = "constellation:read"
    """See a constellation, its hub home, beds, members and liaison workers."""
    CONSTELLATION_SET_UP = "constellation:set_up"
    """Found and close constellations, appoint hub homes."""
    BED_ADD_TEMPORARY = "bed:add_temporary"
    """Add a guest bed for some nights, in one's own name."""
    CONSTELLATION_MANAGE = "constellation:manage"
    """Change a constellation's beds and who belongs to it."""
    HUB_BLOCK_NIGHTS = "hub:block_nights"
    """Say on which nights a hub home takes no guests."""
    HOUSEHOLD_READ = "household:read"
    """See a household with its adults and children; never an address."""
    HOUSEHOLD_MANAGE = "household:manage"
    """Change households, adults, children, approvals, exemptions and agreements."""
    CHILD_READ = "child:read"
    """See a child's legal status and dates; never the pack."""
    PACK_READ = "child:read_pack"
    """Read a child's pack, where and while one may: packs/policy.py. Every reading is audited."""
    PACK_WRITE = "child:write_pack"
    """Write a child's pack, and say that it is still right."""
    BREAK_GLASS = "break_glass:open"
    """Open a child's pack in an emergency, with a reason and for an hour."""
    BREAK_GLASS_REVIEW = "break_glass:review"
    """See who opened which pack in an emergency, and say whether it was right."""
    RESPITE_READ = "respite:read"
    """See respite requests."""
    RESPITE_REQUEST = "respite:request"
    """Ask for a sleepover for one's own household's children."""
    RESPITE_DECIDE = "respite:decide"
    """Answer a respite request: the hub carer first, the liaison worker where approval is due."""
    RESPITE_OVERRIDE = "respite:override"
    """Set a check aside for one request, where one's role may, with a reason."""
    SLEEPOVER_READ = "sleepover:read"
    """See sleepovers and the nights they hold."""
    SLEEPOVER_CANCEL = "sleepover:cancel"
    """Call a sleepover off before it begins."""
    SLEEPOVER_RUN = "sleepover:run"
    """Say that a child has come and gone home; extend a stay, end it early, close it."""
    CARE_READ = "care:read"
    """Read what is written about a stay: the log, medicines, incidents, a child who is missing."""
    CARE_WRITE = "care:write"
    """Write the log of a stay, what medicines were given, and what happened."""
    CARE_SHARE = "care:share"
    """Say what either home may say: that a child is missing, what was handed over, the debrief."""
    EMERGENCY_READ = "emergency:read"
    """See emergencies: who was asked, and what comes next."""
    EMERGENCY_ASK = "emergency:ask"
    """Ask for a bed tonight, for one's own children or on somebody's behalf."""
    EMERGENCY_ANSWER = "emergency:answer"
    """See what one's hub is asked in an emergency, and say yes or no."""
    EMERGENCY_SET_ASIDE = "emergency:set_aside"
    """Set a hub home's terms of approval aside for one emergency, in one's own name."""
    AUDIT_READ = "audit:read"
    """Read who did what, in the constellations assigned to one, or of the service."""
    CONCERN_RAISE = "concern:raise"
    """Write down a concern about a person."""
    CONCERN_READ = "concern:read"
    """See the concerns one wrote or handles, and add to them."""
    CONCERN_FOLLOW_UP = "concern:follow_up"
    """Say what came of a concern."""
    TASK_READ = "task:read"
    """See what waits for one's roles, and what was done."""
    TASK_DO = "task:do"
    """Say that a task is done."""


PUBLIC = "public"
"""Marks a route that needs no login. Every route declares a `Permission` or this."""

_READS = frozenset(
    {
        Permission.CONSTELLATION_READ,
        Permission.HOUSEHOLD_READ,
        Permission.RESPITE_READ,
        Permission.SLEEPOVER_READ,
    }
)

_TASKS = frozenset({Permission.TASK_READ, Permission.TASK_DO})

_WRITES_CONCERNS = frozenset({Permission.CONCERN_RAISE, Permission.CONCERN_READ})

_FOLLOWS_UP = frozenset({Permission.CONCERN_READ, Permission.CONCERN_FOLLOW_UP})

_RUNS_STAYS = frozenset({Permission.SLEEPOVER_RUN, Permission.SLEEPOVER_CANCEL})

_CARES = frozenset({Permission.CARE_READ, Permission.CARE_SHARE})

_KEEPS_RECORDS = frozenset(
    {Permission.CONSTELLATION_MANAGE, Permission.HOUSEHOLD_MANAGE, Permission.CHILD_READ}
)

_WRITES_PACKS = frozenset({Permission.PACK_READ, Permission.PACK_WRITE})

EVERYBODY = frozenset({Permission.OWN_ACCOUNT})
"""What a live session is enough for, even when the last role has ended."""

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SATELLITE_CARER: _READS
    | _WRITES_PACKS
    | _CARES
    | _WRITES_CONCERNS
    | {
        Permission.CHILD_READ,
        Permission.RESPITE_REQUEST,
        Permission.SLEEPOVER_CANCEL,
        Permission.EMERGENCY_READ,
        Permission.EMERGENCY_ASK,
    },
    Role.HUB_CARER: _READS
    | _WRITES_CONCERNS
    | _RUNS_STAYS
    | _CARES
    | {
        Permission.CARE_WRITE,
        Permission.PACK_READ,
        Permission.RESPITE_DECIDE,
        Permission.RESPITE_OVERRIDE,
        Permission.HUB_BLOCK_NIGHTS,
        Permission.EMERGENCY_READ,
        Permission.EMERGENCY_ANSWER,
    },
    Role.LIAISON_WORKER: _READS
    | _TASKS
    | _WRITES_CONCERNS
    | _FOLLOWS_UP
    | _RUNS_STAYS
    | _KEEPS_RECORDS
    | _WRITES_PACKS
    | _CARES
    | {
        Permission.CARE_WRITE,
        Permission.RESPITE_DECIDE,
        Permission.RESPITE_OVERRIDE,
        Permission.HUB_BLOCK_NIGHTS,
        Permission.EMERGENCY_READ,
        Permission.EMERGENCY_ASK,
        Permission.AUDIT_READ,
        Permission.BREAK_GLASS_REVIEW,
    },
    Role.PROGRAMME_MANAGER: _READS
    | _TASKS
    | _FOLLOWS_UP
    | _KEEPS_RECORDS
    | {
        Permission.ACCOUNT_MANAGE,
        Permission.CONSTELLATION_SET_UP,
        Permission.BED_ADD_TEMPORARY,
        Permission.RESPITE_OVERRIDE,
        Permission.EMERGENCY_READ,
        Permission.EMERGENCY_ASK,
        Permission.EMERGENCY_SET_ASIDE,
        Permission.AUDIT_READ,
        Permission.PACK_READ,
        Permission.BREAK_GLASS,
        Permission.BREAK_GLASS_REVIEW,
    },
    Role.ON_CALL_MANAGER: frozenset(
        {
            Permission.CONSTELLATION_READ,
            Permission.BED_ADD_TEMPORARY,
            Permission.EMERGENCY_READ,
            Permission.EMERGENCY_SET_ASIDE,
        }
    ),
    Role.HOME_DUTY_STAFF: frozenset(),
    Role.SYSTEM_ADMINISTRATOR: frozenset({Permission.ACCOUNT_MANAGE, Permission.AUDIT_READ}),
}
"""The role table. A system administrator runs accounts and sees no child's record."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One role a person holds today, and where it holds."""

    role: Role
    constellation_id: UUID | None
    household_id: UUID | None


@dataclass(frozen=True, slots=True)
class Actor:
    """The person a request acts for: loaded once, with the session checked, never changed."""

    account_id: UUID
    session_id: UUID
    grants: tuple[Grant, ...]

    def may(self, permission: Permission) -> bool:
        """Whether a live session, or any role held today, carries this permission."""
        return permission in EVERYBODY or any(
            permission in ROLE_PERMISSIONS[grant.role] for grant in self.grants
        )

    def households(self) -> list[UUID]:
        """The households this person is a carer of."""
        return [
            grant.household_id
            for grant in self.grants
            if grant.role is Role.SATELLITE_CARER and grant.household_id is not None
        ]

    def known_as(self) -> list[UUID]:
        """The ids under which something can be hidden from this person: account, households."""
        return [self.account_id, *self.households()]

    def constellations(self, *roles: Role) -> list[UUID]:
        """The constellations where this person holds one of these roles; by default, any role."""
        found = {
            grant.constellation_id
            for grant in self.grants
            if grant.constellation_id is not None and (not roles or grant.role in roles)
        }
        return sorted(found)

    def oversees_service(self) -> bool:
        """Whether this person sees what belongs to the service and to no constellation."""
        return any(grant.role in OVERSEEING_THE_SERVICE for grant in self.grants)


OVERSEEING = (Role.HUB_CARER, Role.LIAISON_WORKER, Role.PROGRAMME_MANAGER)
"""The roles that see a whole constellation rather than one household."""

OVERSEEING_THE_SERVICE = frozenset({Role.PROGRAMME_MANAGER, Role.SYSTEM_ADMINISTRATOR})
"""The roles that see what belongs to no constellation: logins and accounts."""
