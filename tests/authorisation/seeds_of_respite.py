"""Mistakes in who asks for sleepovers, who answers, and who sets a check aside."""

from hub_api import access
from hub_api.access import Role
from tests.authorisation.mistakes import Seed, oversees, source
from tests.authorisation.seeds_of_access import ACCEPTING, ASKING, REQUESTS

CLAIM = """if not _claim(actor.account_id, key, fingerprint):
        kept = db.session().get_one(IdempotencyKey, (actor.account_id, key))"""

RESPITE = [
    Seed(
        "every request",
        source(
            "respite.policy:visible_to",
            "asking.is_carer_of(RespiteRequest.household_id)",
            "RespiteRequest.id.is_not(None)",
        ),
        REQUESTS,
    ),
    Seed(
        "the requests of one's constellation",
        source(
            "respite.policy:visible_to",
            "asking.is_carer_of(RespiteRequest.household_id)",
            "asking.holds(RespiteRequest.constellation_id)",
        ),
        REQUESTS,
    ),
    Seed(
        "drafts for those who oversee",
        source(
            "respite.policy:visible_to",
            "RespiteRequest.submitted_at.is_not(None)",
            "sa.true()",
        ),
        REQUESTS,
    ),
    Seed(
        "carers oversee requests",
        oversees("respite", Role.SATELLITE_CARER, *access.OVERSEEING),
        REQUESTS,
    ),
    Seed(
        "liaison workers oversee no requests",
        oversees("respite", Role.HUB_CARER, Role.PROGRAMME_MANAGER),
        REQUESTS,
    ),
    Seed(
        "anybody asks for a household they see",
        source("respite.policy:can_ask", "household_id in actor.households()", "True"),
        ASKING,
    ),
    Seed(
        "asking without asking the policy",
        source("respite.asking:_whereabouts", "not policy.can_ask(actor, household_id)", "False"),
        ASKING,
    ),
    Seed(
        "asking for a household is for carers of any",
        source(
            "respite.policy:can_ask",
            "household_id in actor.households()",
            "bool(actor.households())",
        ),
        ASKING,
    ),
    Seed(
        "anybody decides what they see",
        source(
            "respite.policy:can_accept",
            "request.constellation_id in actor.constellations(Role.HUB_CARER)",
            "True",
        ),
        ACCEPTING,
    ),
    Seed(
        "any role in the constellation decides",
        source("respite.policy:can_accept", "Role.HUB_CARER", ""),
        ACCEPTING,
    ),
    Seed(
        "liaison workers decide, hub carers don't",
        source("respite.policy:can_accept", "Role.HUB_CARER", "Role.LIAISON_WORKER"),
        ACCEPTING,
    ),
    Seed(
        "accepting without asking the policy",
        source("respite.deciding:accept_request", "not policy.can_accept(actor, request)", "False"),
        ACCEPTING,
    ),
    Seed(
        "acting on a request one can't see",
        source("respite.requests:find", ", policy.visible_to(ASKING)", ""),
        ACCEPTING,
    ),
    Seed(
        "a list of requests without its policy",
        source("respite.queries:_requests", ".where(policy.visible_to(ASKING))", ""),
        REQUESTS,
    ),
    Seed(
        "any request for one",
        source(
            "respite.requests:get_request",
            "queries.DETAILS.one(actor, request_id)",
            "queries.DETAILS.page(actor, {'limit': 1, 'cursor': None}).rows[0]",
        ),
        REQUESTS,
    ),
    Seed(
        "liaison workers approve anywhere they work",
        source(
            "respite.deciding:approve_request", "not policy.can_approve(actor, request)", "False"
        ),
        ("approveRespiteRequest/held",),
    ),
    Seed(
        "either of the two declines at any time",
        source(
            "respite.deciding:decline_request", "not policy.can_decline(actor, request)", "False"
        ),
        ("declineRespiteRequest", "declineRespiteRequest/held"),
    ),
    Seed(
        "hub carers take requests back",
        source(
            "respite.deciding:withdraw_request",
            "not policy.can_ask(actor, request.household_id)",
            "False",
        ),
        ("withdrawRespiteRequest",),
    ),
    Seed(
        "whoever sees a request changes it",
        source(
            "respite.changing:_change", "not policy.can_ask(actor, request.household_id)", "False"
        ),
        ("changeRespiteRequest",),
    ),
    Seed(
        "carers move an accepted stay",
        source(
            "respite.changing:_refuse_rescheduling",
            "not policy.can_reschedule(actor, request)",
            "False",
        ),
        ("changeRespiteRequest/taken",),
    ),
    Seed(
        "anybody's children on a changed request",
        source(
            "respite.changing:_set_children",
            "households.refuse_other_children(request.household_id, sorted(wanted))",
            "pass",
        ),
        ("changeRespiteRequest",),
        "ids",
    ),
    Seed(
        "any role sets a check aside",
        source(
            "respite.policy:can_override",
            "actor.constellations(role)",
            "actor.constellations()",
        ),
        ("overrideCheck/held",),
    ),
    Seed(
        "a list of overrides without its policy",
        source("respite.queries:_overrides", ".where(policy.visible_to(ASKING))", ""),
        ("listOverrides/taken",),
    ),
    Seed(
        "keys are shared between accounts",
        source(
            "idempotency:once",
            CLAIM,
            "kept = db.session().scalar("
            "sa.select(IdempotencyKey).where(IdempotencyKey.key == key))\n"
            "    if kept:",
        ),
        ("createRespiteRequest/twice",),
    ),
]
