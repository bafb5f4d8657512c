"""A pack and a medicine for each child of the table's world."""

from uuid import UUID

from uuid_utils.compat import uuid7

from hub_api.packs.models import Section
from tests.authorisation.matrix import NOBODYS
from tests.factories.packs import make_medicine, make_pack

WRITTEN = (Section.ALLERGIES, Section.DIET)


def add_packs(objects: dict[str, dict[str, str]], by: UUID) -> dict[str, dict[str, str]]:
    """Write them; the medicines by the letter of the child's household."""
    medicines = {NOBODYS: str(uuid7())}
    for letter, child_id in objects["child"].items():
        if letter != NOBODYS:
            make_pack(UUID(child_id), by, WRITTEN)
            medicines[letter] = str(make_medicine(UUID(child_id), by).id)
    return {"medicine": medicines}
