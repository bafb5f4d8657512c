"""Mistakes in who sets constellations up and who runs them."""

from hub_api.access import Permission, Role
from tests.authorisation.mistakes import Seed, denied, given, source

BEDS = ("createBed", "changeBed")
BLOCKED = ("listBlockedNights", "createBlockedNights", "deleteBlockedNights")
MEMBERS = ("createMembership", "changeMembership", "withdrawMembership/joins")
SETTING_UP = ("createConstellation", "changeConstellation", "closeConstellation/empty")
HUB_HOMES = (
    "listHubAppointments",
    "createHubAppointment",
    "changeHubAppointment",
    "withdrawHubAppointment/to_come",
    "getHubHome",
    "changeHubHome",
)

RUNNING = [
    Seed(
        "liaison workers set constellations up",
        given(Role.LIAISON_WORKER, Permission.CONSTELLATION_SET_UP),
        SETTING_UP,
    ),
    Seed(
        "administrators set constellations up",
        given(Role.SYSTEM_ADMINISTRATOR, Permission.CONSTELLATION_SET_UP),
        SETTING_UP,
    ),
    Seed(
        "programme managers set nothing up",
        denied(Role.PROGRAMME_MANAGER, Permission.CONSTELLATION_SET_UP),
        ("changeConstellation", *HUB_HOMES),
    ),
    Seed(
        "hub carers manage beds and members",
        given(Role.HUB_CARER, Permission.CONSTELLATION_MANAGE),
        (*BEDS, *MEMBERS),
    ),
    Seed(
        "liaison workers manage nothing",
        denied(Role.LIAISON_WORKER, Permission.CONSTELLATION_MANAGE),
        BEDS,
    ),
    Seed(
        "hub carers block no nights", denied(Role.HUB_CARER, Permission.HUB_BLOCK_NIGHTS), BLOCKED
    ),
    Seed(
        "carers block nights",
        given(Role.SATELLITE_CARER, Permission.HUB_BLOCK_NIGHTS),
        BLOCKED,
    ),
    Seed(
        "programme managers block nights",
        given(Role.PROGRAMME_MANAGER, Permission.HUB_BLOCK_NIGHTS),
        BLOCKED,
    ),
    Seed(
        "acting on a constellation one can't see",
        source("constellations.service:find_constellation", ", policy.visible_to(ASKING)", ""),
        (*BEDS, *MEMBERS),
    ),
    Seed(
        "whoever changes beds makes temporary ones last",
        source(
            "constellations.policy:can_change_bed", "temporary_reason is not None", "id is None"
        ),
        ("changeBed/temporary",),
    ),
    Seed(
        "any role in the constellation blocks nights",
        source("constellations.policy:can_block", "Role.HUB_CARER, Role.LIAISON_WORKER", ""),
        BLOCKED,
    ),
    Seed(
        "anybody blocks nights of what they see",
        source(
            "constellations.policy:can_block",
            "constellation_id in actor.constellations(Role.HUB_CARER, Role.LIAISON_WORKER)",
            "True",
        ),
        BLOCKED,
    ),
    Seed(
        "blocked nights without asking the policy",
        source(
            "constellations.absences:list_blocked_nights",
            "not policy.can_block(actor, constellation_id)",
            "False",
        ),
        ("listBlockedNights",),
    ),
    Seed(
        "blocked nights for nobody",
        source(
            "constellations.policy:absences_visible_to",
            "Role.HUB_CARER, Role.LIAISON_WORKER",
            "Role.PROGRAMME_MANAGER",
        ),
        BLOCKED,
    ),
    Seed(
        "appointments of everywhere",
        source(
            "constellations.queries:_appointments_of_one",
            "HubAppointment.constellation_id == CONSTELLATION",
            "HubAppointment.id.is_not(None)",
        ),
        ("listHubAppointments",),
    ),
    Seed(
        "appointments without looking at the constellation",
        source(
            "constellations.hub_homes:list_appointments",
            "service.get_constellation(actor, constellation_id)",
            "pass",
        ),
        ("listHubAppointments",),
    ),
    Seed(
        "hub homes without asking the policy",
        source(
            "constellations.policy:hub_homes_visible_to",
            "asking.holds(HubHome.constellation_id, Role.PROGRAMME_MANAGER)",
            "HubHome.id.is_(None)",
        ),
        ("getHubHome", "changeHubHome"),
    ),
    Seed(
        "households of anywhere join",
        source(
            "households.guards:refuse_a_household_of_elsewhere",
            ", Household.constellation_id == change.constellation_id",
            "",
        ),
        ("createMembership",),
        "ids",
    ),
]
