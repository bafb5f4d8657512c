"""The checks of a stay: plain functions, one rule each, no database (domain.md, section 3).

Each looks at the stay that is asked for and at the facts of the hub home, and answers with a code,
an outcome, a sentence a carer understands and, where there is one, the role that may override it.
No sentence says who else is in the house. The whole set is kept with every decision.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hub_api.sleepovers.checks.beds import check_bedroom_sharing, check_guest_bed
from hub_api.sleepovers.checks.check import OVERRIDABLE, Check, Outcome, Pairs, Waiver
from hub_api.sleepovers.checks.consent import (
    check_adult_guest,
    check_consent,
    is_for_the_court,
)
from hub_api.sleepovers.checks.limits import (
    check_approval_terms,
    check_checks_current,
    check_fostering_limit,
)
from hub_api.sleepovers.checks.packs import check_pack
from hub_api.sleepovers.checks.people import check_child_one_place, check_kept_apart
from hub_api.sleepovers.checks.timing import (
    HOLIDAY,
    check_hub_away,
    check_length,
    check_temporary_stay,
    check_timing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hub_api.settings import Settings
    from hub_api.sleepovers.facts import Facts, Stay

__all__ = [
    "CHECKS",
    "HOLIDAY",
    "OVERRIDABLE",
    "REFUSALS",
    "Check",
    "Outcome",
    "Pairs",
    "Waiver",
    "blocking",
    "is_for_the_court",
    "judge",
    "refuses_asking",
]

CHECKS: tuple[Callable[[Stay, Facts, Settings], Check], ...] = (
    check_guest_bed,
    check_fostering_limit,
    check_approval_terms,
    check_bedroom_sharing,
    check_kept_apart,
    check_checks_current,
    check_length,
    check_child_one_place,
    check_temporary_stay,
    check_hub_away,
    check_consent,
    check_adult_guest,
    check_timing,
    check_pack,
)

REFUSALS = (
    "nights_taken",
    "fostering_limit",
    "approval_terms",
    "bedroom_sharing",
    "kept_apart",
    "checks_current",
    "stay_too_long",
    "child_already_away",
    "hub_away",
    "consent",
)
"""The codes of the 409s that checks become (`Check.problem`), for the routes to document."""


def judge(
    stay: Stay, facts: Facts, rules: Settings, overridden: Mapping[str, Waiver] = {}
) -> list[Check]:
    """Every check of a stay, in the order of domain.md. `overridden` names the checks that were set
    aside, by which role, and for whom."""
    return [_set_aside(check(stay, facts, rules), overridden) for check in CHECKS]


def _set_aside(check: Check, overridden: Mapping[str, Waiver]) -> Check:
    waiver, may = overridden.get(check.code), OVERRIDABLE.get(check.code)
    if check.outcome is not Outcome.BLOCK or waiver is None:
        return check
    # The check's own word counts too: a stay beyond approval has a length nobody may set aside.
    if not waiver.by == may == check.override or not check.pairs <= waiver.pairs:
        return check
    return replace(check, outcome=Outcome.WARN, is_overridden=True)


def blocking(checks: Sequence[Check]) -> list[Check]:
    """The checks that stand in the way."""
    return [check for check in checks if check.outcome is Outcome.BLOCK]


def refuses_asking(check: Check) -> bool:
    """Whether it is no use to ask: nothing that may happen while the request waits would mend it.

    Beds come free, records are renewed, people decide; a child is in one place, and a stay beyond
    approval is formal respite.
    """
    is_beyond_approval = check.code == "length" and check.override is None
    return check.outcome is Outcome.BLOCK and (
        is_beyond_approval or check.code == "child_one_place"
    )
