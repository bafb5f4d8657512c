"""A medicine for each child of the table's world, and two that were opened once."""

from uuid import UUID

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from hub_api import db
from hub_api.packs.models import PackSection
from tests.authorisation.matrix import NOBODYS
from tests.factories.packs import make_medicine, make_opening


def add_packs(
    objects: dict[str, dict[str, str]],
    lists: dict[str, dict[str, set[str]]],
    workers: dict[str, UUID],
    managers: tuple[UUID, UUID],
) -> dict[str, dict[str, str]]:
    """Write them: the medicines by the letter of the child's household, by the liaison worker of
    the place; what was opened by the letter of its constellation, here by somebody who has left
    since. The manager of today has opened one record as well, and may read it now."""
    manager, left_since = managers
    openers = {"C": left_since, "X": workers["X"]}
    medicines, opened = {NOBODYS: str(uuid7())}, {NOBODYS: str(uuid7())}
    for letter, child_id in objects["child"].items():
        if letter != NOBODYS:
            medicines[letter] = str(
                make_medicine(UUID(child_id), workers.get(letter, workers["C"])).id
            )
        if letter in "CX":
            opened[letter] = str(make_opening(UUID(child_id), openers[letter]).id)
    lists["listPackSectionVersions"] = {
        letter: _versions_of(UUID(child_id)) for letter, child_id in objects["child"].items()
    }
    lists["listBreakGlass"] = {letter: {opened[letter]} for letter in "CX"}
    lists["listBreakGlass"]["C"].add(str(make_opening(UUID(objects["child"]["C"]), manager).id))
    return {"medicine": medicines, "break_glass": opened}


def _versions_of(child_id: UUID) -> set[str]:
    """Of the section that the table asks for (`cells.play`)."""
    found = sa.select(PackSection.id).where(
        PackSection.child_id == child_id, PackSection.section == "diet"
    )
    return {str(id_) for id_ in db.session().scalars(found)}
