"""Mistakes in who sees and keeps families' records."""

from hub_api.access import Permission, Role
from tests.authorisation.mistakes import Seed, denied, given, source

LOOK = "not policy.can_look_into(actor, household.id, household.constellation_id)"

FAMILIES = [
    Seed(
        "a hub carer looks into every family",
        source("households.records:household_to_look_into", LOOK, "False"),
        ("listAdults",),
    ),
    Seed(
        "a hub carer reads a child's facts",
        source(
            "households.children:get_child",
            'not policy.can_look_into(actor, row["household_id"], row["constellation_id"])',
            "False",
        ),
        ("getChild",),
    ),
    Seed(
        "looking into is for those who keep records alone",
        source("households.policy:can_look_into", "household_id in actor.households() or ", ""),
        ("listChildren",),
    ),
    Seed(
        "carers keep records",
        given(Role.SATELLITE_CARER, Permission.HOUSEHOLD_MANAGE),
        ("listKeptApart",),
    ),
    Seed(
        "hub carers keep records",
        given(Role.HUB_CARER, Permission.HOUSEHOLD_MANAGE),
        ("changeApproval",),
    ),
    Seed(
        "liaison workers keep no records",
        denied(Role.LIAISON_WORKER, Permission.HOUSEHOLD_MANAGE),
        ("changeChild",),
    ),
    Seed(
        "children of every household",
        source("households.policy:children_visible_to", "visible_to(asking)", "sa.true()"),
        ("getChild",),
    ),
    Seed(
        "children of another household",
        source(
            "households.children:list_children",
            "CHILDREN.page(actor, page, household_id=household_id)",
            "CHILDREN.page(actor, page)",
        ),
        ("listChildren",),
    ),
    Seed(
        "every pair kept apart",
        source(
            "households.policy:kept_apart_visible_to",
            "asking.holds(KeptApart.constellation_id, *KEEPING_RECORDS)",
            "sa.true()",
        ),
        ("endKeptApart",),
    ),
    Seed(
        "a pair with a child one can't see",
        source("households.pairs:_two", "records.child_to_manage(actor, other_id)", "pass"),
        ("keepApart",),
        "ids",
    ),
    Seed(
        "an exemption for a child one can't see",
        source("households.terms:exempt", "records.child_to_manage(actor, child_id)", "pass"),
        ("createFosteringExemption",),
        "ids",
    ),
    Seed(
        "consents without looking at the child",
        source(
            "consents.service:list_consents", "households.look_into_child(actor, child_id)", "pass"
        ),
        ("listConsents",),
    ),
    Seed(
        "consents of everybody's children",
        source(
            "consents.policy:_of_children",
            "asking.holds(kind.constellation_id, *KEEPING_RECORDS)",
            "sa.true()",
        ),
        ("endConsent",),
    ),
    Seed(
        "whoever keeps records asks in the constellation's name",
        source(
            "consents.links:ask_by_link", "not policy.can_ask(actor, constellation_id)", "False"
        ),
        ("createConsentLink",),
    ),
    Seed(
        "links of everywhere are taken back",
        source(
            "consents.policy:links_visible_to",
            "asking.holds(ConsentLink.constellation_id, *KEEPING_RECORDS)",
            "sa.true()",
        ),
        ("takeBackConsentLink",),
    ),
    Seed(
        "flags of every child",
        source(
            "consents.service:list_flags",
            "FLAGS.page(actor, page, child_id=child_id)",
            "FLAGS.page(actor, page)",
        ),
        ("listConsentFlags",),
    ),
    Seed(
        "a household moves where one can't see",
        source(
            "households.moving:move_household",
            "constellations.get_constellation(actor, to_id)",
            "pass",
        ),
        ("moveHousehold/quiet",),
    ),
]
