"""Mistakes in each slice: its policy, or a service that forgets to ask it."""

from hub_api import access
from hub_api.access import Permission, Role
from tests.authorisation.mistakes import Seed, denied, given, oversees, source
from tests.authorisation.seeds_of_access import (
    ASKING,
    CONSTELLATIONS,
    HOUSEHOLDS,
    INBOX,
    INSIDE,
    TASKS,
)

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
    Seed(
        "receipts for everybody's notifications",
        source(
            "notifications.receipts:confirm",
            "Notification.id == notification_id, policy.visible_to(ASKING)",
            "Notification.id == notification_id",
        ),
        ("openNotification",),
    ),
    Seed(
        "everybody's phones",
        source(
            "notifications.policy:devices_visible_to",
            "asking.is_account(Device.account_id)",
            "Device.id.is_not(None)",
        ),
        ("listDevices", "removeDevice"),
    ),
    Seed(
        "a list of phones without its policy",
        source("notifications.devices:_devices", "policy.devices_visible_to(ASKING), ", ""),
        ("listDevices",),
    ),
    Seed(
        "anybody takes anybody's phone away",
        source("notifications.devices:remove", "policy.devices_visible_to(ASKING),", ""),
        ("removeDevice",),
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
