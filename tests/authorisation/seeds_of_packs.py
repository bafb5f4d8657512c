"""Mistakes about packs: who reads them, until when, and who writes them."""

from hub_api.access import Permission, Role
from tests.authorisation.mistakes import Seed, denied, given, source

VERSIONS = ("listPackSectionVersions",)
READING = ("getPack", "getPackPage")
WRITING = ("putPackSection", "confirmPackSection", "createMedicine", "endMedicine")

PACKS = [
    Seed(
        "every pack",
        source("packs.policy:visible_to", "sa.or_(", "sa.or_(sa.true(), "),
        READING,
    ),
    Seed(
        "the packs of one's constellation",
        source(
            "packs.policy:visible_to",
            "asking.is_carer_of(CHILD.household_id)",
            "asking.holds(CHILD.constellation_id)",
        ),
        READING,
    ),
    Seed(
        "hub carers read the packs of children who are no guests",
        source("packs.policy:visible_to", "Role.LIAISON_WORKER", "Role.HUB_CARER"),
        READING,
    ),
    Seed(
        "hub carers read no packs of their guests",
        source(
            "packs.policy:visible_to",
            "sleepovers.looks_after(asking, CHILD.child_id)",
            "sa.false()",
        ),
        READING,
    ),
    Seed(
        "a guest of any hub home",
        source(
            "sleepovers.policy:looks_after",
            "asking.holds(RUN_BY, Role.HUB_CARER)",
            "sa.true()",
        ),
        READING,
    ),
    Seed(
        "the guest's whole constellation",
        source("sleepovers.policy:looks_after", ", Role.HUB_CARER", ""),
        READING,
    ),
    Seed(
        "a pack without its policy",
        source("packs.finding:_pack", ", policy.visible_to(ASKING)", ""),
        READING,
    ),
    Seed(
        "a medicine without its policy",
        source("packs.medicines:_one", ".where(policy.visible_to(ASKING))", ""),
        ("endMedicine",),
    ),
    Seed(
        "whoever reads a pack writes it",
        source("packs.policy:can_write", "household_id in actor.households()", "True"),
        WRITING,
    ),
    Seed(
        "any role in the constellation writes packs",
        source("packs.policy:can_write", "\n        Role.LIAISON_WORKER\n    ", ""),
        WRITING,
    ),
    Seed(
        "older versions for whoever reads the pack",
        source(
            "packs.reading:list_versions",
            'policy.can_write(actor, child["household_id"], child["constellation_id"])',
            "True",
        ),
        VERSIONS,
    ),
    Seed(
        "versions without their policy",
        source("packs.reading:_version", ".where(policy.visible_to(ASKING))", ""),
        VERSIONS,
    ),
    Seed(
        "a medicine is ended without asking the policy",
        source(
            "packs.medicines:end_medicine",
            'policy.can_write(actor, row["household_id"], row["constellation_id"])',
            "True",
        ),
        ("endMedicine",),
    ),
    Seed(
        "whoever breaks the glass sees every record",
        source("break_glass.policy:is_open_to", "BreakGlass.child_id == child_id,", ""),
        READING,
    ),
    Seed(
        "the glass is broken for everybody",
        source(
            "break_glass.policy:is_open_to",
            "asking.is_account(BreakGlass.opened_by)",
            "sa.true()",
        ),
        READING,
    ),
    Seed(
        "liaison workers open records anywhere",
        given(Role.LIAISON_WORKER, Permission.BREAK_GLASS),
        ("breakGlass",),
    ),
    Seed(
        "openings without their policy",
        source("break_glass.service:_openings", ".where(policy.visible_to(ASKING))", ""),
        ("listBreakGlass", "getBreakGlass"),
    ),
    Seed(
        "openings anywhere are for whoever works there",
        source(
            "break_glass.policy:visible_to",
            "Role.LIAISON_WORKER, Role.PROGRAMME_MANAGER",
            "Role.PROGRAMME_MANAGER",
        ),
        ("listBreakGlass", "getBreakGlass"),
    ),
    Seed(
        "whoever sees a request is shown its children",
        source(
            "respite.requests:children_to_decide_on",
            "not policy.can_accept(actor, request)",
            "False",
        ),
        ("getMatchingSummary",),
    ),
    Seed("managers write packs", given(Role.PROGRAMME_MANAGER, Permission.PACK_WRITE), WRITING),
    Seed("carers write no packs", denied(Role.SATELLITE_CARER, Permission.PACK_WRITE), WRITING),
]
