"""Mistakes in who sees a concern, who writes one, and who says what comes of it."""

from hub_api.access import Permission, Role
from tests.authorisation.mistakes import Seed, denied, given, row_policy, source

READING = ("listConcerns", "getConcern", "listAddenda")
WRITING = ("createConcern",)
FOLLOWING = ("recordOutcome", "createAddendum")

CONCERNS = [
    Seed(
        "concerns are shown to whom they are about",
        source(
            "concerns.policy:visible_to", "asking.is_not_kept_from(Concern.hidden_from)", "True"
        ),
        READING,
    ),
    Seed(
        "what is hidden is hidden from accounts alone",
        source("access:Actor.known_as", ", *self.households()", ""),
        READING,
    ),
    Seed(
        "every concern of one's constellation",
        source("concerns.policy:visible_to", "asking.is_account(Concern.written_by)", "True"),
        READING,
    ),
    Seed(
        "managers handle no concerns",
        source(
            "concerns.policy:handled_through",
            "asking.holds(place, Role.PROGRAMME_MANAGER)",
            "False",
        ),
        READING,
    ),
    Seed(
        "a list of concerns without its policy",
        source("concerns.queries:_concerns", ".where(policy.visible_to(ASKING))", ""),
        READING,
    ),
    Seed(
        "what was added to any concern",
        source("concerns.queries:_addenda", ".where(policy.addenda_visible_to(ASKING))", ""),
        ("listAddenda",),
    ),
    Seed(
        "anybody acts on any concern",
        source("concerns.service:_find", ", policy.visible_to(ASKING)", ""),
        FOLLOWING,
    ),
    Seed(
        "managers write about where they only oversee",
        source(
            "concerns.service:_prepare",
            "place not in actor.constellations(*policy.WRITING)",
            "False",
        ),
        WRITING,
    ),
    Seed(
        "anybody's children in a concern",
        source("households.service:_seen_children", ", policy.children_visible_to(ASKING)", ""),
        WRITING,
    ),
    Seed(
        "anybody's people to name",
        source("concerns.policy:people_visible_to", "asking.holds(place, *WRITING)", "True"),
        ("listPeople",),
    ),
    Seed(
        "staff to name for whoever is nowhere",
        source(
            "concerns.policy:service_staff_visible_to",
            "sa.func.cardinality(asking.constellations(*WRITING)) > 0",
            "False",
        ),
        ("listPeople",),
    ),
    Seed("duty staff read concerns", given(Role.HOME_DUTY_STAFF, Permission.CONCERN_READ), READING),
    Seed(
        "carers follow concerns up",
        given(Role.SATELLITE_CARER, Permission.CONCERN_FOLLOW_UP),
        ("recordOutcome",),
    ),
    Seed("hub carers write none", denied(Role.HUB_CARER, Permission.CONCERN_RAISE), WRITING),
    Seed(
        "the database shows concerns of everywhere",
        row_policy("alter policy concerns_constellation on concerns using (true)"),
        READING,
        "second wall",
    ),
]
