"""What is on record about a family, for test_not_yours.py: one of each kind."""

from uuid import UUID

from hub_api import db
from tests.conftest import World
from tests.factories.consents import consents_of
from tests.factories.packs import make_medicine, make_opening


def records_of(world: World) -> dict[str, list[UUID]]:
    """What is on record about the family."""
    liaison, family = world.phone(world.here.liaison_worker), world.here.family
    home, (one, other) = f"/households/{family.id}", family.children
    since = {"starts_on": "2026-01-01"}
    terms = {
        "max_children": 3, "min_age": 5, "max_age": 17, "genders": ["female"],
        "review_due_on": "2027-01-04", **since,
    }  # fmt: skip
    exempted = {"authority": "Kent", "children": [str(one)], **since}
    made = {
        "adult_id": liaison.post(f"{home}/adults", {"name": "Jo"}),
        "approval_id": liaison.post(f"{home}/approvals", terms),
        "exemption_id": liaison.post(f"{home}/fostering-exemptions", exempted),
        "kept_apart_id": liaison.post(
            f"/children/{one}/kept-apart", {"other_child_id": str(other), "reason": "other"}
        ),
        "agreement_id": liaison.post(
            f"/children/{one}/sharing-agreements",
            {"with_child_id": str(other), "authority": "Kent", **since},
        ),
        **consents_of(liaison, f"/children/{one}"),
    }
    return {
        "child_id": [one],
        "medicine_id": [medicine_of(world, one)],
        "break_glass_id": [opening_of(world, one)],
        **{name: [UUID(answer.json["id"])] for name, answer in made.items()},
    }


def opening_of(world: World, child_id: UUID) -> UUID:
    with db.transaction(world.app.engine):
        db.set_scope(world.here.family.carer, [world.here.id])
        return make_opening(child_id, world.here.family.carer).id


def medicine_of(world: World, child_id: UUID) -> UUID:
    with db.transaction(world.app.engine):
        db.set_scope(world.here.family.carer, [world.here.id])
        return make_medicine(child_id, world.here.family.carer).id
