"""Who has said yes for the children of a seeded constellation.

The placement plan of most looked-after children delegates the say; for a few there are proceedings,
so their social worker has said yes to all that is planned. The dice for these are their own: what
they decide changes nothing else of the town.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub_api.consents.models import Consent, ConsentFlag, FlagKind, Giver, How, Parent
from hub_api.consents.service import usual_giver
from hub_api.sleepovers.facts import ConsentFacts, ConsentFlagFacts
from seed.rows import Dice

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from hub_api.sleepovers.facts import ChildFacts
    from seed.rows import Rows
    from seed.town import Town

FLAGGED = 0.08
"""The share of looked-after children with something that hands the say to their social worker."""
HOW = {Giver.SOCIAL_WORKER: How.IN_WRITING, Giver.YOUNG_ADULT: How.BY_TELEPHONE}
"""The others are in the placement plan."""


def add_consents(rows: Rows, town: Town, at: datetime) -> None:
    """What it takes for every child who may be a guest, from the first day on."""
    for child in town.children():
        dice = Dice(child.id.int)
        giver = usual_giver(child.legal_status)
        if giver is None:
            continue
        _consent(rows, dice, town, at, child, giver)
        if child.is_fostered and dice.chance(FLAGGED):
            _consent(rows, dice, town, at, child, Giver.SOCIAL_WORKER)
            _flag(rows, dice, town, at, child.id)
        if giver is not Giver.YOUNG_ADULT and child.age_on(town.until) >= 18:
            _consent(rows, dice, town, at, child, Giver.YOUNG_ADULT)


def _consent(
    rows: Rows, dice: Dice, town: Town, at: datetime, child: ChildFacts, giver: Giver
) -> None:
    is_parents = giver is Giver.DELEGATED_BY_PARENT
    rows.add_keyed(
        Consent,
        id=dice.id_at(at),
        constellation_id=town.id,
        child_id=child.id,
        giver=giver,
        parent=dice.choice([*Parent]) if is_parents else None,
        how=HOW.get(giver, How.PLACEMENT_PLAN),
        starts_on=town.since,
        recorded_by=town.liaison_worker,
        recorded_at=at,
    )
    town.consents.append(ConsentFacts(town.since, None, child.id, giver))


def _flag(rows: Rows, dice: Dice, town: Town, at: datetime, child_id: UUID) -> None:
    rows.add_keyed(
        ConsentFlag,
        id=dice.id_at(at),
        constellation_id=town.id,
        child_id=child_id,
        kind=dice.choice([*FlagKind]),
        starts_on=town.since,
        recorded_by=town.liaison_worker,
        recorded_at=at,
    )
    town.consent_flags.append(ConsentFlagFacts(town.since, None, child_id))
