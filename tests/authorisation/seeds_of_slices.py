"""Mistakes in each slice: its policy, or a service that forgets to ask it."""

from hub_api import access
from hub_api.access import Permission, Role
from tests.authorisation.mistakes import Seed, denied, given, oversees, source
from tests.authorisation.seeds_of_access import (
    ACCEPTING,
    ASKING,
    CONSTELLATIONS,
    HOUSEHOLDS,
    INBOX,
    INSIDE,
    REQUESTS,
    TASKS,
)

CLAIM = """if not _claim(actor.account_id, key, fingerprint):
        kept = db.session().get_one(IdempotencyKey, (actor.account_id, key))"""

PLACES = [
    Seed(
        "every constellation",
        source(
            "constellations.policy:visible_to",
            "asking.holds(Constellation.id)",
            "Constellation.id.is_not(None)",
        ),
        CONSTELLATIONS,
    ),
    Seed(
        "constellations for those who oversee",
        source(
            "constellations.policy:visible_to",
            "asking.holds(Constellation.id)",
            "asking.holds(Constellation.id, 'hub_carer')",
        ),
        CONSTELLATIONS,
    ),
    Seed(
        "a list of constellations without its policy",
        source("constellations.queries:_constellations", ".where(policy.visible_to(ASKING))", ""),
        CONSTELLATIONS,
    ),
    Seed(
        "any constellation for one",
        source(
            "constellations.service:get_constellation",
            "queries.CONSTELLATIONS.one(actor, constellation_id)",
            "queries.CONSTELLATIONS.page(actor, {'limit': 1, 'cursor': None}).rows[0]",
        ),
        CONSTELLATIONS,
    ),
    Seed(
        "beds without looking at the constellation",
        source(
            "constellations.beds:list_beds",
            "service.get_constellation(actor, constellation_id)",
            "pass",
        ),
        INSIDE,
    ),
    Seed(
        "beds of every constellation",
        source(
            "constellations.queries:_beds_of_today",
            "HubAppointment.constellation_id == CONSTELLATION, ",
            "",
        ),
        INSIDE,
    ),
    Seed(
        "members without looking at the constellation",
        source(
            "constellations.members:list_memberships",
            "service.get_constellation(actor, constellation_id)",
            "pass",
        ),
        INSIDE,
    ),
    Seed(
        "members of every constellation",
        source(
            "constellations.queries:_members",
            "Membership.constellation_id == CONSTELLATION",
            "Membership.id.is_not(None)",
        ),
        INSIDE,
    ),
    Seed(
        "every household",
        source(
            "households.policy:visible_to",
            "asking.is_carer_of(Household.id)",
            "Household.id.is_not(None)",
        ),
        HOUSEHOLDS,
    ),
    Seed(
        "the households of one's constellation",
        source(
            "households.policy:visible_to",
            "asking.is_carer_of(Household.id)",
            "asking.holds(Household.constellation_id)",
        ),
        HOUSEHOLDS,
    ),
    Seed(
        "carers oversee households",
        oversees("households", Role.SATELLITE_CARER, *access.OVERSEEING),
        HOUSEHOLDS,
    ),
    Seed(
        "a list of households without its policy",
        source("households.service:_households", ".where(policy.visible_to(ASKING))", ""),
        HOUSEHOLDS,
    ),
    Seed(
        "any household for one",
        source(
            "households.service:get_household",
            "HOUSEHOLDS.one(actor, household_id)",
            "HOUSEHOLDS.page(actor, {'limit': 1, 'cursor': None}).rows[0]",
        ),
        HOUSEHOLDS,
    ),
    Seed(
        "asking for a household one can't see",
        source("households.service:_constellation_of", ", policy.visible_to(ASKING)", ""),
        ASKING,
    ),
    Seed(
        "anybody's children",
        source("households.service:_children_of", "Child.household_id == _HOUSEHOLD, ", ""),
        ASKING,
        "ids",
    ),
    Seed(
        "one child of one's own is enough",
        source("households.service:refuse_other_children", "found != {*child_ids}", "not found"),
        ASKING,
        "ids",
    ),
]

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

TELLING = [
    Seed(
        "everybody's inbox",
        source(
            "notifications.policy:visible_to",
            "asking.is_account(Notification.account_id)",
            "Notification.id.is_not(None)",
        ),
        INBOX,
    ),
    Seed(
        "an inbox without its policy",
        source("notifications.service:_notifications", ".where(policy.visible_to(ASKING))", ""),
        INBOX,
    ),
]

WAITING = [
    Seed("every task", source("tasks.policy:visible_to", "sa.or_(", "sa.or_(sa.true(), "), TASKS),
    Seed(
        "tasks of everywhere for whoever may do some",
        source("tasks.policy:visible_to", "asking.holds(place, role)", "sa.true()"),
        TASKS,
    ),
    Seed(
        "managers see no tasks of other roles",
        source("tasks.policy:visible_to", "asking.holds(place, Role.PROGRAMME_MANAGER)", "False"),
        TASKS,
    ),
    Seed(
        "a list of tasks without its policy",
        source("tasks.service:_tasks", ".where(policy.visible_to(ASKING))", ""),
        TASKS,
    ),
    Seed(
        "any task for one",
        source(
            "tasks.service:get_task",
            "TASKS.one(actor, task_id, now=clock.now())",
            "TASKS.page(actor, {'limit': 1, 'cursor': None}, now=clock.now()).rows[0]",
        ),
        TASKS,
    ),
    Seed("hub carers have tasks", given(Role.HUB_CARER, Permission.TASK_READ), TASKS),
    Seed("managers do no tasks", denied(Role.PROGRAMME_MANAGER, Permission.TASK_DO), TASKS),
]
