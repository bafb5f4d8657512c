"""Mistakes about emergencies: who sees, raises and answers them."""

from hub_api.access import Permission, Role
from tests.authorisation.mistakes import Seed, denied, given, source

LOOKING = ("listEmergencies", "getEmergency")
RAISING = ("createEmergency",)
ASKS = ("listEmergencyAsks", "getEmergencyAsk", "acceptEmergencyAsk", "declineEmergencyAsk")

EMERGENCIES = [
    Seed(
        "every emergency",
        source(
            "emergencies.policy:visible_to",
            "asking.is_carer_of(Emergency.household_id)",
            "Emergency.id.is_not(None)",
        ),
        LOOKING,
    ),
    Seed(
        "nobody on call sees emergencies",
        source("emergencies.policy:visible_to", "*OVERSEEING, Role.ON_CALL_MANAGER", "*OVERSEEING"),
        LOOKING,
    ),
    Seed(
        "hub carers of other places are asked as well",
        source(
            "emergencies.policy:asks_visible_to",
            "asking.holds(EmergencyAsk.hosting_constellation_id, Role.HUB_CARER)",
            "EmergencyAsk.id.is_not(None)",
        ),
        ASKS,
    ),
    Seed(
        "any role in the constellation answers",
        source("emergencies.policy:asks_visible_to", ", Role.HUB_CARER", ""),
        ASKS,
    ),
    Seed(
        "emergencies for children one only sees",
        source(
            "respite.policy:can_ask_in_emergency",
            "household_id in actor.households()",
            "True",
        ),
        RAISING,
    ),
    Seed(
        "liaison workers raise no emergency",
        source("respite.policy:can_ask_in_emergency", "Role.LIAISON_WORKER, ", ""),
        RAISING,
    ),
    Seed(
        "hub carers raise emergencies",
        given(Role.HUB_CARER, Permission.EMERGENCY_ASK),
        RAISING,
    ),
    Seed(
        "nobody on call sets terms aside",
        denied(Role.ON_CALL_MANAGER, Permission.EMERGENCY_SET_ASIDE),
        ("setTermsAside",),
    ),
    Seed(
        "liaison workers add temporary beds",
        given(Role.LIAISON_WORKER, Permission.BED_ADD_TEMPORARY),
        ("createTemporaryBed",),
    ),
    Seed(
        "nobody on call adds beds",
        denied(Role.ON_CALL_MANAGER, Permission.BED_ADD_TEMPORARY),
        ("createTemporaryBed",),
    ),
]
