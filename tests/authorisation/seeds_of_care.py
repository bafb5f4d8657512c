"""Mistakes about what is written about a stay: who reads it, who writes it, who answers for it."""

from hub_api.access import Permission, Role
from tests.authorisation.mistakes import Seed, denied, given, source

READING = (
    "listStayEntries/staying",
    "listIncidents/staying",
    "listMissingEpisodes/staying",
    "listOutings/staying",
    "listMedication/staying",
    "listHandovers/staying",
    "listDebriefs/staying",
)
WRITING = ("writeStayEntry", "recordIncident/staying", "beginOuting/staying")
ANSWERING = ("tellOfIncident", "holdReturnInterview/back")
HANDING_OVER = ("recordCareHandover", "confirmHandover")
MISSING = ("reportMissing", "tellOfMissing", "endMissing")

CARE = [
    Seed(
        "everybody's stays are written about",
        source("care.policy:visible_to", "asking.is_carer_of(stay.household_id)", "sa.true()"),
        READING + MISSING,
    ),
    Seed(
        "a carer's own only in a hub",
        source("care.policy:visible_to", "asking.is_carer_of(stay.household_id)", "sa.false()"),
        READING + MISSING,
    ),
    Seed(
        "hub carers read what is written elsewhere",
        source(
            "care.policy:visible_to",
            "asking.holds(sleepovers.RUN_BY, Role.HUB_CARER)",
            "asking.holds(sleepovers.RUN_BY)",
        ),
        READING,
    ),
    Seed(
        "a log without its policy",
        source("care.stays:of_stays", ".where(policy.visible_to(ASKING))", ""),
        READING,
    ),
    Seed(
        "writing about a stay one can't see",
        source("care.stays:_stays", ".where(policy.visible_to(ASKING))", ""),
        (*WRITING, "reportMissing"),
    ),
    Seed(
        "whoever sees a stay writes about it",
        source(
            "care.stays:to_write",
            "not policy.can_write(actor, stay.constellation_id, stay.run_by)",
            "False",
        ),
        WRITING,
    ),
    Seed(
        "whoever writes anywhere writes everywhere",
        source("care.policy:can_write", "is_of_hub(actor, run_by)", "actor.constellations()"),
        WRITING,
    ),
    Seed(
        "hub carers answer for the service",
        source("care.policy:can_answer_for", "Role.LIAISON_WORKER", "Role.HUB_CARER"),
        ANSWERING,
    ),
    Seed(
        "what is written is anybody's to act on",
        source("care.stays:take", ", policy.visible_to(ASKING)", ""),
        (*ANSWERING, "tellOfMissing", "endMissing"),
    ),
    Seed(
        "answering without asking the policy",
        source("care.stays:take", "not may(actor, record.constellation_id)", "False"),
        ANSWERING,
    ),
    Seed(
        "an entry that adds to any other",
        source("care.entries:_refuse_other_stays", "is None", "== 0"),
        ("writeStayEntry",),
        "ids",
    ),
    Seed(
        "any dose is corrected",
        source(
            "care.doses:attempt_of",
            ", MedicationRecord.sleepover_id == stay.id",
            "",
        ),
        ("recordMedication",),
        "ids",
    ),
    Seed(
        "liaison workers hand children over",
        source("care.policy:is_of_hub", "Role.HUB_CARER", "Role.HUB_CARER, Role.LIAISON_WORKER"),
        HANDING_OVER,
    ),
    Seed(
        "hub carers speak for the family",
        source(
            "care.policy:is_of_family",
            "household_id in actor.households()",
            "household_id in actor.households() or bool(actor.constellations(Role.HUB_CARER))",
        ),
        ("writeDebrief/returned", "confirmHandover"),
    ),
    Seed(
        "the hub confirms its own record",
        source("care.handing_over:confirm_handover", "handover.is_written_by(side)", "False"),
        ("confirmHandover",),
    ),
    Seed("carers write the log", given(Role.SATELLITE_CARER, Permission.CARE_WRITE), WRITING),
    Seed("managers read the log", given(Role.PROGRAMME_MANAGER, Permission.CARE_READ), READING),
    Seed(
        "carers report nobody missing",
        denied(Role.SATELLITE_CARER, Permission.CARE_SHARE),
        MISSING,
    ),
]
