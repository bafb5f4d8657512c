"""Mistakes about stays: who sees them, calls them off, runs and changes them."""

from hub_api import access
from hub_api.access import Permission, Role
from tests.authorisation.mistakes import Seed, given, oversees, source
from tests.authorisation.seeds_of_access import CANCELLING, STAYS

RUNNING = ("handOverSleepover/arriving", "returnSleepover/staying")
CHANGING = ("extendSleepover", "endSleepoverEarly/staying", "closeSleepover/returned")

RUNNING_STAYS = [
    Seed(
        "every sleepover",
        source(
            "sleepovers.policy:visible_to",
            "asking.is_carer_of(Sleepover.household_id)",
            "Sleepover.id.is_not(None)",
        ),
        STAYS,
    ),
    Seed(
        "the sleepovers of one's constellation",
        source(
            "sleepovers.policy:visible_to",
            "asking.is_carer_of(Sleepover.household_id)",
            "asking.holds(Sleepover.constellation_id)",
        ),
        STAYS,
    ),
    Seed(
        "carers oversee sleepovers",
        oversees("sleepovers", Role.SATELLITE_CARER, *access.OVERSEEING),
        STAYS,
    ),
    Seed(
        "managers oversee no sleepovers",
        oversees("sleepovers", Role.HUB_CARER, Role.LIAISON_WORKER),
        STAYS,
    ),
    Seed(
        "a carer's own sleepovers only in a hub",
        source(
            "sleepovers.policy:visible_to",
            "asking.is_carer_of(Sleepover.household_id)",
            "sa.false()",
        ),
        STAYS,
    ),
    Seed(
        "anybody cancels what they see",
        source(
            "sleepovers.policy:can_cancel", "sleepover.household_id in actor.households()", "True"
        ),
        CANCELLING,
    ),
    Seed(
        "any role in the constellation cancels",
        source("sleepovers.policy:can_cancel", "(Role.LIAISON_WORKER)", "()"),
        CANCELLING,
    ),
    Seed(
        "cancelling without asking the policy",
        source(
            "sleepovers.running:take",
            "not may(actor, sleepover)",
            "False",
        ),
        CANCELLING + RUNNING,
    ),
    Seed(
        "cancelling a sleepover one can't see",
        source("sleepovers.queries:find", ", policy.visible_to(ASKING)", ""),
        CANCELLING,
    ),
    Seed(
        "a list of sleepovers without its policy",
        source("sleepovers.queries:_sleepovers", ".where(policy.visible_to(ASKING))", ""),
        STAYS,
    ),
    Seed(
        "any sleepover for one",
        source(
            "sleepovers.queries:get_sleepover",
            "SLEEPOVERS.one(actor, sleepover_id)",
            "SLEEPOVERS.page(actor, {'limit': 1, 'cursor': None}).rows[0]",
        ),
        STAYS,
    ),
    Seed(
        "any hub carer runs what they see",
        source(
            "sleepovers.policy:can_run",
            "sleepover.run_by in actor.constellations(Role.HUB_CARER)",
            "bool(actor.constellations(Role.HUB_CARER))",
        ),
        RUNNING,
    ),
    Seed(
        "liaison workers say that children came and went",
        source(
            "sleepovers.policy:can_run", "Role.HUB_CARER", "Role.HUB_CARER, Role.LIAISON_WORKER"
        ),
        RUNNING,
    ),
    Seed(
        "liaison workers change no stays",
        source("sleepovers.policy:can_change", "Role.LIAISON_WORKER", "Role.HUB_CARER"),
        CHANGING,
    ),
    Seed(
        "any role in the constellation changes stays",
        source("sleepovers.policy:can_change", "(Role.LIAISON_WORKER)", "()"),
        CHANGING,
    ),
    Seed("carers run stays", given(Role.SATELLITE_CARER, Permission.SLEEPOVER_RUN), RUNNING),
    Seed(
        "the calendar without looking at the constellation",
        source(
            "sleepovers.calendar:bed_nights",
            "constellations.get_constellation(actor, constellation_id)",
            "pass",
        ),
        ("getBedNights",),
    ),
]
